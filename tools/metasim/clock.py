"""The simulated present: the machine's clock, shifted at will so that windows can close."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime


class Clock:
    """Simulated time in seconds since 1970 (UTC), some seconds ahead of the machine's."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._moved = asyncio.Event()

    def now_s(self) -> float:
        """Return the simulated present."""
        return time.time() + self._offset_s

    def move(self, offset_s: float) -> None:
        """Be `offset_s` ahead of the machine's clock; what waits for a moment looks again."""
        if offset_s != self._offset_s:
            self._offset_s = offset_s
            self._moved.set()
            self._moved = asyncio.Event()

    async def wait_until(self, at_s: float) -> None:
        """Return at the simulated moment `at_s`, however the clock gets there."""
        while (left_s := at_s - self.now_s()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._moved.wait()


def iso(at_s: float) -> str:
    """Return `at_s` as the control API writes it: `2026-01-02T03:04:05.678Z`."""
    moment = datetime.fromtimestamp(at_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def graph_time(at_s: float) -> str:
    """Return `at_s` as the Graph API writes it: `2026-01-02T03:04:05+0000`."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
