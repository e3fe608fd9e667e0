"""Deliveries as a sender takes and settles them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from switchboard.contracts import DeliveryId, EventId, PersonId
from switchboard.db import contacts, credentials, deliveries, pacing
from switchboard.db.credentials import Vault
from switchboard.db.deliveries import MetaAnswer, claim
from switchboard.db.ledger import record
from switchboard.db.pool import Database
from switchboard.rules.contact import Contact
from switchboard.rules.states import BECOMES
from tests.integration.db.town import Shop, force, hold, kept, now, owe, recorded, state_of

Settle = Callable[[Database, DeliveryId, str], Awaitable[bool]]


async def _sent(db: Database, delivery: DeliveryId, owner: str) -> bool:
    sent = await deliveries.record_sent(db, delivery, owner=owner, message_id="mid.1")
    return sent is not None


async def _refused(db: Database, delivery: DeliveryId, owner: str) -> bool:
    return await deliveries.record_refused(db, delivery, owner=owner, reason="blocked")


async def _uncertain(db: Database, delivery: DeliveryId, owner: str) -> bool:
    return await deliveries.record_uncertain(db, delivery, owner=owner, reason="timed_out")


async def _expired(db: Database, delivery: DeliveryId, owner: str) -> bool:
    return await deliveries.record_expired(db, delivery, owner=owner, reason="window_closed")


async def _parked(db: Database, delivery: DeliveryId, owner: str) -> bool:
    return await deliveries.park(db, delivery, owner=owner, after_s=60, reason="throttled")


SETTLE: dict[str, Settle] = {
    "sent": _sent,
    "refused": _refused,
    "uncertain": _uncertain,
    "expired": _expired,
    "parked": _parked,
}


async def _claimed(pipeline: Database, shop: Shop, *, lease_s: float = 30) -> DeliveryId:
    """Return a delivery that `me` is sending."""
    delivery = await owe(pipeline, shop)
    await claim(pipeline, delivery, owner="me", lease_s=lease_s)
    return delivery


class TestClaiming:
    async def test_twenty_at_once(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """However many take it at once, one has it."""
        delivery = await owe(pipeline, shop)

        claims = await asyncio.gather(
            *(claim(pipeline, delivery, owner=f"sender {n}", lease_s=30) for n in range(20))
        )

        assert [1] == [taken.attempts for taken in claims if taken is not None]
        assert await state_of(owner, delivery) == "sending"

    async def test_a_conversation_keeps_its_order(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A message learns that an earlier one to its person is on its way, in whichever state."""
        whole = {"kind": "message", "person_id": PersonId("7")}
        first, later = [await owe(pipeline, shop, **whole) for _ in range(2)]
        others = await owe(pipeline, shop, kind="message", person_id=PersonId("99"))
        seen = {}
        for state in BECOMES:
            await force(owner, first, state)
            await force(owner, later, "ready")
            taken = await claim(pipeline, later, owner="me", lease_s=30)
            assert taken is not None
            seen[state] = taken.behind
        await force(owner, first, "ready")
        free = [await claim(pipeline, one, owner="me", lease_s=30) for one in (first, others)]

        assert {"ready", "sending"} == {state for state, behind in seen.items() if behind}
        assert [False, False] == [one.behind for one in free if one is not None]

    async def test_all_a_sender_needs(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """The delivery comes with its account as it is now, and its token."""
        vault = Vault({"k1": b"k" * 32})
        await credentials.store(owner, shop.account, vault.seal("IGAA", shop.account), None)
        held = await hold(pipeline, shop)
        assert held is not None
        delivery = await owe(pipeline, shop)

        taken = await claim(pipeline, delivery, owner="me", lease_s=30)

        assert taken is not None
        assert (shop.workspace, shop.account, shop.instagram_id, shop.campaign) == (
            taken.workspace_id,
            taken.account,
            taken.instagram_id,
            taken.campaign_id,
        )
        assert ("connected", held.until, "policy_block", 1) == (
            taken.status,
            taken.held_until,
            taken.hold_reason,
            taken.holds,
        )
        assert (False, False) == (taken.proven, taken.alerts_end)
        assert (720, 50) == (taken.private_replies_per_hour, taken.sends_per_second)
        assert {"text": "Here you are"} == taken.content
        assert taken.credential is not None
        assert vault.open(taken.credential, taken.account) == "IGAA"

    async def test_whom_it_is_for(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What is known of the person at this moment comes with it."""
        person, closes = PersonId("77"), now() + timedelta(hours=20)
        pause, event = now() + timedelta(hours=1), EventId(uuid4())
        met = recorded(
            shop,
            "m:1",
            answered=False,
            person_id=person,
            username="ana.m",
            inbound=True,
            window_closes_at=closes,
        )
        after = Contact(
            revision=1,
            paused_until=pause,
            paused_by=event,
            opted_out_at=pause,
            email="ana@example.com",
            phone="+351",
            fields={"size": "M"},
        )
        await record(pipeline, [met], [kept(shop, 0, after, person=person)])
        await contacts.name_person(pipeline, shop.account, person, name="Ana", username=None)
        delivery = await owe(pipeline, shop, kind="message", person_id=person)

        taken = await claim(pipeline, delivery, owner="me", lease_s=30)

        assert taken is not None
        assert (pause, event, pause, closes) == (
            taken.paused_until,
            taken.paused_by,
            taken.opted_out_at,
            taken.window_closes_at,
        )
        assert ("Ana", "ana.m", "ana@example.com", "+351", {"size": "M"}) == (
            taken.name,
            taken.username,
            taken.email,
            taken.phone,
            taken.fields,
        )

    async def test_for_a_stranger(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Without a person, or a contact, nothing is known of them."""
        await record(pipeline, [recorded(shop, "m:1", username="somebody")])
        await owner.execute('update public.contacts set fields = \'{"size": "M"}\'')
        nobody = await owe(pipeline, shop)
        stranger = await owe(pipeline, shop, kind="message", person_id=PersonId("404"))

        for delivery in (nobody, stranger):
            taken = await claim(pipeline, delivery, owner="me", lease_s=30)
            assert taken is not None
            assert (None, None, {}) == (taken.username, taken.window_closes_at, taken.fields)

    async def test_without_a_token(self, pipeline: Database, shop: Shop) -> None:
        """An account whose token was never stored is told apart, not an error."""
        delivery = await owe(pipeline, shop)

        taken = await claim(pipeline, delivery, owner="me", lease_s=30)

        assert taken is not None
        assert taken.credential is None

    async def test_a_parked_one(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A message that came too early takes nothing."""
        delivery = await owe(pipeline, shop, state="parked")

        assert await claim(pipeline, delivery, owner="me", lease_s=30) is None
        assert await state_of(owner, delivery) == "parked"

    async def test_an_unknown_one(self, pipeline: Database) -> None:
        """A message that names no delivery is done."""
        assert await claim(pipeline, DeliveryId(uuid4()), owner="me", lease_s=30) is None


class TestSettling:
    async def test_by_its_owner(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What its sender says is what is stored."""
        stored = {}
        for state, settle in SETTLE.items():
            delivery = await _claimed(pipeline, shop)
            assert await settle(pipeline, delivery, "me")
            stored[state] = await state_of(owner, delivery)

        assert {state: state for state in SETTLE} == stored

    async def test_by_somebody_else(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Whoever does not have it decides nothing about it."""
        delivery = await _claimed(pipeline, shop)

        taken = [await settle(pipeline, delivery, "you") for settle in SETTLE.values()]

        assert [False] * len(SETTLE) == taken
        assert await state_of(owner, delivery) == "sending"

    async def test_after_it_was_sent(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What was sent stays sent, with the first message's id."""
        delivery = await _claimed(pipeline, shop)
        await deliveries.record_sent(pipeline, delivery, owner="me", message_id="mid.first")

        taken = [await settle(pipeline, delivery, "me") for settle in SETTLE.values()]

        assert [False] * len(SETTLE) == taken
        row = await owner.fetchrow("select state, message_id from public.deliveries")
        assert row is not None
        assert ("sent", "mid.first") == (row["state"], row["message_id"])

    async def test_an_answer_after_the_lease(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Meta's answer settles an uncertain one even late; what is no answer does not."""
        stored = {}
        for state, settle in SETTLE.items():
            delivery = await _claimed(pipeline, shop, lease_s=0)
            await pacing.expire_leases(pipeline)
            taken = await settle(pipeline, delivery, "me")
            stored[state] = (taken, await state_of(owner, delivery))

        doubt = (False, "uncertain")
        assert {
            "sent": (True, "sent"),
            "refused": (True, "refused"),
            "uncertain": doubt,
            "expired": doubt,
            "parked": doubt,
        } == stored

    async def test_what_meta_said(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Code, subcode and trace of Meta's answer are kept with the outcome."""
        delivery = await _claimed(pipeline, shop)

        await deliveries.record_refused(
            pipeline,
            delivery,
            owner="me",
            reason="refused",
            answer=MetaAnswer(code=10, subcode=2534022, fbtrace_id="Abc"),
        )

        row = await owner.fetchrow("select * from public.deliveries")
        assert row is not None
        assert (10, 2534022, "Abc", "refused") == (
            row["graph_code"],
            row["graph_subcode"],
            row["fbtrace_id"],
            row["reason"],
        )

    async def test_whom_it_reached(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A private reply makes a person known, and its message findable."""
        delivery = await _claimed(pipeline, shop)

        await deliveries.record_sent(
            pipeline, delivery, owner="me", message_id="mid.1", recipient_id=PersonId("77")
        )

        row = await owner.fetchrow("select * from public.deliveries")
        assert row is not None
        assert ("mid.1", "77") == (row["message_id"], row["recipient_id"])
        assert row["sent_at"] is not None


class TestParking:
    async def test_an_attempt_that_counts(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Waiting our turn does not use up attempts; a failure does."""
        for counts, attempts in [(False, 0), (True, 1)]:
            delivery = await _claimed(pipeline, shop)

            await deliveries.park(
                pipeline, delivery, owner="me", after_s=5, reason="why", counts=counts
            )

            row = await owner.fetchrow("select * from public.deliveries where id=$1", delivery)
            assert row is not None
            assert (attempts, "why", None) == (row["attempts"], row["reason"], row["lease_owner"])
            assert timedelta(seconds=5) == row["not_before"] - row["updated_at"]

    async def test_one_that_is_ready(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What nobody has taken can be put off until a moment."""
        delivery, until = await owe(pipeline, shop), now() + timedelta(hours=1)

        assert await deliveries.park(pipeline, delivery, until=until, reason="held")

        row = await owner.fetchrow("select * from public.deliveries")
        assert row is not None
        assert ("parked", until) == (row["state"], row["not_before"])

    async def test_needs_one_time(self, pipeline: Database) -> None:
        """Neither and both are mistakes of the caller."""
        nowhere = DeliveryId(uuid4())
        with pytest.raises(ValueError, match="either after_s or until"):
            await deliveries.park(pipeline, nowhere, reason="held")
        with pytest.raises(ValueError, match="either after_s or until"):
            await deliveries.park(pipeline, nowhere, reason="held", after_s=1, until=now())
