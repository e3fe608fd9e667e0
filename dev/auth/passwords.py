"""Passwords, kept as what they are hashed to (scrypt, with a salt of its own for each)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

_SALT_BYTES: Final = 16
_MARK: Final = "scrypt"


def seal(password: str) -> str:
    """Return what is kept of `password`."""
    return _sealed(password, secrets.token_bytes(_SALT_BYTES))


def fits(password: str, kept: str | None) -> bool:
    """Return whether `kept` was made of `password`; of nothing, nothing was."""
    mark, _, rest = (kept or "").partition("$")
    if mark != _MARK:
        return False
    salt = base64.b64decode(rest.partition("$")[0])
    return hmac.compare_digest(_sealed(password, salt), kept or "")


def _sealed(password: str, salt: bytes) -> str:
    key = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
    return f"{_MARK}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
