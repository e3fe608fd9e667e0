"""
After the load: everything is whole, and what waits is waited for.

What waits for hours (a held account, a turn that comes in the next hour) is not waited for. Once
nothing ends any more by itself, such waits are skipped: their moments are said to have come, and
Redis, which counts the hour, is emptied, as it may be at any time. Clocks and deadlines are left
alone, and while a deadline is near, nothing is skipped: who is to meet it must do so by themselves.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tools.chaos.breaking import empty
from tools.chaos.plan import MARGIN_S
from tools.chaos.stage import Stage

_NEAR: Final = timedelta(hours=1)
_STILL_S: Final = 2.5  # under the five seconds in which a turn of the hour comes back
_READ_S: Final = 15.0  # a lease of a killed caretaker ends within 10
_GLANCE_S: Final = 0.25
_OPEN: Final = ("parked", "ready", "sending")


@dataclass(slots=True)
class Draining:
    """
    Drains `stage`; `skips` counts how often waits were skipped.

    `strict`: what is uncertain is still to be resolved.
    """

    stage: Stage
    strict: bool
    skips: int = 0

    async def settle(self) -> None:
        """Wait until nothing ends any more by itself, and no deadline is near."""
        await self._until_still()
        while await self._is_deadline_near():  # noqa: ASYNC110  only asking tells
            await asyncio.sleep(_GLANCE_S)
        await self._until_still()

    async def drain(self) -> None:
        """Wait, and skip waits, until nothing is to be done any more; for ever, if need be."""
        while True:
            await self.settle()
            if await self._open():
                await self._skip_waits()
                continue
            await self._until_queues_are_empty()
            if not await self._open() and await self._is_covered_for_good():
                return

    async def _is_covered_for_good(self) -> bool:
        """Whether nothing is missing; a first count may be the end of one that was begun before."""
        return await self._is_covered() and await self._is_covered()

    async def _is_covered(self) -> bool:
        """
        Have all comments read once more; whether nothing was missing any more.

        Who cannot be read, because a limit is used up, can be when waits are skipped.
        """
        began_at = await self.stage.books.care_begins()
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _READ_S
        while (found := await self.stage.books.read_since(began_at))["due"]:
            if loop.time() > give_up_at:
                await self._skip_waits()
                return False
            await asyncio.sleep(_GLANCE_S)
        return not found["missed"] and not found["new"]

    async def _until_still(self) -> None:
        """Wait until there is nothing left, or nothing has ended for a while."""
        loop = asyncio.get_running_loop()
        left, since = await self._open(), loop.time()
        while left and loop.time() - since < _STILL_S:
            await asyncio.sleep(_GLANCE_S)
            now = await self._open()
            if now != left:
                left, since = now, loop.time()

    async def _until_queues_are_empty(self) -> None:
        while await self.stage.queues.held() or await self.stage.copies_to_come():  # noqa: ASYNC110  only asking tells
            await asyncio.sleep(_GLANCE_S)

    async def _is_deadline_near(self) -> bool:
        left = await self.stage.books.time_left(timedelta(seconds=MARGIN_S))
        return left is not None and left < _NEAR

    async def _skip_waits(self) -> None:
        self.skips += 1
        await self.stage.books.skip_waits()
        await self.stage.control.call("DELETE", "/sim/holds")
        await empty(self.stage)

    async def _open(self) -> int:
        """Return how many deliveries have not ended."""
        states: Counter[str] = await self.stage.books.states()
        return sum(states[one] for one in (*_OPEN, *(("uncertain",) if self.strict else ())))
