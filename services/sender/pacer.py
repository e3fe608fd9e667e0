"""Bringing parked deliveries back, and closing what ran out of time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog

from services.sender.answers import ContentUnreadable, outgoing, read_lookup, too_late
from services.sender.lookups import Queue
from switchboard.clock import Clock
from switchboard.contracts import DeliveryDue, DeliveryId
from switchboard.errors import Failure
from switchboard.queues import Outgoing
from switchboard.telemetry import Meter, Metric

PACED: Final = Metric("DeliveriesPaced")
_SETTLES_EVERY_S: Final = 60.0  # what it looks for is rare (see `db.pacing.settle_waiting`)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Overdue:
    """A lookup whose time is over, and whose event waits for an answer."""

    delivery_id: DeliveryId
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Released:
    """Private replies whose turn has come; `more`: others may be found at once."""

    due: Sequence[DeliveryDue]
    more: bool


class Queues(Protocol):
    """The private replies that wait for their turn in an account's hour."""

    async def release(self, *, limit: int) -> Released:
        """
        Make the first of each queue ready, as many as would be sent at once.

        Raises:
            Unavailable: Limits, or Postgres, cannot be asked; nothing was released.
        """
        ...


class Parking(Protocol):
    """The rows that wait. Each call is one statement; any number of pacers may make it at once."""

    async def release_due(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make parked rows ready whose moment has come, but for those in queues."""
        ...

    async def republish_stale(self, *, older_than: timedelta, limit: int) -> Sequence[DeliveryDue]:
        """Return ready rows that nobody has picked up, marked as told of again."""
        ...

    async def expire_leases(self, *, limit: int) -> Sequence[DeliveryDue]:
        """
        Make `uncertain` what was being sent by a sender whose lease ran out; return it.

        What does no harm twice is made `ready` instead, and is found by `republish_stale`.
        """
        ...

    async def expire_overdue(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Make `expired` what was not sent by its deadline, but for lookups; return it."""
        ...

    async def overdue_lookups(self, *, limit: int) -> Sequence[Overdue]:
        """Return lookups that wait although their deadline has passed."""
        ...

    async def expire(self, deliveries: Sequence[DeliveryId]) -> None:
        """Make these `expired`, if they still wait."""
        ...

    async def settle_waiting(self, *, limit: int) -> Sequence[DeliveryDue]:
        """Move what waits for a delivery that ended unnoticed; return what is ready now."""
        ...


class Pacer:
    """
    A round every `every_s` seconds: close, answer, release, tell.

    What waits for its moment is released when that has come. Private replies are released as turns
    come free, or all of a crowd would be tried, refused and parked again, every few seconds and for
    days.

    A lookup whose time is over is answered, that it came too late, before it is closed: were it the
    other way round, one of us could die in between, and the event would wait for ever.

    Rows are released before they are published. If publishing fails, or we die in between, they
    are ready rows nobody was told of, which a later round of any pacer publishes again.
    `open_for_business` raises while limits cannot be had; nothing is released then, because all of
    it would only be parked again.
    """

    name = "pacer"

    def __init__(
        self,
        parking: Parking,
        queues: Queues,
        queue: Queue,
        classified: Queue,
        *,
        open_for_business: Callable[[], Awaitable[None]],
        meter: Meter,
        now: Clock,
        every_s: float,
        release_limit: int,
        stale: timedelta,
    ) -> None:
        self._parking, self._queues = parking, queues
        self._queue, self._classified = queue, classified
        self._meter, self._now = meter, now
        self._open_for_business = open_for_business
        self._every_s, self._limit, self._stale = every_s, release_limit, stale
        self._moved_at = time.monotonic()
        self._settles_at = self._moved_at

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
        overdue = await self._answer_overdue()
        await self._open_for_business()
        released = await self._parking.release_due(limit=self._limit)
        turns = await self._queues.release(limit=self._limit)
        stale = await self._parking.republish_stale(older_than=self._stale, limit=self._limit)
        chained = await self._settle_waiting()
        await self._tell([*released, *turns.due, *stale, *chained])
        self._count(len(released) + len(turns.due), "released")
        self._count(len(stale), "republished")
        fullest = max(map(len, (uncertain, expired, overdue, released, stale)))
        return turns.more or fullest >= self._limit

    async def _settle_waiting(self) -> Sequence[DeliveryDue]:
        """Once in a while: move what waits for a delivery whose end nobody told it of."""
        if time.monotonic() < self._settles_at:
            return ()
        ready = await self._parking.settle_waiting(limit=self._limit)
        self._settles_at = time.monotonic() + _SETTLES_EVERY_S
        self._count(len(ready), "settled")
        return ready

    async def _answer_overdue(self) -> Sequence[Overdue]:
        """Answer lookups that came too late, then close them; return them."""
        overdue = await self._parking.overdue_lookups(limit=self._limit)
        if overdue:
            await self._classified.publish(list(self._answers(overdue)))
            await self._parking.expire([one.delivery_id for one in overdue])
            self._count(len(overdue), "answered_late")
        return overdue

    def _answers(self, overdue: Sequence[Overdue]) -> Iterator[Outgoing]:
        for one in overdue:
            try:
                yield outgoing(too_late(read_lookup(one.content), self._now()))
            except ContentUnreadable as failure:
                log.error(  # noqa: TRY400  our own outcome, told in one line without a trace
                    "lookup.unreadable", delivery_id=str(one.delivery_id), because=str(failure)
                )

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
