"""The pacer: whose turn it is, and what has run out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from switchboard.contracts import DeliveryId, PersonId, TraceId
from switchboard.db import deliveries, pacing
from switchboard.db.pacing import Due, OverdueLookup
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, hold, lose_token, now, open_shop, owe, state_of


async def _park(
    db: Database, shop: Shop, *, hours: float, due_in_s: float = -1, **more: Any
) -> DeliveryId:
    """Return a parked delivery whose deadline is in `hours`; of those that are in no queue."""
    whole: dict[str, Any] = {
        "kind": "public_reply",
        "state": "parked",
        "not_before": now() + timedelta(seconds=due_in_s),
        "deadline": now() + timedelta(hours=hours),
    }
    return await owe(db, shop, **whole | more)


class TestReleasing:
    async def test_urgent_first_and_in_turns(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A large backlog delays nobody else; within an account the earliest deadline is first."""
        quiet = await open_shop(owner)
        busy_later, busy_soon, busy_last = [
            await _park(pipeline, shop, hours=hours) for hours in (20, 10, 30)
        ]
        quiet_only = await _park(pipeline, quiet, hours=40)

        due = await pacing.release_due(pipeline, limit=3)
        rest = await pacing.release_due(pipeline, limit=3)

        assert [busy_soon, quiet_only, busy_later] == [one.delivery_id for one in due]
        assert [busy_last] == [one.delivery_id for one in rest]
        assert [shop.instagram_id, quiet.instagram_id] == [one.account_id for one in due[:2]]
        assert await state_of(owner, busy_soon) == "ready"

    async def test_only_what_is_due(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What is parked until later stays, however urgent."""
        later = await _park(pipeline, shop, hours=1, due_in_s=600)
        due = await _park(pipeline, shop, hours=9)

        released = await pacing.release_due(pipeline, limit=10)

        assert [due] == [one.delivery_id for one in released]
        assert await state_of(owner, later) == "parked"

    async def test_a_released_one_can_be_claimed(self, pipeline: Database, shop: Shop) -> None:
        """What the pacer releases, a sender can take."""
        delivery = await _park(pipeline, shop, hours=1)
        await pacing.release_due(pipeline, limit=10)

        assert await deliveries.claim(pipeline, delivery, owner="me", lease_s=30) is not None

    async def test_accounts_that_must_wait(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A held account and one without a token have no turn, and have it again afterwards."""
        dead = await open_shop(owner)
        for each in (shop, dead):
            await _park(pipeline, each, hours=1)
        await hold(pipeline, shop)
        await lose_token(pipeline, dead)

        waiting = await pacing.release_due(pipeline, limit=10)
        await owner.execute(
            "update public.instagram_accounts set status = 'connected', held_until = now()"
        )
        resumed = await pacing.release_due(pipeline, limit=10)

        assert [] == waiting
        assert {shop.instagram_id, dead.instagram_id} == {one.account_id for one in resumed}

    @pytest.mark.parametrize("kind", ["timer", "webhook"])
    async def test_what_is_no_call_to_meta_does_not_wait_for_it(
        self, owner: Database, pipeline: Database, shop: Shop, kind: str
    ) -> None:
        """A held account's timers go off and its owner is told; when they are due, not before."""
        person: dict[str, Any] = {
            "kind": kind,
            "comment_id": None,
            "person_id": PersonId("1"),
            "content": "{}",
        }
        due = await _park(pipeline, shop, hours=1, **person)
        later = await _park(pipeline, shop, hours=1, due_in_s=600, **person)
        reply = await _park(pipeline, shop, hours=1)
        await lose_token(pipeline, shop)

        released = await pacing.release_due(pipeline, limit=10)

        assert [due] == [one.delivery_id for one in released]
        assert ["parked", "parked"] == [await state_of(owner, one) for one in (later, reply)]

    async def test_a_paused_account(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """An owner's pause holds back what is said, not what Meta is asked, and no longer."""
        said = await _park(pipeline, shop, hours=1)
        asked = await _park(pipeline, shop, hours=2, kind="lookup")
        await owner.execute(
            "update public.instagram_accounts set paused_until = now() + interval '1 hour'"
        )

        paused = await pacing.release_due(pipeline, limit=10)
        await owner.execute("update public.instagram_accounts set paused_until = null")
        resumed = await pacing.release_due(pipeline, limit=10)

        assert [asked] == [one.delivery_id for one in paused]
        assert [said] == [one.delivery_id for one in resumed]

    async def test_a_broadcasts_replies_are_in_no_queue(
        self, pipeline: Database, shop: Shop
    ) -> None:
        """A private reply in a broadcast goes at its time; one that is not has a queue."""
        live = await _park(pipeline, shop, hours=3, kind="private_reply", lane="live")
        await _park(pipeline, shop, hours=1, kind="private_reply")

        released = await pacing.release_due(pipeline, limit=10)

        assert [live] == [one.delivery_id for one in released]

    async def test_many_pacers(self, pipeline: Database, shop: Shop) -> None:
        """Pacers that run at once release each delivery once."""
        parked = [await _park(pipeline, shop, hours=1) for _ in range(30)]

        rounds = [
            one
            for _ in range(6)
            for one in await asyncio.gather(
                *(pacing.release_due(pipeline, limit=10) for _ in range(5))
            )
        ]

        released = [due.delivery_id for due_now in rounds for due in due_now]
        assert sorted(parked) == sorted(released)

    async def test_what_another_holds(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A pacer does not wait for what another is at: it takes the rest."""
        held, free = [await _park(pipeline, shop, hours=hours) for hours in (1, 2)]

        async with asyncio.timeout(10), owner.transaction() as tx:
            await tx.fetch("select 1 from public.deliveries where id = $1 for update", held)
            released = await pacing.release_due(pipeline, limit=10)

        assert [free] == [one.delivery_id for one in released]


class TestLostMessages:
    async def test_one_nobody_took(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What was published long ago and not taken is told of again, once per interval."""
        lost, fresh = await owe(pipeline, shop), await owe(pipeline, shop)
        await owner.execute(
            "update public.deliveries set published_at = now() - interval '2 min' where id = $1",
            lost,
        )

        first = await pacing.republish_stale(pipeline, older_than_s=60, limit=10)
        second = await pacing.republish_stale(pipeline, older_than_s=60, limit=10)

        assert ([lost], []) == ([one.delivery_id for one in first], second)
        assert await state_of(owner, fresh) == "ready"


class TestRunningOut:
    async def test_a_lease(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A sender that vanished leaves an uncertain delivery, which is not sent again."""
        gone, alive = await owe(pipeline, shop), await owe(pipeline, shop)
        await deliveries.claim(pipeline, gone, owner="gone", lease_s=0)
        await deliveries.claim(pipeline, alive, owner="alive", lease_s=60)

        expired = await pacing.expire_leases(pipeline)

        assert [gone] == [one.delivery_id for one in expired]
        assert ("uncertain", "sending") == (
            await state_of(owner, gone),
            await state_of(owner, alive),
        )
        assert await deliveries.claim(pipeline, gone, owner="next", lease_s=60) is None
        assert [] == await pacing.release_due(pipeline, limit=10)

    async def test_a_deadline(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What waits past its deadline expires; what is being sent is its sender's to settle."""
        past = now() - timedelta(seconds=1)
        sending = await owe(pipeline, shop, deadline=past)
        await deliveries.claim(pipeline, sending, owner="me", lease_s=60)
        waits = [
            await owe(pipeline, shop, state=state, deadline=past)
            for state in ("waiting", "parked", "ready")
        ]
        await _park(pipeline, shop, hours=1)

        expired = await pacing.expire_overdue(pipeline)

        assert sorted(waits) == sorted(one.delivery_id for one in expired)
        assert await state_of(owner, sending) == "sending"
        row = await owner.fetchrow("select * from public.deliveries where id = $1", waits[0])
        assert row is not None
        assert ("expired", "deadline_passed") == (row["state"], row["reason"])

    async def test_a_margin(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A reply to a comment that no sender would send any more is over; a message is not yet."""
        soon = 4 / 60
        late = [
            await _park(pipeline, shop, hours=soon, kind=kind)
            for kind in ("private_reply", "public_reply")
        ]
        message = await _park(
            pipeline, shop, hours=soon, kind="message", person_id=PersonId("1"), comment_id=None
        )
        in_time = await _park(pipeline, shop, hours=6 / 60, kind="private_reply")

        expired = await pacing.expire_overdue(pipeline, margin=timedelta(minutes=5))

        assert sorted(late) == sorted(one.delivery_id for one in expired)
        assert ["parked"] * 2 == [await state_of(owner, one) for one in (message, in_time)]

    @pytest.mark.parametrize("kind", ["webhook", "lookup", "timer"])
    async def test_a_lease_of_what_can_be_repeated(
        self, owner: Database, pipeline: Database, shop: Shop, kind: str
    ) -> None:
        """What does no harm twice is ready again, told of at once, and nobody else's any more."""
        gone = await owe(pipeline, shop, kind=kind, person_id=PersonId("1"))
        await deliveries.claim(pipeline, gone, owner="gone", lease_s=0)

        uncertain = await pacing.expire_leases(pipeline)
        again = await pacing.republish_stale(pipeline, older_than_s=60, limit=10)

        assert ([], [gone]) == (uncertain, [one.delivery_id for one in again])
        assert await deliveries.record_done(pipeline, gone, owner="gone") is None
        taken = await deliveries.claim(pipeline, gone, owner="next", lease_s=60)
        assert taken is not None
        assert 2 == taken.attempts

    async def test_a_lookups_deadline(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An overdue lookup is not expired before it is answered; anything else is."""
        past = now() - timedelta(seconds=1)
        late, timer = [
            await owe(
                pipeline,
                shop,
                kind=kind,
                person_id=PersonId("1"),
                state="parked",
                deadline=past,
                content='{"about": "follower"}',
            )
            for kind in ("lookup", "timer")
        ]
        await owe(pipeline, shop, kind="lookup")

        expired = await pacing.expire_overdue(pipeline)
        overdue = await pacing.overdue_lookups(pipeline, limit=10)
        ended = await pacing.expire(pipeline, [one.due.delivery_id for one in overdue])

        assert [timer] == [one.delivery_id for one in expired]
        due = Due(late, shop.instagram_id, TraceId("0" * 32))
        assert ([OverdueLookup(due, {"about": "follower"})], [due]) == (overdue, ended)
        assert await state_of(owner, late) == "expired"
        assert [] == await pacing.overdue_lookups(pipeline, limit=10)

    async def test_expiring_what_is_taken(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A lookup somebody has begun meanwhile is theirs to end."""
        begun = await owe(pipeline, shop, kind="lookup")
        await deliveries.claim(pipeline, begun, owner="me", lease_s=60)

        assert [] == await pacing.expire(pipeline, [begun])
        assert await state_of(owner, begun) == "sending"
