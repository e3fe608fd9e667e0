"""What is older than the ledger's days goes after them: deliveries, and which events are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from services.control.caretaker import archiving
from services.control.caretaker.job import Done
from services.control.caretaker.retaining import Keeping
from switchboard.clock import Clock
from switchboard.db import archives, bounds
from switchboard.db.archives import Archive
from switchboard.db.bounds import Lot
from switchboard.db.pool import Queryable

_SOON: Final = timedelta(minutes=1)  # when a run has not come to the end
_MOST_BATCHES: Final = 100

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """
    The job. Without `keeping` nothing ever goes.

    At once go `most` deliveries with what was noted of each: a statement has 15 seconds, and 10,000
    take a fraction of it.
    """

    db: Queryable
    keeping: Keeping | None
    now: Clock
    most: int = 10_000
    every: timedelta = timedelta(hours=6)
    name: str = "clearing"

    async def keep_up(self) -> Done:
        """
        Archive and delete deliveries of one day that are over; forget events where none are left.

        Raises:
            Failure: Somebody is in the way, or the archive cannot be written. Nothing is lost.
        """
        if self.keeping is None:
            return Done()
        # A little more than is kept: the database's clock may be behind.
        before = self.now() - timedelta(days=self.keeping.days, hours=1)
        day = await bounds.oldest(self.db, before=before)
        if day is None:
            return await self._forget(self.keeping)
        lot = Lot(day, before, self.most)
        archive = await self._archive(lot, self.keeping)
        await archives.note(self.db, "delivery", archive)
        dropped = await bounds.drop(self.db, lot, keep_days=self.keeping.days)
        log.info("deliveries.dropped", day=str(day), deliveries=dropped, sha256=archive.sha256)
        return Done({"cleared": str(day), "deliveries": dropped}, again=timedelta())

    async def _forget(self, keeping: Keeping) -> Done:
        forgotten = 0
        for _ in range(_MOST_BATCHES):
            found = await bounds.forget(self.db, keep_days=keeping.days, most=self.most)
            forgotten += found
            if found < self.most:
                return Done({"forgotten": forgotten})
        return Done({"forgotten": forgotten}, again=_SOON)

    async def _archive(self, lot: Lot, keeping: Keeping) -> Archive:
        number = await archives.number(self.db, "delivery", lot.day)
        name = file_name(lot, number)
        filed = await archiving.write(keeping.archive, name, lot.lines(self.db))
        return Archive(
            day=lot.day,
            number=number,
            rows=filed.rows,
            size_bytes=filed.size_bytes,
            sha256=filed.sha256,
            location=keeping.archive.location(name),
        )


def file_name(lot: Lot, number: int) -> str:
    """Return what an archive is called; a day may have several."""
    return f"deliveries-{lot.day}.{number}.jsonl.gz"
