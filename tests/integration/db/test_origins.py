"""Whose an echo or a click is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from switchboard.contracts import DeliveryId, MessageId, PersonId
from switchboard.db import deliveries, origins
from switchboard.db.origins import Traced, Unanswered
from switchboard.db.pool import Database
from switchboard.rules.contact import Origin
from tests.integration.db.town import Shop, force, open_shop, owe

ANA, BO = PersonId("1"), PersonId("2")
MID = MessageId("mid.1")


async def _message(db: Database, shop: Shop, person: PersonId = ANA, **fields: Any) -> DeliveryId:
    return await owe(
        db, shop, **{"kind": "message", "person_id": person, "comment_id": None} | fields
    )


def told(traced: Sequence[Traced]) -> list[str]:
    """Return whose each echo is, as far as the deliveries say."""
    return ["ours" if one.ours else "pending" if one.unanswered else "foreign" for one in traced]


class TestEchoes:
    async def test_of_what_we_sent(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A message with the id of a delivery is ours; anything else, and elsewhere, is not."""
        other = (await open_shop(owner)).account
        delivery = await _message(pipeline, shop)
        await deliveries.claim(pipeline, delivery, owner="me", lease_s=30)
        await deliveries.record_sent(pipeline, delivery, owner="me", message_id=MID)

        found = await origins.of_echoes(
            pipeline,
            [
                (shop.account, MessageId("mid.2"), ANA),
                (shop.account, MID, ANA),
                (other, MID, ANA),
                (shop.account, MID, BO),
            ],
        )

        assert ["foreign", "ours", "foreign", "ours"] == told(found)
        assert [] == await origins.of_echoes(pipeline, [])

    @pytest.mark.parametrize(
        ("state", "origin"),
        [
            ("ready", "foreign"),
            ("sending", "pending"),
            ("uncertain", "pending"),
            ("refused", "foreign"),
        ],
    )
    async def test_before_metas_answer(
        self, owner: Database, pipeline: Database, shop: Shop, state: str, origin: str
    ) -> None:
        """While a call to that person is under way nobody can say whose a message to them is."""
        await force(owner, await _message(pipeline, shop), state)

        found = await origins.of_echoes(
            pipeline, [(shop.account, MID, ANA), (shop.account, MID, BO)]
        )

        assert [origin, "foreign"] == told(found)

    async def test_what_an_unanswered_one_says(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Its content comes with it, and what is known of its person, to compare the echo with."""
        await owner.execute(
            """
            insert into public.contacts (account_id, workspace_id, person_id, first_seen_at, name,
                                         email, fields)
            values ($1, $2, $3, now(), 'Ana', 'a@b.c', '{"size": "M"}')
            """,
            shop.account,
            shop.workspace,
            ANA,
        )
        await force(owner, await _message(pipeline, shop), "uncertain")

        (found,) = await origins.of_echoes(pipeline, [(shop.account, MID, ANA)])

        assert (
            Unanswered(
                state="uncertain",
                kind="message",
                content={"text": "Here you are"},
                name="Ana",
                email="a@b.c",
                fields={"size": "M"},
            ),
        ) == found.unanswered

    async def test_an_answer_that_came(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A call whose message is known is no reason to wait for another message."""
        delivery = await _message(pipeline, shop)
        await force(owner, delivery, "uncertain")
        await owner.execute("update public.deliveries set message_id = 'mid.9'")

        found = await origins.of_echoes(pipeline, [(shop.account, MID, ANA)])

        assert ["foreign"] == told(found)

    async def test_a_reply_to_a_comment(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Somebody known by a comment alone may be anybody; a public reply has no echo."""
        public = await owe(pipeline, shop, kind="public_reply")
        lookup = await owe(pipeline, shop, kind="lookup", person_id=ANA)
        for delivery in (public, lookup):
            await force(owner, delivery, "sending")
        echo = [(shop.account, MID, ANA)]
        assert ["foreign"] == told(await origins.of_echoes(pipeline, echo))

        await force(owner, await owe(pipeline, shop), "sending")

        assert ["pending"] == told(await origins.of_echoes(pipeline, echo))


class TestClicks:
    async def test_in_a_message(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A click belongs to the delivery's person and step, within its own account."""
        other = (await open_shop(owner)).account
        delivery, unknown = await _message(pipeline, shop, step="3"), DeliveryId(uuid4())
        clicks = [(other, delivery), (shop.account, unknown), (shop.account, delivery)]

        found = await origins.of_clicks(pipeline, clicks)

        expected = Origin(
            ours=True, person_id=ANA, campaign_id=shop.campaign, campaign_version=1, step="3"
        )
        assert {(shop.account, delivery): expected} == found
        assert {} == await origins.of_clicks(pipeline, [])

    async def test_in_a_private_reply(self, pipeline: Database, shop: Shop) -> None:
        """Whom a private reply reached is whom Meta said, not who commented."""
        delivery = await owe(pipeline, shop, person_id=ANA)
        await deliveries.claim(pipeline, delivery, owner="me", lease_s=30)
        await deliveries.record_sent(
            pipeline, delivery, owner="me", message_id=MID, recipient_id=BO
        )

        found = await origins.of_clicks(pipeline, [(shop.account, delivery)])

        assert BO == found[shop.account, delivery].person_id
