"""
The wrapping around updates, taken off tolerantly.

    {"object": "instagram",                    one object, or an array of them
     "entry": [                                a list, or a single one
       {"id": "17841...", "time": ...,
        "messaging": [item, ...],              conversations
        "standby": [item, ...],                conversations another app controls
        "changes": [{"field", "value"}, ...],  comments; conversations from the dashboard's test
        "field": ..., "value": ...}]}          a change without its list

Meta documents some of these and was captured sending others; all are read. Nothing is dropped:
what stands where nothing should is an update too, of standing `odd`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from services.ingress.reading import clean, id_in, moment_in
from switchboard.contracts import AccountId
from switchboard.errors import Unreadable

Standing = Literal["change", "messaging", "standby", "odd"]

# The entry id of what the dashboard's "Test" button sends: no account of anybody.
_TEST_ENTRY: Final = "0"
_READ_KEYS: Final = frozenset({"id", "time", "changes", "messaging", "standby", "field", "value"})


@dataclass(frozen=True, slots=True)
class Update:
    """
    One thing Meta tells, as it came.

    `account_id` is empty where none could be read, `told_at` the entry's own time. `field` is the
    name of a change's field; of an `odd` update, what is odd. `value` is Meta's JSON of it.
    """

    account_id: AccountId
    told_at: datetime | None
    standing: Standing
    field: str
    value: Any

    @property
    def test(self) -> bool:
        """Whether it came from the dashboard's "Test" button."""
        return self.account_id == _TEST_ENTRY


def unfold(body: bytes) -> list[Update]:
    """
    Return the updates in `body`, in order.

    Raises:
        Unreadable: It is not UTF-8, not JSON, ambiguous (a key twice), nested too deeply, or not
            an envelope. The message is one word, fit for a metric.
    """
    document = _parse(body)
    documents = document if isinstance(document, list) else [document]
    if not any(map(_is_envelope, documents)):
        raise Unreadable("another_shape")
    return [update for one in documents for update in _in_document(one)]


def _parse(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("not_utf8") from None
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise Unreadable("too_deep") from None
    except ValueError:  # also an int of more digits than Python reads
        raise Unreadable("not_json") from None


def _is_envelope(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("entry"), list | dict)


def _in_document(document: Any) -> Iterator[Update]:
    if not _is_envelope(document):
        yield _odd("envelope", document)
        return
    ours = document.get("object") in (None, "instagram")
    for entry in _many(document["entry"]):
        for update in _in_entry(entry):
            yield update if ours else replace(update, standing="odd", field="object")


def _in_entry(entry: Any) -> Iterator[Update]:
    if not isinstance(entry, dict):
        yield _odd("entry", entry)
        return
    account_id, told_at = _account(entry), moment_in(entry, "time")
    found = False
    for standing, field, value in _standing_in(entry):
        found = True
        if account_id is None:
            yield Update(AccountId(""), told_at, "odd", "entry.id", value)
        else:
            yield Update(account_id, told_at, standing, field, value)
    rest = {key: value for key, value in entry.items() if key not in _READ_KEYS}
    if not found or any(isinstance(value, list | dict) for value in rest.values()):
        yield Update(account_id or AccountId(""), told_at, "odd", "entry", rest if found else entry)


def _standing_in(entry: dict[str, Any]) -> Iterator[tuple[Standing, str, Any]]:
    """Yield what stands in `entry`, with where it stands and its field's name."""
    for change in _many(entry.get("changes")):
        yield _change(change)
    if "field" in entry or "value" in entry:
        yield _change({key: entry[key] for key in ("field", "value") if key in entry})
    for item in _many(entry.get("messaging")):
        yield "messaging", "messaging", item
    for item in _many(entry.get("standby")):
        yield "standby", "standby", item


def _change(change: Any) -> tuple[Standing, str, Any]:
    match change:
        case {"field": str(field), "value": _}:
            return "change", clean(field), change
        case _:
            return "odd", "change", change


def _account(entry: dict[str, Any]) -> AccountId | None:
    """Return the account's id, if it is one that can name a group of messages in SQS."""
    found = id_in(entry, "id")
    return AccountId(found) if found and len(found) <= _MAX_ACCOUNT_CHARACTERS else None


def _many(value: Any) -> list[Any]:
    """Return `value` as the list it should be: a single one is a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _odd(what: str, value: Any) -> Update:
    return Update(AccountId(""), None, "odd", what, value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: one of its values would be lost."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond any number")
    return number


# The decoder looks at NaN and Infinity with the same function as at "1e999": none is JSON's.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite
)
# SQS, "MessageGroupId": up to 128 characters. Meta's ids have 17.
_MAX_ACCOUNT_CHARACTERS: Final = 128
