"""
Ids as Meta's look: numeric strings beyond 2^53, and long opaque message ids.

Generated ids grow with the time and never repeat, not even after a reset or a restart: whoever is
under test may remember the old ones for ever, and must not take a new comment for an old one.
"""

from __future__ import annotations

import base64
import hashlib
import time

# Meta's message and conversation ids open alike, are base64, and run to 150 characters and more.
_MID_OPENS_WITH = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE"
_CONVERSATION_OPENS_WITH = "aWdfZAG06MTpJR01lc3NhZAGVUaHJlYWQ6"
_IGSID_FROM = 10**15  # 16 digits, never a leading zero


class Mint:
    """Makes ids that were never made before."""

    def __init__(self) -> None:
        self._last_us = 0

    def account_id(self) -> str:
        """Return an Instagram professional account's id; they begin with 17841."""
        return f"17841{self._number() % 10**12:012d}"

    def app_scoped_id(self) -> str:
        """Return the id of an account as the app sees it (`id` of `/me`)."""
        return f"3{self._number()}"

    def media_id(self) -> str:
        """Return a media id; they begin with 18."""
        return f"18{self._number()}"

    def comment_id(self) -> str:
        """Return a comment id; they begin with 17."""
        return f"17{self._number()}"

    def attachment_id(self) -> str:
        """Return the id of uploaded media."""
        return f"10{self._number()}"

    def mid(self) -> str:
        """Return a message id, of 150 characters or more."""
        return _MID_OPENS_WITH + _opaque(f"mid {self._number()}")

    def token(self) -> str:
        """Return an access token, or a login code."""
        return "IGAA" + _opaque(f"token {self._number()}")[:120]

    def trace_id(self) -> str:
        """Return an `fbtrace_id`."""
        return "A" + _opaque(f"trace {self._number()}")[:22]

    def webhook_id(self) -> str:
        """Return our own id for one delivery."""
        return f"wh-{self._number()}"

    def _number(self) -> int:
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)  # 16 digits until 2286
        return self._last_us


def igsid(username: str, account_id: str) -> str:
    """Return the id of a person as one account sees them: 16 digits, another for each account."""
    digest = hashlib.sha256(f"{username}@{account_id}".encode()).digest()
    return str(_IGSID_FROM + int.from_bytes(digest[:8], "big") % (9 * _IGSID_FROM))


def conversation_id(person_igsid: str, account_id: str) -> str:
    """Return the id of the one conversation between a person and an account."""
    return _CONVERSATION_OPENS_WITH + _opaque(f"thread {person_igsid} {account_id}")[:60]


def _opaque(seed: str) -> str:
    digest = hashlib.sha512(seed.encode()).digest()
    return base64.urlsafe_b64encode(digest + hashlib.sha512(digest).digest()).decode().rstrip("=")
