"""
Which files rows were written to before they were deleted: of events by day, and of deliveries.

For the role `switchboard_caretaker`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from switchboard.db.pool import Queryable

# What an archive is of; each has a table.
Of = Literal["event", "delivery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """
    A file with what happened on a day, without anybody in it; `sha256` is the file's.

    The `number` is over 1 where there was more of the day than one file has, or later.
    """

    day: date
    number: int
    rows: int
    size_bytes: int
    sha256: str
    location: str


async def number(db: Queryable, of: Of, day: date) -> int:
    """Return the number of the day's next archive: that of one that was not used, if there is."""
    row = await db.fetchrow(_NUMBER.format(of=of), day)
    return 1 if row is None else int(row["number"])


async def note(db: Queryable, of: Of, archive: Archive) -> None:
    """Note an archive, in place of one with its number that was not used."""
    await db.execute(
        _NOTE.format(of=of),
        archive.day,
        archive.number,
        archive.rows,
        archive.size_bytes,
        archive.sha256,
        archive.location,
    )


_NUMBER: Final = """
select coalesce(max(number) filter (where dropped_at is null), max(number) + 1, 1) as number
  from private.{of}_archives
 where day = $1
"""

_NOTE: Final = """
insert into private.{of}_archives (day, number, rows, size_bytes, sha256, location)
values ($1, $2, $3, $4, $5, $6)
on conflict (day, number) do update
   set rows = excluded.rows, size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
       location = excluded.location, finished_at = now()
"""
