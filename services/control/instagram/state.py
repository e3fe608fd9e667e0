"""
The state that a login carries to Instagram's page and back: random, signed, and kept as its hash.

The signature lets what we never made be refused without asking the database; that it is used once,
in time, and by whom, the database says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from pydantic import SecretStr

_RANDOM_BYTES: Final = 32
_TAG_BYTES: Final = 16
# So that a signature made with the same secret for another purpose is none of these.
_PURPOSE: Final = b"switchboard: login state 1\0"


def new_state(secret: SecretStr) -> str:
    """Return a state nobody can guess."""
    drawn = secrets.token_bytes(_RANDOM_BYTES)
    return base64.urlsafe_b64encode(drawn + _tag(drawn, secret)).decode()


def is_ours(state: str, secret: SecretStr) -> bool:
    """Return whether `new_state` made it with `secret`."""
    try:
        found = base64.b64decode(state, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    drawn, tag = found[:_RANDOM_BYTES], found[_RANDOM_BYTES:]
    return hmac.compare_digest(tag, _tag(drawn, secret))


def hash_of(state: str) -> bytes:
    """Return what is kept of a state."""
    return hashlib.sha256(state.encode()).digest()


def _tag(drawn: bytes, secret: SecretStr) -> bytes:
    key = secret.get_secret_value().encode()
    return hmac.new(key, _PURPOSE + drawn, hashlib.sha256).digest()[:_TAG_BYTES]
