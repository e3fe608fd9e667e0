"""Finding jobs that are due, and doing them side by side until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from services.control.caretaker.access import tell
from services.control.caretaker.job import Done, Job, Upkeep, backoff
from switchboard.db import care, jobs
from switchboard.db.jobs import Taken
from switchboard.db.pool import Queryable
from switchboard.errors import Failure
from switchboard.graph import GraphFailure
from switchboard.telemetry import Meter, Metric

RUN: Final = Metric("CaretakerRuns")
_ENROLS_EVERY_S: Final = 60.0
# Of the lease: what is left is for recording how it went, while nobody else may have taken it.
_SHARE_OF_LEASE: Final = 0.8

log = structlog.get_logger()


class Caretaker:
    """
    Looks every `every_s` seconds for what is due, and does at most `at_once` of it side by side.

    `owner` names this process. What is under way when it is told to stop is finished; what is cut
    off by the end of the drain is taken over by another when its lease ends. A mistake of ours in
    one job is recorded with it and does not end the others, nor the API beside them.
    """

    name = "caretaker"

    def __init__(
        self,
        db: Queryable,
        kinds: Sequence[Job | Upkeep],
        *,
        owner: str,
        meter: Meter,
        every_s: float,
        lease: timedelta,
        at_once: int,
    ) -> None:
        self._db, self._kinds, self._owner, self._meter = db, kinds, owner, meter
        self._every_s, self._lease, self._at_once = every_s, lease, at_once
        self._running: set[asyncio.Task[None]] = set()
        self._moved_at = time.monotonic()
        self._enrols_at = self._moved_at

    def still_s(self) -> float:
        """Return for how long nobody has looked: a pulse for health."""
        return time.monotonic() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """Look and do until `stop`; then finish what is under way."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                try:
                    await self._round(group)
                except Failure as failure:
                    log.warning("caretaker.paused", because=str(failure))
                self._moved_at = time.monotonic()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._every_s):
                        await stop.wait()

    async def round(self) -> int:
        """Do what is due now, and return how much that was."""
        async with asyncio.TaskGroup() as group:
            return await self._round(group)

    async def _round(self, group: asyncio.TaskGroup) -> int:
        if time.monotonic() >= self._enrols_at:
            for kind in self._kinds:
                await self._enrol(kind)
            self._enrols_at = time.monotonic() + _ENROLS_EVERY_S
        begun = 0
        for kind in self._kinds:
            free = self._at_once - len(self._running)
            if free <= 0:
                break
            taken = await jobs.take(
                self._db, kind.name, owner=self._owner, lease=self._lease, limit=free
            )
            begun += len(taken)
            for job in taken:
                task = group.create_task(self._do(kind, job), name=f"{kind.name} {job.account}")
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return begun

    async def _enrol(self, kind: Job | Upkeep) -> None:
        if isinstance(kind, Upkeep):
            await jobs.enrol_upkeep(self._db, kind.name)
        else:
            await jobs.enrol(self._db, kind.name, first_within=kind.first_within)

    async def _do(self, kind: Job | Upkeep, job: Taken) -> None:
        """Do one job and record how it went; whatever happens, the next one is not affected."""
        began_at = time.monotonic()
        try:
            outcome = await self._attempt(kind, job)
        except Failure as failure:  # recording failed: the lease ends, and it is done again
            log.warning("job.unrecorded", job=kind.name, because=str(failure))
            return
        self._meter.count(RUN, job=kind.name, outcome=outcome)
        log.info(
            "job.run",
            job=kind.name,
            account=job.account and str(job.account),
            outcome=outcome,
            took_ms=round((time.monotonic() - began_at) * 1000),
        )

    async def _attempt(self, kind: Job | Upkeep, job: Taken) -> str:
        try:
            async with asyncio.timeout(self._lease.total_seconds() * _SHARE_OF_LEASE):
                done = await self._run(kind, job)
        except Failure as failure:
            await self._fail(kind, job, f"{failure.reason}: {failure}", failure)
            return failure.reason
        except TimeoutError:
            await self._fail(kind, job, "timed_out: it took longer than its lease")
            return "timed_out"
        except Exception as error:  # a bug in a job must not end the API beside it
            log.exception("job.broke", job=kind.name, account=job.account and str(job.account))
            await self._fail(kind, job, f"bug: {type(error).__name__}")
            return "bug"
        again = kind.every if done.again is None else done.again
        owned = await jobs.done(self._db, job, owner=self._owner, detail=done.detail, next_in=again)
        return "done" if owned else "overtaken"

    async def _run(self, kind: Job | Upkeep, job: Taken) -> Done:
        if isinstance(kind, Upkeep):
            return await kind.keep_up()
        assert job.account is not None  # as it was enrolled
        account = await care.connected(self._db, job.account)
        if account is None:
            return Done()  # it was disconnected in this very moment
        try:
            return await kind.run(account)
        except GraphFailure as failure:
            await tell(self._db, account, failure)
            raise

    async def _fail(
        self, kind: Job | Upkeep, job: Taken, error: str, failure: Failure | None = None
    ) -> None:
        after_s = getattr(failure, "after_s", None)
        again = backoff(job.failures + 1, every=kind.every, after_s=after_s)
        await jobs.failed(self._db, job, owner=self._owner, error=error, next_in=again)
