"""Forecasts: one process at an account, those who wait in their order, and what is stored."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from switchboard.db import deliveries, forecasts
from switchboard.db.pool import Database
from switchboard.rules.forecast import micros_of
from switchboard.rules.outlook import Outlook
from tests.integration.db.queues import (
    add_campaign,
    next_of,
    one_round,
    serve_first,
    wait,
)
from tests.integration.db.town import Shop, now, open_shop, owe

STALE = timedelta(seconds=20)
LEASE = timedelta(minutes=1)


async def claimed(db: Database) -> UUID | None:
    """Return the account that a claim gets, if it gets one."""
    account = await forecasts.claim(db, older_than=STALE, lease=LEASE)
    return None if account is None else account.id


async def rows(owner: Database, shop: Shop) -> dict[UUID | None, Any]:
    """Return what is stored of a shop: of the account, and of each campaign."""
    found = await owner.fetch(
        "select * from public.delivery_forecasts where account_id = $1", shop.account
    )
    return {row["campaign_id"]: row for row in found}


class TestClaiming:
    async def test_nobody_waits(self, pipeline: Database, shop: Shop) -> None:
        """An account where nobody waits needs no forecast; nor do people who are not in a queue."""
        await owe(pipeline, shop, lane="live", state="parked")
        await owe(pipeline, shop, kind="public_reply", state="parked")

        assert await claimed(pipeline) is None

    async def test_one_at_a_time(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Of many processes that ask at once, one gets an account; each gets another."""
        other = await open_shop(owner)
        for each in (shop, other):
            await wait(pipeline, each)

        got = await asyncio.gather(*(claimed(pipeline) for _ in range(6)))
        later = [await claimed(pipeline) for _ in range(2)]

        taken = [one for one in [*got, *later] if one is not None]
        assert sorted([shop.account, other.account]) == sorted(taken)

    async def test_again_when_it_is_stale(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """What is fresh is not made anew; what is not fresh, or whose maker vanished, is."""
        await wait(pipeline, shop)
        vanished = await claimed(pipeline)
        await _age(owner, "claimed_until", timedelta(minutes=2))
        again = await claimed(pipeline)
        await forecasts.store(pipeline, shop.account, Outlook(1), {shop.campaign: Outlook(1)})
        fresh = await claimed(pipeline)
        await _age(owner, "computed_at", timedelta(seconds=30))

        assert (shop.account, shop.account, None) == (vanished, again, fresh)
        assert shop.account == await claimed(pipeline)

    async def test_until_it_says_that_nobody_waits(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """An account whose queue is empty now has its forecast made once more, and no more."""
        await forecasts.store(pipeline, shop.account, Outlook(3), {shop.campaign: Outlook(3)})
        await _age(owner, "computed_at", timedelta(seconds=30))

        once = await claimed(pipeline)
        await forecasts.store(pipeline, shop.account, Outlook(), {})
        await _age(owner, "computed_at", timedelta(seconds=30))

        assert (shop.account, None) == (once, await claimed(pipeline))
        assert [0, 0] == [row["waiting"] for row in (await rows(owner, shop)).values()]

    async def test_when_it_opens(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """The account says until when it is held or paused, whichever is longer."""
        await wait(pipeline, shop)
        await owner.execute(
            "update public.instagram_accounts set held_until = now() + interval '1 hour',"
            " paused_until = now() + interval '2 hours', status = 'reconnect_needed'"
        )

        account = await forecasts.claim(pipeline, older_than=STALE, lease=LEASE)

        assert account is not None
        assert (account.status, 720) == ("reconnect_needed", account.private_replies_per_hour)
        assert account.opens is not None
        assert timedelta(minutes=119) < account.opens - now() <= timedelta(hours=2)
        assert account == await forecasts.account(pipeline, shop.account)


class TestWaiting:
    async def test_nobody(self, pipeline: Database, shop: Shop) -> None:
        """No line is an empty one."""
        line = await forecasts.waiting(pipeline, shop.account)

        assert ([], [], []) == (line.due_us, line.deadline_us, line.campaign)

    async def test_who_waits(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """Who was told of is first, who waits for a moment is there, who is being sent is not."""
        deadlines = [now() + timedelta(hours=hours) for hours in (9, 8, 2, 3)]
        sending = await owe(pipeline, shop)
        await deliveries.claim(pipeline, sending, owner="me", lease_s=30)
        await owe(pipeline, shop, deadline=deadlines[0])
        later = now() + timedelta(hours=1)
        await wait(pipeline, shop, deadline=deadlines[2])
        await wait(pipeline, shop, deadline=deadlines[3], not_before=later)
        await owe(pipeline, shop, lane="live", state="parked")

        line = await forecasts.waiting(pipeline, shop.account)

        assert [micros_of(deadlines[at]) for at in (0, 2, 3)] == line.deadline_us
        assert micros_of(later) == line.due_us[2]
        assert ([0, 0, 0], [shop.campaign]) == (line.campaign, line.campaigns)

    @pytest.mark.parametrize("whom", ["deadline", "newest", "oldest", "campaign"])
    async def test_in_the_pacers_order(
        self, owner: Database, pipeline: Database, shop: Shop, whom: str
    ) -> None:
        """Who is foreseen to be first is who is released first, whatever the owner chose."""
        first = await add_campaign(owner, shop, rank=0)
        for hours, campaign in ((2, first), (4, shop.campaign), (1, shop.campaign), (3, first)):
            await wait(pipeline, shop, hours=hours, campaign_id=campaign)
        await serve_first(owner, shop, whom)

        foreseen = await forecasts.by_place(pipeline, shop.account, range(4))
        released = [await next_of(pipeline) for _ in foreseen]

        assert released == [one.delivery_id for one in foreseen]

    async def test_more_than_a_page(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A crowd is read whole, in order, and by its places."""
        await owe(owner, shop, deadline=now() + timedelta(days=8))
        await owner.execute(_MANY, shop.account, 12_000)
        await one_round(pipeline, free=0)

        line = await forecasts.waiting(pipeline, shop.account)
        some = await forecasts.by_place(pipeline, shop.account, [0, 7_000, 12_000])

        assert 12_001 == len(line.deadline_us) == len(line.due_us) == len(line.campaign)
        assert sorted(line.deadline_us[1:]) == line.deadline_us[1:]
        assert [line.deadline_us[at] for at in (0, 7_000, 12_000)] == [
            micros_of(one.deadline) for one in some
        ]


class TestStoring:
    async def test_the_account_and_its_campaigns(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Each has a row, which the next forecast replaces; who has nobody left has zero."""
        soon, later = now() + timedelta(hours=1), now() + timedelta(hours=2)
        other = await add_campaign(owner, shop, rank=2)
        outlook = Outlook(5, later, 2, soon)
        await forecasts.store(
            pipeline, shop.account, outlook, {shop.campaign: Outlook(3), other: Outlook(2)}
        )
        await forecasts.store(pipeline, shop.account, Outlook(1), {other: Outlook(1)})
        after = await rows(owner, shop)
        await forecasts.store(pipeline, shop.account, outlook, {other: outlook})
        again = await rows(owner, shop)

        assert {None: 1, shop.campaign: 0, other: 1} == {
            one: row["waiting"] for one, row in after.items()
        }
        told = again[None]
        assert (5, later, 2, soon) == (
            told["waiting"],
            told["drained_at"],
            told["missed"],
            told["missed_from"],
        )
        assert told["claimed_until"] is None


async def _age(owner: Database, column: str, age: timedelta) -> None:
    await owner.execute(
        f"update public.delivery_forecasts set {column} = now() - $1::interval", age
    )


_MANY = """
insert into public.deliveries (
  id, workspace_id, account_id, event_id, campaign_id, campaign_version, step, kind, comment_id,
  content, state, reason, not_before, deadline, trace_id)
select gen_random_uuid(), workspace_id, account_id, event_id, campaign_id, 1, step, kind,
       'crowd-' || at, content, 'parked', 'queued', not_before,
       not_before + interval '7 days' + at * interval '1 ms', trace_id
  from public.deliveries, generate_series(1, $2::int) at
 where account_id = $1
"""
