"""Bytes we could not read, kept in pieces that fit a queue."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Final

from switchboard.contracts import AccountId, TraceId, WebhookUnreadable

# SQS: 1 MiB a message. 720 KiB are 960 KiB in base64; the rest is for the fields around them.
_PIECE_BYTES: Final = 720 * 1_024


def pieces(
    content: bytes,
    *,
    because: str,
    received_at: datetime,
    trace_id: TraceId,
    account_id: AccountId = AccountId(""),  # noqa: B008  a NewType is no call: it is the text
) -> list[WebhookUnreadable]:
    """Return `content` as events; joined in the order of their parts they give it back."""
    digest = hashlib.sha256(content).hexdigest()
    cut = [content[at : at + _PIECE_BYTES] for at in range(0, len(content), _PIECE_BYTES)] or [b""]
    return [
        WebhookUnreadable(
            account_id=account_id,
            occurred_at=received_at,
            received_at=received_at,
            trace_id=trace_id,
            because=because,
            digest=digest,
            part=part,
            parts=len(cut),
            body_base64=base64.b64encode(piece).decode(),
        )
        for part, piece in enumerate(cut, start=1)
    ]
