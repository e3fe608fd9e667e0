"""What campaigns come to, and that each number can be opened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest

from switchboard.contracts import CampaignId
from switchboard.db import tenancy
from switchboard.db.pool import Database
from tests.integration.cli.past import open_past
from tests.integration.control.house import House
from tests.integration.db.month import NOON, Month
from tests.integration.db.town import Shop, definition, open_shop
from tests.integration.db.users import hire

STAGES: Final = ("came", "matched", "sent", "tapped", "clicked", "late", "waiting", "lost")


def path(shop: Shop, query: str = "from=2026-11-01&to=2026-11-30") -> str:
    """Return the address of a workspace's funnel."""
    return f"/v1/workspaces/{shop.workspace}/analytics/funnel?{query}"


@pytest.fixture
async def month(owner: Database, shop: Shop) -> Month:
    """A month of the shop's, in which nothing has happened."""
    return Month(owner, shop)


def numbers(told: Mapping[str, Any]) -> dict[str, int]:
    """Return the numbers that are not 0."""
    return {stage: told[stage] for stage in STAGES if told[stage]}


class TestNumbers:
    async def test_each_is_part_of_another(self, house: House, month: Month, shop: Shop) -> None:
        """Some got further than others; what went on is counted where it began."""
        viewer = await house.member(shop, "viewer")
        minute = timedelta(minutes=1)
        await month.come("1", answer=None)
        await month.come("2", because="no_keyword_matched", answer=None, outcome="ignored")
        await month.come("3")
        await month.come("4")
        later = await month.tap("4", NOON + minute)
        await month.click("4", later, NOON + 2 * minute)
        await month.click("4", later, NOON + 3 * minute)
        first = await month.come("5")
        await month.click("5", first, NOON + minute)
        await month.come("6", sent_at=NOON + 6 * minute)
        await month.come("7", answer="parked")
        await month.come("8", answer="uncertain")
        await month.come("9", answer="refused")
        answer = await viewer.get(path(shop))

        assert 200 == answer.status, answer.text
        nobody, link = sorted(answer.body["days"], key=lambda one: one["campaign"] or "")
        assert (None, {"came": 1}) == (nobody["campaign"], numbers(nobody))
        assert ("link", "2026-11-20") == (link["campaign"], link["day"])
        assert {
            "came": 7,
            "matched": 7,
            "sent": 4,
            "tapped": 1,
            "clicked": 2,
            "late": 1,
            "waiting": 2,
            "lost": 1,
        } == numbers(link)
        assert 8 == answer.body["total"]["came"]

    async def test_somebody_who_comes_twice(self, house: House, month: Month, shop: Shop) -> None:
        """A tap is of the last time they came before it, and of no other."""
        viewer = await house.member(shop, "viewer")
        day = timedelta(days=1)
        await month.come("1", NOON)
        await month.come("1", NOON + day)
        later = await month.tap("1", NOON + day + timedelta(minutes=1))
        await month.click("1", later, NOON + 2 * day)
        found = (await viewer.get(path(shop))).body["days"]

        assert [
            ("2026-11-20", {"came": 1, "matched": 1, "sent": 1}),
            (
                "2026-11-21",
                {"came": 1, "matched": 1, "sent": 1, "tapped": 1, "clicked": 1},
            ),
        ] == [(one["day"], numbers(one)) for one in found]

    async def test_days_are_the_accounts(
        self, house: House, owner: Database, month: Month, shop: Shop
    ) -> None:
        """By its time zone: a day begins at its midnight, and may have 23 or 25 hours."""
        await owner.execute(
            "update public.instagram_accounts set time_zone = 'America/New_York' where id = $1",
            shop.account,
        )
        for at in ("2026-11-01T03:59Z", "2026-11-01T04:00Z", "2026-11-02T04:59Z"):
            await month.come("1", datetime.fromisoformat(at), answer=None)
        viewer = await house.member(shop, "viewer")
        (day,) = (await viewer.get(path(shop, "from=2026-11-01&to=2026-11-01"))).body["days"]

        assert 2 == day["came"]
        assert ("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z") == (
            day["begins_at"],
            day["ends_at"],
        )

    async def test_of_one_campaign(
        self, house: House, owner: Database, month: Month, shop: Shop
    ) -> None:
        """Only what it answered is counted; of another account nothing is."""
        price = CampaignId(uuid4())
        await tenancy.publish_campaign(
            owner,
            price,
            workspace=shop.workspace,
            account=shop.account,
            name="price",
            rank=2,
            definition=definition("price"),
        )
        await month.come("1")
        await month.come("2", campaign=price)
        viewer = await house.member(shop, "viewer")
        dates = "from=2026-11-01&to=2026-11-30"
        one = (await viewer.get(path(shop, f"{dates}&campaign_id={price}"))).body
        none = (await viewer.get(path(shop, f"{dates}&account_id={uuid4()}"))).body

        assert [("price", 1)] == [(day["campaign"], day["sent"]) for day in one["days"]]
        assert ([], 0) == (none["days"], none["total"]["came"])

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("from=2026-11-02&to=2026-11-01", "/to"),
            ("from=2026-01-01&to=2026-11-01", "/to"),
            ("from=2026-11-01", "/to"),
            ("from=yesterday&to=2026-11-01", "/from"),
        ],
    )
    async def test_days_that_are_none(
        self, house: House, shop: Shop, query: str, pointer: str
    ) -> None:
        """A range that ends before it begins, or is too long, is told so."""
        viewer = await house.member(shop, "viewer")
        answer = await viewer.get(path(shop, query))

        assert (422, pointer) == (answer.status, answer.body["errors"][0]["pointer"])


class TestOpening:
    async def test_each_number_can_be_opened(self, house: House, owner: Database) -> None:
        """What a day's address lists for a stage is as many events as the number says."""
        past = await open_past(owner)
        await past.play(150, NOON)
        await owner.execute(
            """
            update public.deliveries set state = 'sending', lease_owner = 'a', lease_until = now()
             where id::text < '8' and state = 'ready' and kind <> 'timer'
            """
        )
        await owner.execute(
            "update public.deliveries set state = 'sent', sent_at = now() where state = 'sending'"
        )
        campaign = next(iter(past.campaigns.values()))
        shop = Shop(past.workspace, past.account, past.instagram_id, "shop", campaign)
        viewer = house.of(await hire(owner, shop, "viewer"))
        found = (await viewer.get(path(shop))).body

        opened = 0
        for day in found["days"]:
            for stage in STAGES:
                listed = await viewer.get(f"{day['events']}&stage={stage}&limit=100")
                assert 200 == listed.status, listed.text
                assert day[stage] == len(listed.body["items"]), (stage, day)
                opened += len(listed.body["items"])
        assert found["total"]["sent"] > 0
        assert found["total"]["waiting"] > 0
        assert opened == sum(found["total"].values())

    async def test_a_stage_without_days(self, house: House, shop: Shop) -> None:
        """How far things got is looked up from some moment on, not since the beginning."""
        viewer = await house.member(shop, "viewer")
        answer = await viewer.get(f"/v1/workspaces/{shop.workspace}/activity?stage=sent")

        assert (422, "/from") == (answer.status, answer.body["errors"][0]["pointer"])


class TestWhoMay:
    async def test_strangers_and_others(
        self, house: House, owner: Database, month: Month, shop: Shop
    ) -> None:
        """Strangers find nothing; one's own numbers have nothing of another tenant's."""
        await month.come("1")
        other = await open_shop(owner)
        stranger, neighbour = await house.newcomer(), await house.member(other, "owner")
        dates = "from=2026-11-01&to=2026-11-30"
        theirs = await neighbour.get(path(other, f"{dates}&account_id={shop.account}"))

        assert 404 == (await stranger.get(path(shop))).status
        assert 404 == (await neighbour.get(path(shop))).status
        assert (200, []) == (theirs.status, theirs.body["days"])
