"""The queues of private replies: as many leave as have a turn, and the right ones."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.contracts import DeliveryId
from switchboard.contracts.ids import event_id
from switchboard.db import backlog, deliveries, ledger
from switchboard.db.pool import Database, Transaction
from tests.integration.db.queues import (
    MARGIN,
    add_campaign,
    crowd,
    ids,
    next_of,
    one_round,
    reason_of,
    send,
    serve_first,
    wait,
)
from tests.integration.db.town import Shop, draft, now, open_shop, owe, recorded, state_of


class TestTurns:
    async def test_as_many_as_there_are_turns(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """The most urgent are released, one for each turn; the others are not touched."""
        waiting = [await wait(pipeline, shop, hours=hours) for hours in (30, 10, 40, 20)]

        released = await one_round(pipeline, free=2)

        assert [waiting[1], waiting[3]] == ids(released)
        assert ["parked", "ready", "parked", "ready"] == [
            await state_of(owner, one) for one in waiting
        ]

    async def test_those_who_are_out_have_their_turns(self, pipeline: Database, shop: Shop) -> None:
        """What senders were told of, or have, counts against the turns until it was sent."""
        for hours in range(1, 5):
            await wait(pipeline, shop, hours=hours)
        first, second = ids(await one_round(pipeline, free=2))
        await deliveries.claim(pipeline, second, owner="me", lease_s=30)

        both_out = await one_round(pipeline, free=2)
        await send(pipeline, first)
        one_out = await one_round(pipeline, free=2)

        assert ([], 1) == (both_out, len(one_out))

    async def test_no_turn(self, pipeline: Database, shop: Shop) -> None:
        """Nothing is released where the hour is used up, whatever waits."""
        await wait(pipeline, shop)

        assert [] == await one_round(pipeline, free=0)

    async def test_accounts_take_turns(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Of several accounts the first of each goes, then the second of each."""
        other = await open_shop(owner)
        for each in (shop, other):
            for hours in (1, 2, 3):
                await wait(pipeline, each, hours=hours)

        released = await one_round(pipeline, free=9, limit=5)

        order = [one.account_id for one in released]
        assert {shop.instagram_id, other.instagram_id} == set(order[:2]) == set(order[2:4])
        assert 5 == len(order)

    async def test_nobody_waits_behind_private_replies(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A private reply in a broadcast, and anything else, is in no queue."""
        live = await owe(pipeline, shop, lane="live", state="parked")
        public = await owe(pipeline, shop, kind="public_reply", state="parked")

        assert [] == await one_round(pipeline, free=9)
        assert ["parked"] * 2 == [await state_of(owner, one) for one in (live, public)]

    @pytest.mark.parametrize(
        "condition",
        [
            "held_until = now() + interval '1 hour'",
            "status = 'reconnect_needed'",
            "paused_until = now() + interval '1 hour'",
        ],
    )
    async def test_an_account_that_must_wait(
        self, owner: Database, pipeline: Database, shop: Shop, condition: str
    ) -> None:
        """Held, paused or without its token, an account releases nothing, and says why it waits."""
        waiting = await wait(pipeline, shop)
        await owner.execute(f"update public.instagram_accounts set {condition}")

        must_wait = await one_round(pipeline, free=9)
        why = await reason_of(owner, waiting)
        await owner.execute(
            "update public.instagram_accounts"
            " set held_until = null, paused_until = null, status = 'connected'"
        )

        assert ([], None) == (must_wait, why)
        assert [waiting] == ids(await one_round(pipeline, free=9))

    async def test_who_would_come_too_late(self, pipeline: Database, shop: Shop) -> None:
        """No turn is wasted on one that no sender would send any more."""
        await wait(pipeline, shop, hours=4 / 60)
        in_time = await wait(pipeline, shop, hours=6 / 60)

        assert [in_time] == ids(await one_round(pipeline, free=1))


class TestDelayed:
    async def test_until_its_moment(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What waits for a moment is in no queue before it has come, however urgent."""
        later = await wait(pipeline, shop, hours=1, not_before=now() + timedelta(minutes=10))
        due = await wait(pipeline, shop, hours=9)

        assert [due] == ids(await one_round(pipeline, free=9))
        assert await state_of(owner, later) == "parked"

    async def test_not_before_all_are_in_the_queue(self, pipeline: Database, shop: Shop) -> None:
        """While some whose moment has come are not queued yet, nobody goes: they may be first."""
        await wait(pipeline, shop, hours=5, not_before=now() - timedelta(hours=2))
        first = await wait(pipeline, shop, hours=1, not_before=now() - timedelta(hours=1))

        rounds = [ids(await one_round(pipeline, free=1, admits=1)) for _ in range(3)]

        assert [[], [first], []] == rounds


class TestOrders:
    """Each as the owner chose, whoever else comes meanwhile, and with several pacers at it."""

    async def test_earliest_deadline(self, pipeline: Database, shop: Shop) -> None:
        """The next is always the one whose deadline is the earliest of all who wait."""
        waiting = {
            await wait(pipeline, shop, hours=hours): float(hours) for hours in (9, 3, 7, 5, 1)
        }
        order = []
        for late in (4.0, 0.5, 8.0, 2.0):
            order.append(await next_of(pipeline))
            waiting[await arrive(pipeline, shop, hours=late)] = late
        order += [await next_of(pipeline) for _ in range(5)]

        assert [1, 3, 0.5, 4, 2, 5, 7, 8, 9] == [waiting[one] for one in order]

    @pytest.mark.parametrize(
        ("whom", "expected"),
        [
            ("deadline", [2, 0, 3, 1]),
            ("newest", [3, 2, 1, 0]),
            ("oldest", [0, 1, 2, 3]),
            ("campaign", [0, 3, 2, 1]),
        ],
    )
    async def test_as_the_owner_chose(
        self, owner: Database, pipeline: Database, shop: Shop, whom: str, expected: list[int]
    ) -> None:
        """By deadline, by arrival either way, or by the campaigns' rank and then the deadline."""
        first = await add_campaign(owner, shop, rank=0)
        waiting = [
            await wait(pipeline, shop, hours=hours, campaign_id=campaign)
            for hours, campaign in ((2, first), (4, shop.campaign), (1, shop.campaign), (3, first))
        ]
        await serve_first(owner, shop, whom)

        order = [await next_of(pipeline) for _ in waiting]

        assert [waiting[number] for number in expected] == order

    async def test_a_change_of_mind(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Who waits already is served in the new order at once."""
        oldest, urgent, newest = [await wait(pipeline, shop, hours=hours) for hours in (3, 1, 2)]

        order = [await next_of(pipeline)]
        await serve_first(owner, shop, "newest")
        order.append(await next_of(pipeline))
        await serve_first(owner, shop, "oldest")
        order.append(await next_of(pipeline))

        assert [urgent, newest, oldest] == order

    async def test_many_at_once(self, pipeline: Database, shop: Shop) -> None:
        """Several pacers release together no more than there are turns, and each one once."""
        waiting = [await wait(pipeline, shop, hours=1 + number) for number in range(12)]

        released: list[DeliveryId] = []
        while len(released) < len(waiting):
            rounds = await asyncio.gather(*(one_round(pipeline, free=3) for _ in range(4)))
            now_out = [one for each in rounds for one in ids(each)]
            assert len(now_out) <= 3
            for one in now_out:
                await send(pipeline, one)
            released += now_out

        assert waiting == sorted(released, key=waiting.index)
        assert [set(waiting[at : at + 3]) for at in range(0, 12, 3)] == [
            set(released[at : at + 3]) for at in range(0, 12, 3)
        ]


async def arrive(db: Database, shop: Shop, *, hours: float = 24, **more: Any) -> DeliveryId:
    """Record an event whose private reply could go at once."""
    whole: dict[str, Any] = {"deadline": now() + timedelta(hours=hours)}
    return await owe(db, shop, **whole | more)


class TestArriving:
    async def test_with_nobody_waiting(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Where nobody waits, a private reply is ready when it is recorded, and so is the next."""
        both = [await arrive(pipeline, shop) for _ in range(2)]

        assert ["ready"] * 2 == [await state_of(owner, one) for one in both]

    async def test_behind_those_who_wait(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Where others wait for their turn it is queued, and its event says nothing is ready."""
        await wait(pipeline, shop)
        await one_round(pipeline, free=0)
        identity = uuid4().hex
        one = draft(shop, event_id(identity))

        standings = await ledger.record(pipeline, [recorded(shop, identity, deliveries=(one,))])

        assert ("parked", "queued") == (
            await state_of(owner, one.id),
            await reason_of(owner, one.id),
        )
        assert [()] == [standing.ready for standing in standings.values()]

    async def test_behind_those_whose_moment_has_come(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Those who are not queued yet count as well, once they are due."""
        await wait(pipeline, shop, not_before=now() + timedelta(hours=1))
        before = await arrive(pipeline, shop)
        await wait(pipeline, shop)
        behind = await arrive(pipeline, shop)

        assert ["ready", "parked"] == [await state_of(owner, one) for one in (before, behind)]

    async def test_only_private_replies_queue(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Neither another account, nor a broadcast, nor anything else is behind the queue."""
        other = await open_shop(owner)
        await wait(pipeline, shop)

        free = [
            await arrive(pipeline, other),
            await arrive(pipeline, shop, lane="live"),
            await arrive(pipeline, shop, kind="public_reply"),
        ]

        assert ["ready"] * 3 == [await state_of(owner, one) for one in free]

    async def test_for_later(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What is for later waits for its moment, and joins the queue then."""
        await wait(pipeline, shop)
        later = await arrive(pipeline, shop, not_before=now() + timedelta(minutes=5))

        assert ("parked", None) == (await state_of(owner, later), await reason_of(owner, later))

    async def test_two_who_see_nobody(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Two that are recorded at once may both be ready: what the limit refuses is queued."""
        both = await asyncio.gather(*(arrive(pipeline, shop, hours=hours) for hours in (2, 1)))
        for one in both:
            await deliveries.claim(pipeline, one, owner="me", lease_s=30)
            await deliveries.park(pipeline, one, owner="me", reason=backlog.QUEUED, after_s=0)

        order = [await next_of(pipeline), await next_of(pipeline)]

        assert [both[1], both[0]] == order


class TestScale:
    async def test_the_next_of_many_is_found_at_once(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Of 60,000 who wait, few rows are read for each that is released, in every order."""
        for rank in (2, 3, 4):
            await add_campaign(owner, shop, rank=rank)
        await crowd(owner, shop, 60_000)
        read = {}
        for whom in ("deadline", "newest", "oldest", "campaign"):
            await serve_first(owner, shop, whom)
            async with pipeline.transaction() as tx:
                (queue,) = await backlog.take_queues(tx)
                looked = await _explained(tx, backlog._TAKE_QUEUES)
                released = await _explained(
                    tx, backlog._RELEASE, [queue.account], [10], MARGIN, 200
                )
            assert 10 == released["Actual Rows"]
            read[whom] = _rows_read(released) + _rows_read(looked)

        # Ten are looked for, locked and changed; of four campaigns, the first ten of each.
        assert all(rows <= 10 * 8 for rows in read.values()), read


async def _explained(tx: Transaction, statement: str, *args: object) -> dict[str, Any]:
    """Run `statement`; return what its plan did."""
    row = await tx.fetchrow(f"explain (analyze, format json) {statement}", *args)
    assert row is not None
    ((told,),) = [json.loads(row["QUERY PLAN"])]
    plan: dict[str, Any] = told["Plan"]
    return plan


def _rows_read(plan: dict[str, Any]) -> float:
    """Return how many rows or index entries of deliveries were looked at, whatever for."""
    each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    own = each * plan["Actual Loops"] if plan.get("Relation Name") == "deliveries" else 0
    return float(own + sum(_rows_read(one) for one in plan.get("Plans", ())))
