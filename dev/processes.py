"""Our own processes: the services and the simulator, each with its environment and its log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from dev.failures import PartEnded
from dev.servers.binaries import CHECKOUT
from dev.servers.home import last_lines
from dev.servers.identity import prefix

_READY_S: Final = 60.0
_POLL_S: Final = 0.05
_ASK_BUDGET: Final = aiohttp.ClientTimeout(total=5)


@dataclass(slots=True, kw_only=True)
class Process:
    """
    One Python module, run as a process of its own.

    `ready_url` answers 200 once it can work. `stop_timeout_s` is what it gets between SIGTERM and
    SIGKILL; setting `hurry` cuts that short.
    """

    name: str
    module: str
    environment: Mapping[str, str]
    log: Path
    ready_url: str
    stop_timeout_s: float
    hurry: asyncio.Event
    arguments: Sequence[str] = ()
    _running: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """Its process id, while it has one."""
        return self._running.pid if self._running else None

    @property
    def exit_code(self) -> int | None:
        """How it ended, if it has."""
        return self._running.returncode if self._running else None

    async def start(self) -> None:
        """
        Start it and wait until it is ready.

        Raises:
            PartEnded: It ended, or did not become ready in time.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            # It dies with us even if we are killed: nothing it does needs a farewell.
            self._running = await asyncio.create_subprocess_exec(
                *prefix("self", die_by=signal.SIGKILL),
                *(sys.executable, "-m", self.module, *self.arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=CHECKOUT,
                env=self.environment,
                start_new_session=True,  # Ctrl-C in the terminal is for us, who stop it in order
            )
        try:
            async with (
                asyncio.timeout(_READY_S),
                aiohttp.ClientSession(timeout=_ASK_BUDGET) as http,
            ):
                await self._until_ready(http)
        except TimeoutError:
            await self.stop()
            raise PartEnded(
                f"{self.name} was not ready within {_READY_S:g} s; it last wrote:\n"
                f"{self.last_words()}"
            ) from None

    async def ended(self) -> int:
        """Wait until it has ended; return its exit code."""
        assert self._running is not None
        return await self._running.wait()

    async def stop(self) -> None:
        """End it: by SIGTERM, and by SIGKILL when its time is over or there is a hurry."""
        running = self._running
        if running is None or running.returncode is not None:
            return
        running.send_signal(signal.SIGTERM)
        hurried = asyncio.create_task(self.hurry.wait())
        gone = asyncio.create_task(running.wait())
        try:
            await asyncio.wait(
                {hurried, gone},
                timeout=self.stop_timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            hurried.cancel()
            if not gone.done():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
            await gone

    def last_words(self) -> str:
        """Return the last lines it logged."""
        return last_lines(self.log)

    async def _until_ready(self, http: aiohttp.ClientSession) -> None:
        assert self._running is not None
        while not await _is_ready(http, self.ready_url):
            if self._running.returncode is not None:
                raise PartEnded(
                    f"{self.name} ended with exit code {self._running.returncode}; it last wrote:\n"
                    f"{self.last_words()}"
                )
            await asyncio.sleep(_POLL_S)


@contextlib.asynccontextmanager
async def running(process: Process) -> AsyncIterator[Process]:
    """Run `process` for as long as the block lasts."""
    process.log.unlink(missing_ok=True)
    try:
        await process.start()
        yield process
    finally:
        await process.stop()


async def _is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as answer:
            return answer.ok
    except (aiohttp.ClientError, TimeoutError):
        return False
