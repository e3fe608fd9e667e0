"""
Reading Meta's JSON, which keeps to its shapes most of the time.

What an event cannot do without is read strictly: of another type, and the update is not the shape
we took it for (`NotThisShape`). What only adorns it is read leniently: of another type, and it is
as if it were not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from switchboard.errors import Failure

Json = Mapping[str, Any]


class NotThisShape(Failure):
    """The update lacks `what`, or has it in a type we do not know."""

    reason = "not_this_shape"

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def object_in(holder: Json, key: str) -> Json:
    """
    Return the object at `key`.

    Raises:
        NotThisShape: There is none.
    """
    value = holder.get(key)
    if not isinstance(value, dict):
        raise NotThisShape(key)
    return value


def inner(holder: Json, key: str) -> Json:
    """Return the object at `key`, or an empty one."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def id_in(holder: Json, *keys: str) -> str | None:
    """Return the first id at `keys`, as text whether Meta sent text or a number."""
    for key in keys:
        value = holder.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and _ID.fullmatch(value):
            return value
    return None


def required_id(holder: Json, *keys: str) -> str:
    """
    Return the first id at `keys`.

    Raises:
        NotThisShape: There is none.
    """
    found = id_in(holder, *keys)
    if found is None:
        raise NotThisShape(keys[0])
    return found


def text_in(holder: Json, key: str) -> str | None:
    """
    Return what a person wrote at `key`, if anything.

    Raises:
        NotThisShape: There is something, but it is no text.
    """
    value = holder.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise NotThisShape(key)
    return clean(value)


def required_text(holder: Json, key: str) -> str:
    """
    Return the text at `key`, which may be empty.

    Raises:
        NotThisShape: There is none.
    """
    found = text_in(holder, key)
    if found is None:
        raise NotThisShape(key)
    return found


def trimming(holder: Json, key: str) -> str | None:
    """Return the text or number at `key` as text; anything else is as if absent."""
    value = holder.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return clean(value) if isinstance(value, str) else None


def flag(holder: Json, key: str) -> bool:
    """Return whether `key` is set: JSON's true, or a spelling of it."""
    return holder.get(key) in (True, "true", "1")


def moment_in(holder: Json, key: str) -> datetime | None:
    """
    Return the time at `key` in UTC: milliseconds, seconds, either as text, or ISO 8601.

    A time before 1970 or after 9999 is no time. Source: samples and captures of Meta's webhooks,
    which use milliseconds in conversations, seconds in changes, text in test events.
    """
    value = holder.get(key)
    if isinstance(value, str):
        value = _number(value) or _iso_seconds(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < _LAST_MOMENT_S * 1000:
        return None
    seconds = value / 1000 if value > _LAST_SECONDS else value
    return datetime.fromtimestamp(seconds, UTC) if seconds < _LAST_MOMENT_S else None


def clean(text: str) -> str:
    """
    Return `text` with U+FFFD for what is no character of text.

    Half an emoji, where Meta cut one; NUL, which Postgres cannot hold; U+FFFE and U+FFFF, for
    which SQS refuses the whole message.
    """
    return _NO_TEXT.sub("\ufffd", text)


def raw_json(value: Any) -> str:
    """
    Return Meta's JSON of `value` in one fixed spelling: ASCII, compact, keys sorted.

    Raises:
        RecursionError: It is nested more deeply than can be written.
    """
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def _number(text: str) -> int | None:
    return int(text) if _DIGITS.fullmatch(text) else None


def _iso_seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


# Above it a number is milliseconds: as seconds it would be the year 33658, as milliseconds 2001.
_LAST_SECONDS: Final = 1e12
_LAST_MOMENT_S: Final = 253_402_300_799  # of the year 9999, where datetime ends

# Meta's ids are digits, its message ids base64; 150 characters and more have been seen.
_ID: Final = re.compile(r"[!-~]{1,512}")
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff\ufffe\uffff]")
