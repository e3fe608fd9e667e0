"""The ledger as the command line tools read it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from switchboard.contracts import AccountId, EventId
from switchboard.contracts.ids import event_id
from switchboard.db import deliveries, history
from switchboard.db.ledger import record
from switchboard.db.pool import Database
from tests.integration.db.town import SOMEBODY, Shop, draft, now, open_shop, recorded


class TestOneEvent:
    async def test_with_all_that_came_of_it(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An event comes with its decision, its campaigns' names, and how its deliveries stand."""
        event = event_id("c:1")
        first = draft(shop, event)
        second = draft(shop, event, step="1", kind="public_reply", after_id=first.id)
        one = recorded(
            shop,
            "c:1",
            deliveries=(first, second),
            decision='{"rules_version": 7, "because": "keyword"}',
            event='{"text": "LINK"}',
        )
        await record(pipeline, [one])
        await deliveries.claim(pipeline, first.id, owner="me", lease_s=30)
        await deliveries.record_refused(pipeline, first.id, owner="me", reason="blocked")

        told = await history.event(owner, event)

        assert told is not None
        assert (7, {"rules_version": 7, "because": "keyword"}) == (
            told.past.rules_version,
            told.past.decision,
        )
        assert (shop.account, SOMEBODY, "matched", {"text": "LINK"}) == (
            told.past.account,
            told.past.person_id,
            told.past.outcome,
            told.past.event,
        )
        assert ({shop.campaign: "link"}, shop.username) == (told.campaigns, told.username)
        assert [("refused", "blocked", None), ("cancelled", "earlier_not_sent", first.id)] == [
            (each.state, each.reason, each.after_id) for each in told.deliveries
        ]

    async def test_of_nobodys_account(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An event of an account nobody connected is told too; one that is unknown is not."""
        stray = recorded(
            shop,
            "c:stray",
            answered=False,
            workspace_id=None,
            account=None,
            instagram_id=AccountId("99"),
        )
        await record(pipeline, [stray])

        told = await history.event(owner, stray.event_id)

        assert told is not None
        assert (None, {}, None) == (told.past.account, told.campaigns, told.past.rules_version)
        assert await history.event(owner, event_id("unknown")) is None


class TestAllEvents:
    async def _read(self, owner: Database, account: UUID | None = None) -> list[EventId]:
        since = now() - timedelta(days=30)
        past = history.events(owner, account=account, since=since, batch=3)
        return [one.event_id async for one in past]

    async def test_in_order_and_in_pages(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Every event comes once, oldest first, also when many were received in one moment."""
        moment = now() - timedelta(hours=1)
        batch = [
            recorded(shop, f"c:{n}", received_at=moment + timedelta(seconds=n // 4))
            for n in range(10)
        ]
        await record(pipeline, batch)

        told = await self._read(owner)

        inorder = sorted(batch, key=lambda one: (one.received_at, one.event_id))
        assert [one.event_id for one in inorder] == told

    async def test_of_an_account_and_a_time(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An account's events are its own; the beginning counts, the end does not."""
        other = await open_shop(owner)
        moments = {f"c:{day}": now() - timedelta(days=day) for day in (1, 2, 3)}
        await record(
            pipeline, [recorded(shop, name, received_at=at) for name, at in moments.items()]
        )
        await record(pipeline, [recorded(other, "c:other")])

        assert [event_id(f"c:{day}") for day in (3, 2, 1)] == await self._read(owner, shop.account)
        between = [
            one.event_id
            async for one in history.events(
                owner, account=shop.account, since=moments["c:3"], until=moments["c:1"]
            )
        ]
        assert [event_id("c:3"), event_id("c:2")] == between
        assert 4 == len(await self._read(owner))
