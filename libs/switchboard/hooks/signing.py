"""
Signatures as Standard Webhooks has them. Pure, but for `new_secret`.

Source: "Standard Webhooks" (standardwebhooks.com), "Signature scheme": HMAC-SHA256 of
`id.timestamp.body`, keyed with the bytes that the secret's base64 stands for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from switchboard.errors import Refused

_PREFIX: Final = "whsec_"
_NEW_BYTES: Final = 32
# The standard: between 24 and 64 bytes.
_LEAST_BYTES, _MOST_BYTES = 24, 64


class BadSecret(Refused):
    """A secret nothing can be signed with."""

    reason: ClassVar[str] = "webhook_secret_unusable"


@dataclass(frozen=True, slots=True)
class Hook:
    """
    One call to an owner's server.

    `id` is the same each time it is tried, so that a receiver can drop what it has had before.
    """

    id: str
    url: str
    body: bytes


def new_secret() -> str:
    """Return a secret as receivers' libraries take it: `whsec_` and base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def signed_headers(hook: Hook, *, secret: str, at: datetime) -> dict[str, str]:
    """
    Return the three headers a receiver checks.

    Raises:
        BadSecret: `secret` is not `whsec_` and the base64 of 24 to 64 bytes.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((hook.id.encode(), timestamp.encode(), hook.body))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": hook.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def _key(secret: str) -> bytes:
    """Read a secret; what is wrong is said without showing it."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret("the webhook secret is not base64") from None
    if not secret.startswith(_PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise BadSecret(f"a webhook secret is {_PREFIX} and {_LEAST_BYTES} to {_MOST_BYTES} bytes")
    return key
