"""Bodies of webhooks: grouping, units, shapes."""

from __future__ import annotations

from typing import Any

import pytest

from tools.metasim.webhooks.envelope import body_of
from tools.metasim.webhooks.events import Event
from tools.metasim.webhooks.options import TimeUnit, WebhookOptions

_AT_S = 1_760_000_002.456


def event(account: str, name: str, *, messaging: bool = False, **options: Any) -> Event:
    value: dict[str, Any] = {"id": name}
    if messaging:
        value["timestamp"] = 1_760_000_002_101
    return Event(account, name, value, messaging, WebhookOptions(**options))


def test_one_entry_per_account_and_container() -> None:
    """Events of one account share an entry, comments apart from messages, in order."""
    events = [
        event("1", "comments"),
        event("2", "comments"),
        event("1", "live_comments"),
        event("1", "messages", messaging=True),
    ]
    body = body_of(events, sent_at_s=_AT_S)

    told = [(one["id"], len(one.get("changes", [])), "messaging" in one) for one in body["entry"]]
    assert [("1", 2, False), ("2", 1, False), ("1", 0, True)] == told


@pytest.mark.parametrize(
    ("unit", "times"),
    [
        ("default", (1_760_000_002, 1_760_000_002_456, 1_760_000_002_101)),
        ("ms", (1_760_000_002_456, 1_760_000_002_456, 1_760_000_002_101)),
        ("s", (1_760_000_002, 1_760_000_002, 1_760_000_002)),
        ("string", ("1760000002", "1760000002456", "1760000002101")),
    ],
)
def test_units(unit: TimeUnit, times: tuple[object, ...]) -> None:
    """Comments in seconds and messages in milliseconds, unless another unit is asked for."""
    events = [
        event("1", "comments", time_unit=unit),
        event("1", "messages", messaging=True, time_unit=unit),
    ]
    comments, messages = body_of(events, sent_at_s=_AT_S)["entry"]

    assert times == (comments["time"], messages["time"], messages["messaging"][0]["timestamp"])


def test_bare_events_do_not_share_an_entry() -> None:
    """In the bare shape every event has an entry with `field` and `value` of its own."""
    events = [event("1", "comments", shape="bare"), event("1", "comments", shape="bare")]
    entries = body_of(events, sent_at_s=_AT_S)["entry"]

    assert ["comments", "comments"] == [entry["field"] for entry in entries]


def test_building_changes_nothing() -> None:
    """The same events can be told again, in the same words."""
    events = [event("1", "messages", messaging=True, as_test=True)]

    assert body_of(events, sent_at_s=_AT_S) == body_of(events, sent_at_s=_AT_S)
