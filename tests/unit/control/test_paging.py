"""Cursors lead to where the last page ended, and whatever else is sent is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.control.paging import Cursors
from services.control.problems import Declined

CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_round_trip(at: datetime, row: UUID) -> None:
    """A cursor is the place it was made of, to the microsecond."""
    assert (at, row) == CURSORS.read(CURSORS.write((at, row)))


@given(st.text(max_size=40))
def test_anything_else(written: str) -> None:
    """What is no cursor of the list's is told as a fault of the query, and breaks nothing."""
    with pytest.raises(Declined) as told:
        CURSORS.read(written)

    assert ["/cursor"] == [one.pointer for one in told.value.errors]


@given(st.lists(st.integers(), unique=True), st.integers(1, 5))
def test_pages_are_the_whole(rows: list[int], limit: int) -> None:
    """Page by page everything is shown once, in order, and the last page says so."""
    cursors, ordered = Cursors[int](int), sorted(rows)
    shown: list[int] = []
    cursor: str | None = None
    while True:
        after = cursors.read(cursor)
        found = [row for row in ordered if after is None or row > after][: limit + 1]
        page = cursors.page(found, limit, lambda row: row, lambda row: row)
        shown += page.items
        cursor = page.next_cursor
        if cursor is None:
            break

    assert ordered == shown
