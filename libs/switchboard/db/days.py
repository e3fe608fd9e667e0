"""
The days of the ledger: made before they begin, archived, and dropped.

For the role `switchboard_caretaker`. A day is one in UTC, by when an event was received.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

from switchboard.db.pool import Queryable

_PAGE: Final = 1000


async def make(db: Queryable, *, ahead: int) -> int:
    """
    See that there are days from today until so many days ahead; return how many were made.

    None, where much has come that has no day: those are deleted and not dropped.

    Raises:
        Unavailable: Somebody is in the way. What they record is recorded all the same.
    """
    row = await db.fetchrow("select private.make_event_days($1) as made", ahead)
    return 0 if row is None else int(row["made"])


async def oldest(db: Queryable) -> date | None:
    """Return the first day that has an event."""
    row = await db.fetchrow("select min(received_at) as received_at from public.events")
    first: datetime | None = None if row is None else row["received_at"]
    return None if first is None else first.astimezone(UTC).date()


async def lines(db: Queryable, day: date, *, page: int = _PAGE) -> AsyncIterator[Sequence[str]]:
    """Yield a day's events as they are archived, oldest first, a page of JSON lines at a time."""
    after = (datetime.combine(day, time(), UTC), UUID(int=0))
    while True:
        rows = await db.fetch(_LINES, day, *after, page)
        if rows:
            yield [row["line"] for row in rows]
        if len(rows) < page:
            return
        after = (rows[-1]["received_at"], rows[-1]["event_id"])


async def drop(db: Queryable, day: date, *, keep_days: int) -> int:
    """
    Take a day out of the ledger; return how many events it had.

    Raises:
        QueryFailed: It is not older than `keep_days`, or not all of it is archived.
        Unavailable: Somebody is in the way.
    """
    row = await db.fetchrow("select private.drop_event_day($1, $2) as dropped", day, keep_days)
    return 0 if row is None else int(row["dropped"])


_LINES = "select event_id, received_at, line from private.archived_events($1, $2, $3, $4)"
