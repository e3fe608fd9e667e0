"""Deliveries that wait for others: what becomes of them, however the others end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from switchboard.contracts import CommentId, DeliveryId, PersonId, TraceId
from switchboard.contracts.ids import event_id
from switchboard.db import deliveries, pacing
from switchboard.db.ledger import DeliveryDraft, record
from switchboard.db.pacing import Due
from switchboard.db.pool import Database
from tests.integration.db.test_deliveries import SETTLE
from tests.integration.db.town import Shop, draft, force, now, owe, recorded, state_of


async def _chain(
    db: Database, shop: Shop, length: int = 3, *, not_before: datetime | None = None
) -> list[DeliveryId]:
    """Record an event with a reply and messages after it, each waiting for the one before."""
    identity = uuid4().hex
    event = event_id(identity)
    chain: list[DeliveryDraft] = [draft(shop, event)]
    for step in range(1, length):
        chain.append(
            draft(
                shop,
                event,
                step=str(step),
                kind="message",
                person_id=PersonId("77"),
                comment_id=None,
                state="waiting",
                after_id=chain[-1].id,
                not_before=not_before or now(),
            )
        )
    await record(db, [recorded(shop, identity, deliveries=tuple(chain))])
    return [one.id for one in chain]


async def _states(owner: Database, chain: Sequence[DeliveryId]) -> list[str]:
    return [await state_of(owner, one) for one in chain]


async def _send(db: Database, delivery: DeliveryId) -> deliveries.Sent | None:
    await deliveries.claim(db, delivery, owner="me", lease_s=30)
    return await deliveries.record_sent(db, delivery, owner="me", message_id=f"mid.{delivery}")


class TestRecording:
    async def test_what_follows_waits(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Only the first of a chain is told of."""
        chain = await _chain(pipeline, shop)

        assert ["ready", "waiting", "waiting"] == await _states(owner, chain)

    async def test_after_what_was_sent(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """What follows something sent already does not wait, but for its own time."""
        (first,) = await _chain(pipeline, shop, 1)
        await _send(pipeline, first)

        soon = await owe(pipeline, shop, state="waiting", after_id=first)
        later = await owe(
            pipeline,
            shop,
            state="waiting",
            after_id=first,
            not_before=now() + timedelta(hours=1),
        )

        assert ["ready", "parked"] == await _states(owner, [soon, later])

    async def test_the_live_lane(self, pipeline: Database, shop: Shop) -> None:
        """An answer to a broadcast's comment is known as one when it is sent."""
        live = await owe(pipeline, shop, lane="live")
        usual = await owe(pipeline, shop)

        claimed = [
            await deliveries.claim(pipeline, one, owner="me", lease_s=30) for one in (live, usual)
        ]

        assert ["live", "usual"] == [one.lane for one in claimed if one]


class TestSent:
    async def test_the_next_one_is_due(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """When one is sent, the next is ready and to be told of; those after it wait on."""
        chain = await _chain(pipeline, shop)

        sent = await _send(pipeline, chain[0])

        due = Due(chain[1], shop.instagram_id, TraceId("0" * 32))
        assert deliveries.Sent((due,)) == sent
        assert ["sent", "ready", "waiting"] == await _states(owner, chain)
        assert await deliveries.claim(pipeline, chain[1], owner="me", lease_s=30) is not None

    async def test_the_next_one_is_for_later(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """One whose time has not come is parked until then, and nobody is told."""
        later = now() + timedelta(hours=1)
        chain = await _chain(pipeline, shop, 2, not_before=later)

        assert deliveries.Sent(()) == await _send(pipeline, chain[0])
        assert ["sent", "parked"] == await _states(owner, chain)
        row = await owner.fetchrow("select not_before from public.deliveries where id=$1", chain[1])
        assert row is not None
        assert later == row["not_before"]

    async def test_after_its_lease(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """While it is uncertain whether one was sent the others wait; if it was, they go on."""
        chain = await _chain(pipeline, shop, 2)
        await deliveries.claim(pipeline, chain[0], owner="me", lease_s=0)
        await pacing.expire_leases(pipeline)
        assert ["uncertain", "waiting"] == await _states(owner, chain)

        sent = await deliveries.record_sent(pipeline, chain[0], owner="me", message_id="mid.1")

        assert sent is not None
        assert [chain[1]] == [one.delivery_id for one in sent.due]

    async def test_what_is_done_once(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What has no message is sent too, and whoever lost it says nothing."""
        webhook = await owe(pipeline, shop, kind="webhook", comment_id=None)
        await deliveries.claim(pipeline, webhook, owner="me", lease_s=30)

        assert await deliveries.record_done(pipeline, webhook, owner="you") is None
        assert deliveries.Sent(()) == await deliveries.record_done(pipeline, webhook, owner="me")
        assert await state_of(owner, webhook) == "sent"


class TestNotSent:
    @pytest.mark.parametrize("state", ["refused", "expired"])
    async def test_all_that_follows(
        self, owner: Database, pipeline: Database, shop: Shop, state: str
    ) -> None:
        """What is not sent takes everything after it along, and says why; no other chain."""
        chain, other = await _chain(pipeline, shop, 4), await _chain(pipeline, shop, 2)
        await deliveries.claim(pipeline, chain[0], owner="me", lease_s=30)

        assert await SETTLE[state](pipeline, chain[0], "me")

        assert [state, *["cancelled"] * 3] == await _states(owner, chain)
        assert ["ready", "waiting"] == await _states(owner, other)
        rows = await owner.fetch(
            "select distinct reason from public.deliveries where state = 'cancelled'"
        )
        assert ["earlier_not_sent"] == [row["reason"] for row in rows]

    @pytest.mark.parametrize("state", ["uncertain", "parked"])
    async def test_what_has_not_ended(
        self, owner: Database, pipeline: Database, shop: Shop, state: str
    ) -> None:
        """While one may still be sent, what follows waits."""
        chain = await _chain(pipeline, shop)
        await deliveries.claim(pipeline, chain[0], owner="me", lease_s=30)

        await SETTLE[state](pipeline, chain[0], "me")

        assert [state, "waiting", "waiting"] == await _states(owner, chain)

    async def test_by_somebody_else(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Who does not have it neither releases nor cancels what follows."""
        chain = await _chain(pipeline, shop)
        await deliveries.claim(pipeline, chain[0], owner="me", lease_s=30)

        for settle in SETTLE.values():
            assert not await settle(pipeline, chain[0], "you")

        assert ["sending", "waiting", "waiting"] == await _states(owner, chain)

    async def test_past_its_deadline(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What the pacer expires takes along what follows; what is overdue itself, expires."""
        chain = await _chain(pipeline, shop, 4)
        await owner.execute(
            "update public.deliveries set deadline = now() - interval '1 s' where id = any ($1)",
            [chain[0], chain[2]],
        )

        expired = await pacing.expire_overdue(pipeline)

        assert {chain[0], chain[2]} == {one.delivery_id for one in expired}
        assert ["expired", "cancelled", "expired", "cancelled"] == await _states(owner, chain)

    async def test_many_pacers(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Pacers that expire chains at once end every delivery, and never in a circle."""
        chains = [await _chain(pipeline, shop, 5) for _ in range(8)]
        await owner.execute("update public.deliveries set deadline = now() - interval '1 s'")

        async with asyncio.timeout(30):
            while await _open(owner):
                await asyncio.gather(*(pacing.expire_overdue(pipeline, limit=7) for _ in range(5)))

        ended = {state for chain in chains for state in await _states(owner, chain)}
        assert ended <= {"expired", "cancelled"}


async def _open(owner: Database) -> int:
    row = await owner.fetchrow(
        "select count(*) as n from public.deliveries"
        " where state in ('waiting', 'parked', 'ready', 'sending')"
    )
    assert row is not None
    return int(row["n"])


class TestStranded:
    @pytest.mark.parametrize(
        ("earlier", "state"),
        [
            ("sent", "ready"),
            ("refused", "cancelled"),
            ("expired", "cancelled"),
            ("cancelled", "cancelled"),
            ("ready", "waiting"),
            ("uncertain", "waiting"),
        ],
    )
    async def test_an_end_nobody_saw(
        self, owner: Database, pipeline: Database, shop: Shop, earlier: str, state: str
    ) -> None:
        """What waits for something that ended without it is moved as it would have been."""
        chain = await _chain(pipeline, shop, 2)
        await force(owner, chain[0], earlier)

        due = await pacing.settle_waiting(pipeline)

        assert [earlier, state] == await _states(owner, chain)
        assert ([chain[1]] if state == "ready" else []) == [one.delivery_id for one in due]

    async def test_for_later(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """One whose time has not come is parked."""
        chain = await _chain(pipeline, shop, 2, not_before=now() + timedelta(hours=1))
        await force(owner, chain[0], "sent")

        assert [] == await pacing.settle_waiting(pipeline)
        assert ["sent", "parked"] == await _states(owner, chain)

    async def test_after_a_second_private_reply(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """What follows a private reply that another event's took the place of is cancelled."""
        same = CommentId("17900")
        await owe(pipeline, shop, comment_id=same)
        event = event_id("c:2")
        second = draft(shop, event, comment_id=same)
        follows = draft(
            shop, event, step="1", kind="message", person_id=PersonId("77"), after_id=second.id
        )
        await record(pipeline, [recorded(shop, "c:2", deliveries=(second, follows))])

        await pacing.settle_waiting(pipeline)

        assert await state_of(owner, follows.id) == "cancelled"
