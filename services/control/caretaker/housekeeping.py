"""
What the installation does for itself and for no account: removing what nobody asks for any more.

A job like the others, with a row of its own that names no account; of several processes one is at
it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from services.control.caretaker.job import backoff
from switchboard.db import jobs, tidying
from switchboard.db.pool import Queryable
from switchboard.db.tidying import Tidied
from switchboard.errors import Failure

_EVERY: Final = timedelta(hours=1)
_SOON: Final = timedelta(minutes=1)  # when a run has not come to the end
_MOST_BATCHES: Final = 100

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Housekeeping:
    """
    A worker: looks every `every_s` seconds whether it is due, and tidies `most` at a time.

    A run has an end, however much there is; the next one goes on.
    """

    db: Queryable
    owner: str
    every_s: float
    lease: timedelta
    most: int = 1_000
    name: str = "housekeeping"
    _moved_at: float = field(default_factory=time.monotonic)

    def still_s(self) -> float:
        """Return for how long nobody has looked: a pulse for health."""
        return time.monotonic() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """Look and tidy until `stop`."""
        while not stop.is_set():
            try:
                await self.round(stop)
            except Failure as failure:
                log.warning("housekeeping.paused", because=str(failure))
            self._moved_at = time.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.every_s):
                    await stop.wait()

    async def round(self, stop: asyncio.Event | None = None) -> bool:
        """
        Tidy, if it is due and nobody else is at it; return whether.

        Raises:
            Failure: It could not be done, which is recorded if that can be.
        """
        job = await jobs.take_own(self.db, self.name, owner=self.owner, lease=self.lease)
        if job is None:
            return False
        try:
            tidied, is_clean = await self._tidy(stop)
        except Failure as failure:
            again = backoff(job.failures + 1, every=_EVERY, after_s=None)
            error = f"{failure.reason}: {failure}"
            await jobs.failed(self.db, job, owner=self.owner, error=error, next_in=again)
            raise
        told, again = asdict(tidied), _EVERY if is_clean else _SOON
        await jobs.done(self.db, job, owner=self.owner, detail=told, next_in=again)
        log.info("installation.tidied", **told)
        return True

    async def _tidy(self, stop: asyncio.Event | None) -> tuple[Tidied, bool]:
        """Return what was removed, and whether nothing is left."""
        together = Tidied()
        for _ in range(_MOST_BATCHES):
            found = await tidying.tidy(self.db, most=self.most)
            together += found
            self._moved_at = time.monotonic()
            if not found.fills(self.most):
                return together, True
            if stop is not None and stop.is_set():
                break
        return together, False
