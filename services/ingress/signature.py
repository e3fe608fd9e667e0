"""Who signed a webhook: `X-Hub-Signature-256`, over the bytes as they came."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from typing import Final, Literal

from switchboard.errors import Failure

HEADER: Final = "X-Hub-Signature-256"

Fault = Literal["missing", "malformed", "forged"]


class SignatureRefused(Failure):
    """The bytes are not proved to be Meta's; `fault` says in which way."""

    reason = "signature_refused"

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{HEADER}: {fault}")
        self.fault: Fault = fault


def signed_by(body: bytes, headers: Sequence[str], secrets: Sequence[str]) -> int:
    """
    Return which of `secrets` signed `body`, counted from 0.

    `headers` are all values of the header: more than one is as suspect as none. Every secret is
    tried, in constant time, whether or not an earlier one fits. The older SHA-1 header is not
    looked at.

    Raises:
        SignatureRefused: There is no signature, it is not one, or no secret made it.

    Source: Meta, "Webhooks", validating payloads: `sha256=` and the hex HMAC-SHA256 of the body.
    Instagram-login apps sign with the Instagram app's secret, others with the Meta app's.
    """
    if not headers:
        raise SignatureRefused("missing")
    shape = _SIGNATURE.fullmatch(headers[0]) if len(headers) == 1 else None
    if shape is None:
        raise SignatureRefused("malformed")
    claimed = bytes.fromhex(shape[1])
    fits = [hmac.compare_digest(claimed, _digest(secret, body)) for secret in secrets]
    if True not in fits:
        raise SignatureRefused("forged")
    return fits.index(True)


def _digest(secret: str, body: bytes) -> bytes:
    return hmac.digest(secret.encode(), body, "sha256")


_SIGNATURE: Final = re.compile(r"sha256=([0-9A-Fa-f]{64})")
