"""
After the load: everything is whole, and what waits is waited for.

What waits for hours (a held account, a turn that comes in the next hour) is not waited for: time
passes instead. Every kept moment is moved into the past, the simulator's clock forward, and Redis,
which keeps its own, is emptied, as it may be at any time. Time never passes over a deadline.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tools.chaos.breaking import empty
from tools.chaos.stage import Stage

# Longer than the hour of private replies and the minutes around it that the sender looks back.
_JUMP: Final = timedelta(minutes=75)
_JUMPS_MOST: Final = 14  # 17.5 hours: within the 24 of a conversation
_STILL_S: Final = 2.0  # nothing has taken a step for so long: whatever waits, waits for a moment
_GLANCE_S: Final = 0.25
_OPEN: Final = frozenset({"parked", "ready", "sending"})
_MOVING: Final = frozenset({"ready", "sending"})


@dataclass(slots=True)
class Draining:
    """Drains `stage`; `jumps` counts how often time passed."""

    stage: Stage
    strict: bool
    jumps: int = 0

    async def settle(self) -> None:
        """Wait until nothing moves but by time, and no deadline is near."""
        await self._until_still()
        while await self._is_deadline_near():  # noqa: ASYNC110  only asking tells
            await asyncio.sleep(_GLANCE_S)
        await self._until_still()

    async def drain(self) -> None:
        """Wait, and let time pass, until nothing is to be done any more."""
        while self.jumps < _JUMPS_MOST:
            if self._open(await self._until_still()):
                await self.settle()
                await self._let_time_pass()
                continue
            await self._until_queues_are_empty()
            if not self._open(await self.stage.books.states()):
                return

    async def _until_still(self) -> Counter[str]:
        """Wait until nobody is at any delivery, and none has taken a step for a while."""
        loop, books = asyncio.get_running_loop(), self.stage.books
        moves, since = await books.moves(), loop.time()
        while True:
            states, now = await books.states(), await books.moves()
            if now != moves or _MOVING & states.keys():
                moves, since = now, loop.time()
            elif loop.time() - since >= _STILL_S or not self._open(states):
                return states
            await asyncio.sleep(_GLANCE_S)

    async def _until_queues_are_empty(self) -> None:
        while await self.stage.queues.held() or await self.stage.copies_to_come():  # noqa: ASYNC110  only asking tells
            await asyncio.sleep(_GLANCE_S)

    async def _is_deadline_near(self) -> bool:
        nearest = await self.stage.books.next_deadline()
        return nearest is not None and nearest < _JUMP

    async def _let_time_pass(self) -> None:
        self.jumps += 1
        ahead_s = self.jumps * _JUMP.total_seconds()
        await self.stage.control.configure(clock={"offset_s": ahead_s})
        await self.stage.books.pass_time(_JUMP)
        await empty(self.stage)

    def _open(self, states: Counter[str]) -> bool:
        return bool(states.keys() & (_OPEN | {"uncertain"} if self.strict else _OPEN))
