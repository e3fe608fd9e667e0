"""
`signed_request`: whom Meta says it speaks of, if it was Meta. Pure.

Source: Meta, "Data Deletion Request Callback": base64url of the HMAC-SHA256 over the second part as
it stands, a dot, and base64url of the JSON. Which app's secret signs it is not certain for apps
with Instagram's login, so each of ours is tried.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from pydantic import SecretStr

from switchboard.errors import Failure

_ALGORITHM: Final = "HMAC-SHA256"
_LONGEST: Final = 8_192
_LIVES: Final = timedelta(days=1)


class NotSigned(Failure):
    """It is not signed by Meta, or names nobody."""

    reason: ClassVar[str] = "not_signed"


def user_of(signed_request: str, secrets: Sequence[SecretStr], *, now: datetime) -> str:
    """
    Return the app user that `signed_request` is about, by the id our app alone knows them by.

    What says that it was issued more than a day ago is refused: whoever kept one could have an
    owner forgotten who has long been back.

    Raises:
        NotSigned: None of `secrets` has signed it, it cannot be read, or it is old.
    """
    written, _, payload = signed_request.partition(".")
    if len(signed_request) > _LONGEST or not payload:
        raise NotSigned("it has no two parts")
    signature = _decoded(written)
    if not any(hmac.compare_digest(signature, _sign(payload, one)) for one in secrets):
        raise NotSigned("its signature is none of our secrets'")
    try:
        told = json.loads(_decoded(payload))
    except (ValueError, RecursionError):
        raise NotSigned("it is no JSON") from None
    if isinstance(told, dict) and _is_old(told.get("issued_at"), now):
        raise NotSigned("it is more than a day old")
    match told:
        case {"algorithm": str(algorithm), "user_id": str() | int() as user_id}:
            if algorithm.upper() == _ALGORITHM and str(user_id):
                return str(user_id)
    raise NotSigned("it names no user, or another algorithm")


def _is_old(issued_at: object, now: datetime) -> bool:
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
        return False  # Meta's page does not promise it
    return issued_at < (now - _LIVES).timestamp()


def _sign(payload: str, secret: SecretStr) -> bytes:
    key = secret.get_secret_value().encode()
    return hmac.new(key, payload.encode(), hashlib.sha256).digest()


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotSigned("a part of it is no base64url") from None
