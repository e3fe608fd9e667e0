"""docs/limits.md says what the limits are, so it must be true."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from services.sender.pacing import UPLOAD, buckets
from tests.unit.sender.builders import claimed

PAGE = Path(__file__).parents[3] / "docs" / "limits.md"
WINDOWS = {
    timedelta(hours=1): "hour",
    timedelta(minutes=1): "minute",
    timedelta(seconds=1): "second",
}
VIDEO = {"media": {"kind": "video", "url": "https://shop.example/hat"}}

Row = tuple[str, int, int, str]


def told() -> set[Row]:
    """Return the page's rows: the limit's name, how many at once, how many more, in which time."""
    rows = [line.split("|")[1:5] for line in PAGE.read_text().splitlines() if " | " in line]
    return {
        (name.strip(" `"), int(burst), int(sustained), window.strip())
        for name, burst, sustained, window in (row for row in rows if len(row) == 4)
        if burst.strip().isdigit()
    }


def test_the_table_of_limits_is_true() -> None:
    """Every limit of every kind of call is there, with the figures an account begins with."""
    kinds = ("message", "private_reply", "public_reply", "lookup", "webhook")
    calls = [claimed(kind=kind, content=VIDEO) for kind in kinds]
    calls.append(claimed(kind="private_reply", lane="live"))
    taken = [UPLOAD, *(bucket for call in calls for bucket in buckets(call))]

    expected = {
        (one.name, one.ceiling.burst, one.ceiling.sustained, WINDOWS[one.ceiling.window])
        for one in taken
    }
    assert expected == told()
