"""Bringing parked deliveries back, and closing what ran out of time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

import structlog

from switchboard.contracts import DeliveryDue
from switchboard.errors import Failure
from switchboard.queues import Outgoing
from switchboard.telemetry import Meter, Metric

PACED: Final = Metric("DeliveriesPaced")

log = structlog.get_logger()


class Parking(Protocol):
    """The rows that wait. Each call is one statement; any number of pacers may make it at once."""

    async def release_due(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make parked rows ready whose moment has come, fairly between accounts."""
        ...

    async def republish_stale(self, *, older_than: timedelta, limit: int) -> Sequence[DeliveryDue]:
        """Return ready rows that nobody has picked up, marked as told of again."""
        ...

    async def expire_leases(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make `uncertain` what was being sent by a sender whose lease ran out; return it."""
        ...

    async def expire_overdue(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make `expired` what was not sent by its deadline; return it."""
        ...


class Queue(Protocol):
    """Where senders hear of deliveries."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Store `messages`, or raise."""
        ...


class Pacer:
    """
    A round every `every_s` seconds: close, release, tell.

    Rows are released before they are published. If publishing fails, or we die in between, they
    are ready rows nobody was told of, which a later round of any pacer publishes again.
    `open_for_business` raises while limits cannot be had; nothing is released then, because all of
    it would only be parked again.
    """

    name = "pacer"

    def __init__(
        self,
        parking: Parking,
        queue: Queue,
        *,
        open_for_business: Callable[[], Awaitable[None]],
        meter: Meter,
        every_s: float,
        release_limit: int,
        stale: timedelta,
    ) -> None:
        self._parking, self._queue, self._meter = parking, queue, meter
        self._open_for_business = open_for_business
        self._every_s, self._limit, self._stale = every_s, release_limit, stale
        self._moved_at = time.monotonic()

    def still_s(self) -> float:
        """Return for how long no round has ended: a pulse for health."""
        return time.monotonic() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """Make rounds until `stop`; a round that is full is followed by another at once."""
        while not stop.is_set():
            full = False
            try:
                full = await self.round()
            except Failure as failure:
                log.warning("pacer.paused", because=str(failure))
            self._moved_at = time.monotonic()
            if not full:
                await _wait(stop, self._every_s)

    async def round(self) -> bool:
        """
        Make one round; return whether there may be more to do at once.

        Raises:
            Unavailable: Postgres, Redis or SQS is away; a later round does what this one left.
        """
        uncertain = await self._parking.expire_leases(limit=self._limit)
        expired = await self._parking.expire_overdue(limit=self._limit)
        self._count(len(uncertain), "uncertain")
        self._count(len(expired), "expired")
        await self._open_for_business()
        released = await self._parking.release_due(limit=self._limit)
        stale = await self._parking.republish_stale(older_than=self._stale, limit=self._limit)
        await self._tell([*released, *stale])
        self._count(len(released), "released")
        self._count(len(stale), "republished")
        return max(map(len, (uncertain, expired, released, stale))) >= self._limit

    async def _tell(self, due: Sequence[DeliveryDue]) -> None:
        if due:
            await self._queue.publish([Outgoing(one.to_json(), one.account_id) for one in due])

    def _count(self, n: int, outcome: str) -> None:
        if n:
            self._meter.count(PACED, n, outcome=outcome)
            log.info("deliveries.paced", outcome=outcome, n=n)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
