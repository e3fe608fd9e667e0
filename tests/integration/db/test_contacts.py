"""What is remembered of people, as it is stored and found again."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from switchboard.contracts import CampaignId, DeliveryId, EventId, MediaId, PersonId
from switchboard.db import contacts, rules
from switchboard.db.errors import QueryFailed
from switchboard.db.ledger import record
from switchboard.db.pool import Database
from switchboard.rules.contact import AnsweredBefore, Contact, Flow
from tests.integration.db.town import SOMEBODY, Shop, kept, now, open_shop, recorded


def _known_well() -> Contact:
    """Return a contact of whom everything is known."""
    event, campaign = EventId(uuid4()), CampaignId(uuid4())
    return Contact(
        revision=1,
        paused_until=now() + timedelta(hours=1),
        paused_by=event,
        opted_out_at=now(),
        tags=("vip", "São Paulo"),
        follows=True,
        follows_at=now(),
        email="ana@example.com",
        phone="+351 911 111 111",
        fields={"size": "M\x00", "color": "blue"},
        flows=(
            Flow(
                campaign_id=campaign,
                version=3,
                step=2,
                awaits="answer",
                since=now(),
                event_id=event,
                timer=DeliveryId(uuid4()),
                tries=1,
            ),
        ),
        answered=(
            AnsweredBefore(
                campaign_id=campaign,
                media_id=MediaId("18000000000000001"),
                at=now(),
                event_id=event,
            ),
            AnsweredBefore(campaign_id=campaign, media_id=None, at=now(), event_id=event),
        ),
    )


class TestLoading:
    async def test_all_that_is_known(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What was recorded of a person is what is loaded, with the window; a NUL is replaced."""
        closes = now() + timedelta(hours=24)
        whole = _known_well()
        event = recorded(shop, "m:1", inbound=True, window_closes_at=closes)
        await record(pipeline, [event], [kept(shop, 0, whole)])

        loaded = await contacts.load(pipeline, [(shop.account, SOMEBODY)])

        expected = {
            **{name: getattr(whole, name) for name in Contact.__slots__},
            "window_closes_at": closes,
            "fields": {"size": "M\ufffd", "color": "blue"},
        }
        assert {(shop.account, SOMEBODY): Contact(**expected)} == loaded

    async def test_who_is_known(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Strangers are missing, and one account's people are not another's."""
        other = await open_shop(owner)
        await record(pipeline, [recorded(shop, "m:1")])
        stranger = PersonId("404")

        loaded = await contacts.load(
            pipeline,
            [(shop.account, stranger), (shop.account, SOMEBODY), (other.account, SOMEBODY)],
        )

        assert {(shop.account, SOMEBODY): Contact()} == loaded
        assert {} == await contacts.load(pipeline, [])

    async def test_what_cannot_be_read(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A flow this release cannot read is an error, not a person without a flow."""
        await record(pipeline, [recorded(shop, "m:1")])
        await owner.execute("""update public.contacts set flows = '[{"step": "secret"}]'""")

        with pytest.raises(QueryFailed, match="cannot be read") as caught:
            await contacts.load(pipeline, [(shop.account, SOMEBODY)])

        assert "secret" not in str(caught.value)

    async def test_of_the_right_shape(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Fields are an object, flows and answers arrays, whoever writes them."""
        await record(pipeline, [recorded(shop, "m:1")])

        for column, value in [("fields", "[]"), ("flows", "{}"), ("answered", "1")]:
            with pytest.raises(QueryFailed, match=f"contacts_{column}_check"):
                await owner.execute(f"update public.contacts set {column} = '{value}'")


class TestNaming:
    async def test_a_name_learnt(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """What the sender learns is kept, nothing is forgotten, and decisions stay valid."""
        await record(pipeline, [recorded(shop, "m:1")])

        for name, username in [("Ana", None), (None, "ana.m"), ("", "")]:
            await contacts.name_person(
                pipeline, shop.account, SOMEBODY, name=name, username=username
            )

        row = await owner.fetchrow("select name, username, revision from public.contacts")
        assert row is not None
        assert ("Ana", "ana.m", 0) == (row["name"], row["username"], row["revision"])

    async def test_a_strangers(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Nobody becomes known by their name alone."""
        await contacts.name_person(
            pipeline, shop.account, PersonId("404"), name="Ana", username=None
        )

        assert [] == await owner.fetch("select 1 from public.contacts")


async def test_no_rules_change(pipeline: Database, shop: Shop) -> None:
    """What happens to people makes nobody load the rules again."""
    before = await rules.versions(pipeline, [shop.instagram_id])

    await record(pipeline, [recorded(shop, "m:1")], [kept(shop, 0, Contact(revision=1))])
    await contacts.name_person(pipeline, shop.account, SOMEBODY, name="Ana", username=None)
    await rules.keep_book(pipeline, shop.account, shop.workspace, 1, "{}")

    assert before == await rules.versions(pipeline, [shop.instagram_id])
