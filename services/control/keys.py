"""
API keys: what a program calls with in place of somebody's token.

A key is 32 random bytes, so its SHA-256 is as good as itself to know it by, and all that is stored.
It begins with `sb_`, by which people, and what looks for leaked secrets, know what it is.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.control.tokens import AUDIENCE, Caller, TokenRefused
from switchboard.db import api_keys
from switchboard.db.pool import Queryable

MARK: Final = "sb_"
_BYTES: Final = 32
_PREFIX: Final = 10
_KEY: Final = re.compile("sb_[A-Za-z0-9_-]{43}")


class KeyCaller(Caller):
    """A program that calls with a key: `sub` is the key's id, and no user's."""

    def claims(self) -> Mapping[str, Any]:
        """Return what the database is told of it: a key, by a claim that no token has."""
        return {"role": AUDIENCE, "api_key_id": str(self.sub)}


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that nobody has yet, and what is kept of it."""

    key: str

    @staticmethod
    def draw() -> NewKey:
        """Return one that nobody can guess."""
        return NewKey(MARK + secrets.token_urlsafe(_BYTES))

    @property
    def prefix(self) -> str:
        """Its first characters, to tell it by."""
        return self.key[:_PREFIX]

    @property
    def hash(self) -> bytes:
        """What it is known by."""
        return _hash(self.key)


async def key_caller(db: Queryable, key: str) -> Caller:
    """
    Return the program whose `key` is.

    Raises:
        TokenRefused: There is no such key, or it holds no more.
        Unavailable: Nobody can say just now.
    """
    found = await api_keys.whose(db, _hash(key)) if _KEY.fullmatch(key) else None
    if found is None:
        raise TokenRefused("there is no such API key, or it is revoked or over")
    return KeyCaller(sub=found)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
