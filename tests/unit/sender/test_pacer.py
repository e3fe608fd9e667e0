"""The pacer's rounds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from services.sender.pacer import Overdue, Pacer, Released
from switchboard.contracts import ANSWER, DeliveryDue, DeliveryId, FollowerRead, PostsRead
from switchboard.errors import Unavailable
from switchboard.queues import Outgoing
from switchboard.telemetry import Meter
from tests.support.builders import comment
from tests.unit.sender.builders import DUE, ID, NOON


@dataclass
class FakeParking:
    """Rows in the four conditions a round looks for."""

    due: list[DeliveryDue] = field(default_factory=list)
    stale: list[DeliveryDue] = field(default_factory=list)
    left: list[DeliveryDue] = field(default_factory=list)
    overdue: list[DeliveryDue] = field(default_factory=list)
    lookups: list[Overdue] = field(default_factory=list)
    expired: list[DeliveryId] = field(default_factory=list)
    chained: list[DeliveryDue] = field(default_factory=list)
    rounds: int = 0
    settled: int = 0

    async def release_due(self, *, limit: int) -> Sequence[DeliveryDue]:
        return self._taken(self.due, limit)

    async def republish_stale(self, *, older_than: timedelta, limit: int) -> Sequence[DeliveryDue]:
        return self._taken(self.stale, limit)

    async def expire_leases(self, *, limit: int) -> Sequence[DeliveryDue]:
        self.rounds += 1
        return self._taken(self.left, limit)

    async def expire_overdue(self, *, limit: int) -> Sequence[DeliveryDue]:
        return self._taken(self.overdue, limit)

    async def overdue_lookups(self, *, limit: int) -> Sequence[Overdue]:
        return self.lookups[:limit]

    async def expire(self, deliveries: Sequence[DeliveryId]) -> None:
        self.expired += deliveries
        self.lookups = [one for one in self.lookups if one.delivery_id not in deliveries]

    async def settle_waiting(self, *, limit: int) -> Sequence[DeliveryDue]:
        self.settled += 1
        return self._taken(self.chained, limit)

    def _taken(self, rows: list[DeliveryDue], limit: int) -> list[DeliveryDue]:
        taken = rows[:limit]
        del rows[:limit]
        return taken


@dataclass
class FakeQueues:
    """Private replies whose turn has come."""

    turns: list[DeliveryDue] = field(default_factory=list)
    more: bool = False

    async def release(self, *, limit: int) -> Released:
        return Released(self.turns[:limit], self.more)


@dataclass
class FakeQueue:
    """What was published; stops the pacer when it has seen enough."""

    published: list[Outgoing] = field(default_factory=list)
    away: bool = False

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if self.away:
            raise Unavailable("SQS")
        self.published += messages


async def is_open() -> None:
    """Limits can be had."""


async def is_closed() -> None:
    """Limits cannot be had."""
    raise Unavailable("Redis")


def pacer(
    parking: FakeParking,
    queue: FakeQueue,
    classified: FakeQueue | None = None,
    *,
    queues: FakeQueues | None = None,
    closed: bool = False,
) -> Pacer:
    """A pacer that releases two rows a round."""
    return Pacer(
        parking,
        queues or FakeQueues(),
        queue,
        classified or FakeQueue(),
        open_for_business=is_closed if closed else is_open,
        meter=Meter("sender", "test"),
        now=lambda: NOON,
        every_s=0.001,
        release_limit=2,
        stale=timedelta(minutes=1),
    )


async def test_what_is_released_or_stale_is_published() -> None:
    """Each row is told of once, in its account's group: those of queues, too."""
    parking, queue = FakeParking(due=[DUE], stale=[DUE]), FakeQueue()

    await pacer(parking, queue, queues=FakeQueues(turns=[DUE])).round()

    assert [Outgoing(DUE.to_json(), DUE.account_id)] * 3 == queue.published


@pytest.mark.parametrize(("rows", "more"), [(0, False), (1, False), (2, True), (3, True)])
async def test_a_full_round_is_followed_at_once(rows: int, more: bool) -> None:  # noqa: FBT001  a table's column
    """A backlog does not wait for the next tick."""
    assert more is await pacer(FakeParking(due=[DUE] * rows), FakeQueue()).round()


async def test_a_queue_that_has_more_is_looked_at_at_once() -> None:
    """Who has queued many whose moment had come has not seen all of them."""
    assert await pacer(FakeParking(), FakeQueue(), queues=FakeQueues(more=True)).round()


async def test_nothing_is_released_while_limits_cannot_be_had() -> None:
    """Redis away: what ran out of time is closed, what is parked stays parked."""
    parking, queue = FakeParking(due=[DUE], left=[DUE], overdue=[DUE]), FakeQueue()

    with pytest.raises(Unavailable):
        await pacer(parking, queue, closed=True).round()

    assert ([DUE], [], []) == (parking.due, parking.left, parking.overdue)
    assert [] == queue.published


async def test_a_pacer_outlives_what_it_needs() -> None:
    """SQS away: rounds go on, and the pacer's pulse with them; told to stop, it stops."""
    parking, stop = FakeParking(due=[DUE] * 9), asyncio.Event()
    it = pacer(parking, FakeQueue(away=True))
    running = asyncio.create_task(it.run(stop))
    async with asyncio.timeout(5):
        while parking.rounds < 5:  # noqa: ASYNC110  the fake counts, it does not signal
            await asyncio.sleep(0)
        stop.set()
        await running

    assert it.still_s() < 5


def lookup(about: str) -> dict[str, Any]:
    """A lookup's content."""
    return {"about": about, "event": comment().model_dump(mode="json", exclude_none=True)}


async def test_a_lookup_out_of_time_is_answered_before_it_is_closed() -> None:
    """Nobody's event waits for ever: the answer says that it came too late."""
    parking, classified = FakeParking(lookups=[Overdue(ID, lookup("follower"))]), FakeQueue()

    await pacer(parking, FakeQueue(), classified).round()

    (answer,) = [ANSWER.validate_json(message.body) for message in classified.published]
    assert FollowerRead(event=comment(), because="too_late", answered_at=NOON) == answer
    assert [ID] == parking.expired


async def test_posts_that_came_too_late() -> None:
    """A lookup of posts is answered in its own kind."""
    parking, classified = FakeParking(lookups=[Overdue(ID, lookup("posts"))]), FakeQueue()

    await pacer(parking, FakeQueue(), classified).round()

    (answer,) = [ANSWER.validate_json(message.body) for message in classified.published]
    assert PostsRead(event=comment(), because="too_late", answered_at=NOON) == answer


async def test_a_lookup_that_cannot_be_answered_now_stays() -> None:
    """SQS away: the lookup is not closed, and a later round answers it."""
    parking = FakeParking(lookups=[Overdue(ID, lookup("follower"))])

    with pytest.raises(Unavailable):
        await pacer(parking, FakeQueue(), FakeQueue(away=True)).round()

    assert [] == parking.expired


async def test_a_lookup_nobody_can_read_is_closed() -> None:
    """A content we do not know holds up no other lookup."""
    parking = FakeParking(lookups=[Overdue(ID, {"about": "weather"})])
    classified = FakeQueue()

    await pacer(parking, FakeQueue(), classified).round()

    assert [ID] == parking.expired
    assert [] == classified.published


async def test_what_waited_unnoticed_is_told_of_now_and_then() -> None:
    """A chain that nobody moved on is looked for at the start, and not in every round."""
    parking, queue = FakeParking(chained=[DUE]), FakeQueue()
    it = pacer(parking, queue)

    await it.round()
    await it.round()

    assert [Outgoing(DUE.to_json(), DUE.account_id)] == queue.published
    assert 1 == parking.settled
