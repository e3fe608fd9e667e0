"""The ledger's days: made before they begin, dropped when they are old, counted and archived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any, Final

import structlog

from services.control.caretaker import archiving, counting
from services.control.caretaker.job import Done
from switchboard.clock import Clock
from switchboard.db import archives, days, funnel, jobs
from switchboard.db.archives import Archive
from switchboard.db.pool import Queryable
from switchboard.storage import Place

# So many days nobody may look after it, before events go where days are not told apart.
AHEAD_DAYS: Final = 7
_SOON: Final = timedelta(minutes=1)  # when what the day came to is counted first

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long the ledger keeps a day, and where its archive is kept."""

    days: int
    archive: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Retaining:
    """
    The job. Without `keeping` nothing is ever dropped, and days need not be told apart.

    A day that was archived and could not be dropped is archived again: an import may have brought
    more of it.
    """

    db: Queryable
    keeping: Keeping | None
    now: Clock
    every: timedelta = timedelta(hours=6)
    name: str = "retention"

    async def keep_up(self) -> Done:
        """
        Make the days ahead, and drop one that is old; at once again, if there may be another.

        Raises:
            Failure: Somebody is in the way, or the archive cannot be written. Nothing is lost.
        """
        if self.keeping is None:
            return Done()
        figures: dict[str, Any] = {"made": await days.make(self.db, ahead=AHEAD_DAYS)}
        day = await days.oldest(self.db)
        if day is None or not is_over(day, self.now().astimezone(UTC).date(), self.keeping.days):
            return Done(figures)
        if owed := await funnel.owed(self.db, day):
            await jobs.hasten(self.db, counting.NAME, None)
            return Done(figures | {"accounts_to_count": owed}, again=_SOON)
        archive = await self._archive(day, self.keeping.archive)
        await archives.note(self.db, "event", archive)
        dropped = await days.drop(self.db, day, keep_days=self.keeping.days)
        log.info("day.dropped", day=str(day), events=dropped, sha256=archive.sha256)
        return Done(figures | {"dropped": str(day), "events": dropped}, again=timedelta())

    async def _archive(self, day: date, place: Place) -> Archive:
        number = await archives.number(self.db, "event", day)
        name = file_name(day, number)
        filed = await archiving.write(place, name, days.lines(self.db, day))
        return Archive(
            day=day,
            number=number,
            rows=filed.rows,
            size_bytes=filed.size_bytes,
            sha256=filed.sha256,
            location=place.location(name),
        )


def is_over(day: date, today: date, keep_days: int) -> bool:
    """Return whether `day` ended more than `keep_days` ago."""
    return day < today - timedelta(days=keep_days)


def file_name(day: date, number: int) -> str:
    """Return what an archive is called; a day usually has one."""
    return f"events-{day}.jsonl.gz" if number == 1 else f"events-{day}.{number}.jsonl.gz"
