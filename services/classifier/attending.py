"""
A model that many want to ask: so many at once, not when it is known to be away, never for long.

    places taken and a queue before them ─▶ not asked            nobody waits for what will not come
    no place in time                     ─▶ timed out            says nothing against the model
    the breaker is open                  ─▶ not asked
    asked                                ─▶ the breaker hears how it ended
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from switchboard.circuit import Permit
from switchboard.intents.choosing import NoAnswer
from switchboard.telemetry import Meter, Metric

T = TypeVar("T")

MODEL_TIME = Metric("ModelTime", "Milliseconds")

# A question that had less than this share of the usual time, and ran out of it, tells nothing of
# the model: it was old when it came.
_FAIR_SHARE: Final = 0.5


class Breaks(Protocol):
    """A circuit breaker."""

    async def ask(self) -> Permit:
        """Return whether a call may be made."""
        ...

    async def succeeded(self) -> None:
        """Tell that a call succeeded."""
        ...

    async def failed(self) -> None:
        """Tell that a call failed."""
        ...

    async def let_go(self) -> None:
        """Tell that a call was given up before it told anything."""
        ...


@dataclass(slots=True, kw_only=True)
class Attended:
    """
    Places at a model.

    `places` calls are open at once and `waiting` more wait for one; beyond that nobody waits.
    `call_budget_s` is the longest that a call is given, its wait included.
    """

    breaker: Breaks
    meter: Meter
    places: int
    waiting: int
    call_budget_s: float
    monotonic: Callable[[], float]
    _free: asyncio.Semaphore = field(init=False)
    _inside: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.places)

    async def ask(self, call: Callable[[float], Awaitable[T]], *, within_s: float) -> T:
        """
        Return what `call` returns; it is told how many seconds it has.

        Raises:
            NoAnswer: It was not asked, or gave none.
        """
        if self._inside >= self.places + self.waiting:
            raise NoAnswer("too many are asking", because="unavailable")
        until = self.monotonic() + min(within_s, self.call_budget_s)
        self._inside += 1
        try:
            await self._take_place(until)
            try:
                return await self._ask(call, until)
            finally:
                self._free.release()
        finally:
            self._inside -= 1

    async def _take_place(self, until: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, until - self.monotonic())):
                await self._free.acquire()
        except TimeoutError:
            raise NoAnswer("no place in time", because="timed_out") from None

    async def _ask(self, call: Callable[[float], Awaitable[T]], until: float) -> T:
        if await self.breaker.ask() == "stay":
            raise NoAnswer("the breaker is open", because="unavailable")
        left_s = until - self.monotonic()
        told = False
        try:
            answer = await self._timed(call, left_s)
            told = True
            await self.breaker.succeeded()
        except NoAnswer as failure:
            is_fair = left_s >= _FAIR_SHARE * self.call_budget_s
            if failure.because != "timed_out" or is_fair:
                told = True
                await self.breaker.failed()
            raise
        finally:
            if not told:
                await self.breaker.let_go()
        return answer

    async def _timed(self, call: Callable[[float], Awaitable[T]], left_s: float) -> T:
        if left_s <= 0:
            raise NoAnswer("no time left", because="timed_out")
        began = self.monotonic()
        try:
            return await call(left_s)
        finally:
            self.meter.observe(MODEL_TIME, (self.monotonic() - began) * 1000)
