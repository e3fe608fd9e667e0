"""
What grew for ever and goes with the ledger's days: deliveries that are over, and known events.

For the role `switchboard_caretaker`. A delivery is over when it can change no more, the day of its
event has been dropped, and nothing has happened to it or with it since `before`. An event is
forgotten when its day is gone and it has no deliveries; whoever tells of it again, or of anything
as old, is told that it is known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

from switchboard.db.pool import Queryable

_PAGE: Final = 1000


@dataclass(slots=True)
class Lot:
    """Deliveries of a day that go together: the first `most`, up to the last that was read."""

    day: date
    before: datetime
    most: int
    last: tuple[datetime, UUID] | None = None

    async def lines(self, db: Queryable, *, page: int = _PAGE) -> AsyncIterator[Sequence[str]]:
        """Yield them as they are archived, oldest first, a page of JSON lines at a time."""
        after, left = (datetime.combine(self.day, time(), UTC), UUID(int=0)), self.most
        while left > 0:
            wanted = min(page, left)
            rows = await db.fetch(_LINES, self.day, self.before, *after, wanted)
            if rows:
                self.last = after = (rows[-1]["created_at"], rows[-1]["id"])
                yield [row["line"] for row in rows]
            if len(rows) < wanted:
                return
            left -= len(rows)


async def oldest(db: Queryable, *, before: datetime) -> date | None:
    """Return the first day on which a delivery was made that is over."""
    row = await db.fetchrow("select private.oldest_over_delivery($1) as day", before)
    day: date | None = None if row is None else row["day"]
    return day


async def drop(db: Queryable, lot: Lot, *, keep_days: int) -> int:
    """
    Delete the deliveries of `lot`, which was read to its end; return how many those were.

    Raises:
        QueryFailed: They are not old enough, or others by now than were archived.
        Unavailable: Somebody is in the way.
    """
    if lot.last is None:
        return 0
    arguments = (lot.day, lot.before, *lot.last, keep_days)
    row = await db.fetchrow("select private.drop_deliveries($1, $2, $3, $4, $5) as n", *arguments)
    return 0 if row is None else int(row["n"])


async def forget(db: Queryable, *, keep_days: int, most: int) -> int:
    """Forget so many events that were received more than `keep_days` ago; return how many."""
    row = await db.fetchrow("select private.forget_events($1, $2) as n", keep_days, most)
    return 0 if row is None else int(row["n"])


_LINES = "select id, created_at, line from private.archived_deliveries($1, $2, $3, $4, $5)"
