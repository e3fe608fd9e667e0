"""Removing the files of exports that nobody may have any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.control.caretaker.job import Done
from switchboard.db import export_work, exports
from switchboard.db.pool import Queryable
from switchboard.storage import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeping:
    """
    The job: those that are over, were discarded or failed, and those that have somebody in them who
    was erased since. Without a `place` there are none.
    """

    db: Queryable
    place: Place | None
    most: int = 100
    every: timedelta = timedelta(minutes=1)
    name: str = "exports"

    async def keep_up(self) -> Done:
        """
        Remove what each attempt at them may have left; at once again, if there may be more.

        Raises:
            Failure: A file cannot be removed now. The export is for nobody all the same.
        """
        if self.place is None:
            return Done()
        found = await export_work.leftovers(self.db, most=self.most)
        for one in found:
            for attempt in range(1, one.attempts + 1):
                await self.place.remove(exports.file_name(one.workspace_id, one.id, attempt))
            await export_work.swept(self.db, one.id)
        again = timedelta() if len(found) == self.most else None
        return Done({"removed": len(found)}, again)
