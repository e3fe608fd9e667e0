"""Having whole workspaces exported again and again, though nobody asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.control.caretaker.job import Done
from switchboard.db import export_work
from switchboard.db.pool import Queryable

_SOON: Final = timedelta(minutes=1)  # when there may be more


@dataclass(frozen=True, slots=True)
class Snapshots:
    """How often a workspace is exported, and for how long each export is kept."""

    every: timedelta
    keep: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshotting:
    """
    The job: asks for what is due, at most `most` at a time; who writes exports does the rest.

    Without `snapshots` none are made.
    """

    db: Queryable
    snapshots: Snapshots | None
    most: int = 100
    every: timedelta = timedelta(hours=1)
    name: str = "snapshots"

    async def keep_up(self) -> Done:
        """
        Ask for a snapshot of each workspace that has none so new.

        Raises:
            Failure: It could not be asked for.
        """
        if self.snapshots is None:
            return Done()
        asked = await export_work.ask_for_snapshots(
            self.db, every=self.snapshots.every, keep=self.snapshots.keep, most=self.most
        )
        return Done({"asked": asked}, _SOON if asked == self.most else None)
