"""The body of a webhook: `{"object", "entry"}` around events, one account after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.metasim.records import Json
from tools.metasim.webhooks.events import Event
from tools.metasim.webhooks.options import TimeUnit

UPDATES_MAX = 1000  # per POST, as Meta's webhook page says

# Those of the dashboard's Test button.
_TEST_ENTRY_ID = "0"
_TEST_PARTIES = {"sender": {"id": "12334"}, "recipient": {"id": "23245"}}


def body_of(events: Sequence[Event], *, sent_at_s: float) -> Any:
    """Return the body that tells of `events`, those of one account grouped in one entry."""
    entries: dict[tuple[Any, ...], Json] = {}
    for place, event in enumerate(events):
        container = _container(event)
        entry_id = _TEST_ENTRY_ID if event.options.as_test else event.account_id
        time = _in_unit(sent_at_s, event.options.time_unit, is_in_ms=_is_in_ms(event))
        alone = place if container is None else None
        entry = entries.setdefault(
            (entry_id, container, event.options.time_unit, alone), {"id": entry_id, "time": time}
        )
        if container is None:
            entry |= _change(event)
        else:
            entry.setdefault(container, []).append(
                _change(event) if container == "changes" else _item(event)
            )
    body = {"object": "instagram", "entry": list(entries.values())}
    is_wrapped = any(event.options.shape == "array" for event in events)
    return [body] if is_wrapped else body


def _container(event: Event) -> str | None:
    if event.options.shape == "bare":
        return None
    if not _is_in_ms(event):
        return "changes"
    return "standby" if event.options.standby else "messaging"


def _is_in_ms(event: Event) -> bool:
    return event.is_messaging and not event.options.as_test and event.options.shape != "bare"


def _change(event: Event) -> Json:
    return {"field": event.field, "value": _item(event)}


def _item(event: Event) -> Json:
    value = dict(event.value)
    if "timestamp" in value:
        unit: TimeUnit = "string" if event.options.as_test else event.options.time_unit
        value["timestamp"] = _in_unit(value["timestamp"] / 1000, unit, is_in_ms=True)
    if event.options.as_test and event.is_messaging:
        value |= _TEST_PARTIES
    return value


def _in_unit(at_s: float, unit: TimeUnit, *, is_in_ms: bool) -> int | str:
    match unit:
        case "ms":
            return round(at_s * 1000)
        case "s":
            return int(at_s)
        case "string":
            return str(round(at_s * 1000) if is_in_ms else int(at_s))
        case "default":
            return round(at_s * 1000) if is_in_ms else int(at_s)
