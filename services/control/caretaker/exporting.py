"""Writing the exports that people asked for, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final

import structlog

from switchboard.db import export_work, exports, portable
from switchboard.db.export_work import Granted, Work
from switchboard.db.pool import Database
from switchboard.errors import Failure, Unavailable
from switchboard.exporting import CannotLeave, Files, open_zip, take, take_events, take_person
from switchboard.storage import Kept, Place

MOST_ATTEMPTS: Final = 5
_SOON: Final = timedelta(minutes=1)
# Of the lease: often enough that two of its renewals may fail, and that we are seen to live.
_RENEWED: Final = 1 / 4
_RENEWED_S: Final = 15.0

log = structlog.get_logger()


class Overtaken(Failure):
    """The export is another's by now, was called off, or has to be begun again."""

    reason: ClassVar[str] = "overtaken"


@dataclass(slots=True, kw_only=True)
class Exporting:
    """
    A worker: looks every `every_s` seconds for what was asked for, and writes it to `place`.

    An export is its taker's for `lease`, which is renewed while it is written; of a process that is
    killed, another begins it again. Each attempt has a file of its own, and whoever finds that its
    attempt counts no longer removes that. `db` is as switchboard_caretaker, `keep` how long people
    may have what is done.
    """

    db: Database
    place: Place
    owner: str
    lease: timedelta
    keep: timedelta
    every_s: float
    name: str = "exporting"
    _moved_at: float = field(default_factory=time.monotonic)

    def still_s(self) -> float:
        """Return for how long nobody has looked, nor gone on: a pulse for health."""
        return time.monotonic() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """Look and write until `stop`; what is being written then is begun again by another."""
        while not stop.is_set():
            try:
                while await self.round(stop):
                    pass
            except Failure as failure:
                log.warning("exporting.paused", because=str(failure))
            self._moved_at = time.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.every_s):
                    await stop.wait()

    async def round(self, stop: asyncio.Event | None = None) -> bool:
        """
        Write the export that was asked for first; false if there is none.

        Raises:
            Unavailable: The database is away.
        """
        if stop is not None and stop.is_set():
            return False
        work = await export_work.take(
            self.db, taker=self.owner, lease=self.lease, most_attempts=MOST_ATTEMPTS
        )
        if work is None:
            return False
        began_at = time.monotonic()
        outcome = await self._attempt(work, stop or asyncio.Event())
        log.info(
            "export.attempted",
            export_id=str(work.id),
            workspace_id=str(work.workspace_id),
            kind=work.kind,
            attempt=work.attempt,
            outcome=outcome,
            took_ms=round((time.monotonic() - began_at) * 1000),
        )
        return True

    async def _attempt(self, work: Work, stop: asyncio.Event) -> str:
        try:
            await self._kept_alive(work, stop)
        except Overtaken as failure:
            await self._remove(work, work.attempt)
            return failure.reason
        except Failure as failure:
            log.warning("export.failed", export_id=str(work.id), because=str(failure))
            return await self._fail(work, failure.reason)
        except CannotLeave:
            return await self._fail(work, "nothing_there")
        except Exception as error:  # a bug in an export must not end the API beside it
            log.exception("export.broke", export_id=str(work.id))
            return await self._fail(work, f"bug: {type(error).__name__}")
        for attempt in range(1, work.attempt):
            await self._remove(work, attempt)
        return "done"

    async def _kept_alive(self, work: Work, stop: asyncio.Event) -> None:
        """
        Write it, renewing the lease meanwhile.

        Raises:
            Overtaken: It is no longer ours; or we are to stop, and have given it back.
        """
        progress = _Progress()
        writing = asyncio.create_task(self._write(work, progress.told))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not writing.done():
                await asyncio.wait(
                    {writing, stopping},
                    timeout=min(self.lease.total_seconds() * _RENEWED, _RENEWED_S),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                self._moved_at = time.monotonic()
                if stop.is_set() and not writing.done():
                    await self._give_up(work, "stopped", again=timedelta())
                    raise Overtaken(f"export {work.id} is given back")
                if not writing.done():
                    await self._renew(work, progress.rows)
        finally:
            stopping.cancel()
            writing.cancel()
            await asyncio.gather(writing, stopping, return_exceptions=True)
        kept, rows = writing.result()
        if not await self._finish(work, kept, rows):
            raise Overtaken(f"export {work.id} is no longer ours")

    async def _renew(self, work: Work, rows: int) -> None:
        try:
            ours = await export_work.go_on(self.db, work, rows=rows, lease=self.lease)
        except Unavailable as failure:  # there is time for another try
            log.warning("export.not_renewed", export_id=str(work.id), because=str(failure))
            return
        if not ours:
            raise Overtaken(f"export {work.id} is no longer ours")

    async def _write(self, work: Work, told: Callable[[str, int], None]) -> tuple[Kept, int]:
        """Return what is kept, and how many rows it has."""
        async with self.place.draft() as draft:
            with open_zip(draft) as files:
                rows = await self._fill(work, files, told)
            kept = await self.place.put(draft, _name(work, work.attempt))
        return kept, rows

    async def _fill(self, work: Work, files: Files, told: Callable[[str, int], None]) -> int:
        source = Granted(work)
        if work.kind == "workspace":
            return (await take(self.db, work.workspace_id, files, source=source, told=told)).rows
        if work.kind == "events":
            taken = await take_events(self.db, work.workspace_id, files, source=source, told=told)
            return taken.rows
        async with self.db.transaction() as tx:
            await portable.begin_reading(tx)
            found = await export_work.person(tx, work)
        return take_person(found, files)

    async def _finish(self, work: Work, kept: Kept, rows: int) -> bool:
        return await export_work.finish(
            self.db,
            work,
            location=self.place.location(_name(work, work.attempt)),
            size_bytes=kept.size_bytes,
            sha256=kept.sha256,
            rows=rows,
            keep=self.keep,
        )

    async def _fail(self, work: Work, because: str) -> str:
        """
        Let it be tried again later each time, and in the end no more; return what came of it.

        Its file is removed only if it is known that nobody was given it: the answer to finishing
        may be what was lost.
        """
        last = work.attempt >= MOST_ATTEMPTS
        again = None if last else _SOON * (1 << (work.attempt - 1))
        if await self._give_up(work, because, again=again):
            await self._remove(work, work.attempt)
        return because

    async def _give_up(self, work: Work, because: str, *, again: timedelta | None) -> bool:
        """Return whether it was ours to give up; if that cannot be known, its lease ends."""
        try:
            return await export_work.give_up(self.db, work, because=because, again=again)
        except Failure as failure:
            log.warning("export.not_given_up", export_id=str(work.id), because=str(failure))
            return False

    async def _remove(self, work: Work, attempt: int) -> None:
        with contextlib.suppress(Failure):  # then it goes when the export does
            await self.place.remove(_name(work, attempt))


@dataclass(slots=True)
class _Progress:
    """How many rows are written of what is being written."""

    rows: int = 0

    def told(self, _name: str, rows: int) -> None:
        """Count a file's."""
        self.rows += rows


def _name(work: Work, attempt: int) -> str:
    return exports.file_name(work.workspace_id, work.id, attempt)
