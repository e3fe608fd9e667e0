"""The funnel's days are kept, and are what counting everything anew gives."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid4

import pytest

from switchboard.contracts import CampaignId, DeliveryId, PersonId
from switchboard.db import archives, days, erasing, funnel, ledger, tenancy
from switchboard.db.archives import Archive
from switchboard.db.errors import QueryFailed
from switchboard.db.funnel import STAGES, Day, Kept, Stage
from switchboard.db.pool import Database, Queryable
from tests.integration.db.month import Month
from tests.integration.db.town import Shop, definition, force, now, open_shop, recorded

DAY: Final = timedelta(days=1)
NAMES: Final[Sequence[Stage]] = tuple(STAGES)
STATES: Final = ("sent", "sent", "sent", "parked", "uncertain", "refused", "expired", "cancelled")
DEEDS: Final = (
    *("come", "come", "come", "unanswered", "tap", "tap", "click", "click", "move", "move"),
    *("ask", "answer", "again", "erase", "zone", "delay"),
)
ZONES: Final = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")


def noon(days_ago: int, hour: int = 12) -> datetime:
    return datetime.combine(now().date() - days_ago * DAY, time(hour), UTC)


async def pass_time(owner: Database) -> None:
    """Let what has changed have done so a while ago."""
    await owner.execute("update private.funnel_changes set made_at = made_at - interval '1 hour'")


async def counted(caretaker: Database, owner: Database) -> int:
    """Let a while pass, and count all that is due; return how many days that were."""
    await pass_time(owner)
    total = 0
    for account in await funnel.due(caretaker, most=100):
        kept = Kept(0, 1)
        while kept.remaining:
            kept = await funnel.keep(caretaker, account, most_days=3, most_events=20)
            total += kept.counted
    return total


async def read(db: Queryable, shop: Shop) -> Sequence[Day]:
    """Return a shop's numbers of 60 days."""
    today = now().date()
    return await funnel.days(
        db,
        shop.workspace,
        account=None,
        campaign=None,
        first=today - 60 * DAY,
        last=today + DAY,
    )


def numbers(found: Sequence[Day]) -> dict[tuple[date, UUID | None], tuple[int, ...]]:
    return {(one.day, one.campaign_id): tuple(getattr(one, n) for n in NAMES) for one in found}


def total(found: Sequence[Day]) -> tuple[int, ...]:
    return tuple(sum(getattr(one, name) for one in found) for name in NAMES)


async def anew(owner: Database, shop: Shop) -> Sequence[Day]:
    """Return what counting everything gives, with nothing kept."""
    async with owner.transaction() as tx:
        await tx.execute("savepoint whole")
        await tx.execute("delete from public.funnel_days")
        found = await read(tx, shop)
        await tx.execute("rollback to savepoint whole")
    return found


async def one_by_one(
    owner: Database, shop: Shop
) -> dict[tuple[date, UUID | None], tuple[int, ...]]:
    """Return what the conditions that list the events of a number give, event by event."""
    filters = ", ".join(f'count(*) filter (where {STAGES[name]}) as "{name}"' for name in NAMES)
    rows = await owner.fetch(
        f"select (event.received_at at time zone account.time_zone)::date as day,"
        f"       event.campaign_id, {filters}"
        f"  from public.events event"
        f"  join public.instagram_accounts account on account.id = event.account_id"
        f" where event.account_id = $1 group by 1, 2",
        shop.account,
    )
    return {
        (row["day"], row["campaign_id"]): tuple(row[name] for name in NAMES)
        for row in rows
        if row["came"]
    }


@dataclass
class History:
    """What happens to a shop by chance, also late, twice, and to people who are erased."""

    owner: Database
    month: Month
    campaigns: Sequence[CampaignId]
    drawn: random.Random
    owed: list[tuple[str, DeliveryId]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def moment(self) -> datetime:
        """Return some moment of the last ten days, more often a little ago."""
        return now() - timedelta(hours=240 * self.drawn.random() ** 2)

    def person(self) -> str:
        return str(self.drawn.randrange(1, 5))

    async def go_on(self) -> str:
        """Let one more thing happen, and say what."""
        deed = self.drawn.choice(
            [
                "come",
                "come",
                "come",
                "unanswered",
                "tap",
                "tap",
                "click",
                "click",
                "move",
                "move",
                "ask",
                "answer",
                "erase",
                "zone",
                "delay",
                "again",
            ]
        )
        await getattr(self, deed)()
        return deed

    async def come(self) -> None:
        state = self.drawn.choice(
            ["sent", "sent", "sent", "parked", "uncertain", "refused", "expired", "ready"]
        )
        at, person = self.moment(), self.person()
        late = timedelta(minutes=self.drawn.choice([0, 1, 30, 600]))
        delivery = await self.month.come(
            person,
            at,
            answer=state,
            campaign=self.drawn.choice(self.campaigns),
            sent_at=at + late,
        )
        assert delivery
        self.owed.append((person, delivery))

    async def unanswered(self) -> None:
        await self.month.come(self.person(), self.moment(), answer=None)

    async def tap(self) -> None:
        person = self.person()
        delivery = await self.month.come(
            person,
            self.moment(),
            because="tap",
            kind="postback.v1",
            campaign=self.drawn.choice(self.campaigns),
        )
        assert delivery
        self.owed.append((person, delivery))

    async def click(self) -> None:
        if self.owed:
            person, delivery = self.drawn.choice(self.owed)
            await self.month.click(person, delivery, self.moment())

    async def move(self) -> None:
        if self.owed:
            _, delivery = self.drawn.choice(self.owed)
            state = self.drawn.choice(
                ["sent", "refused", "parked", "uncertain", "expired", "cancelled"]
            )
            await force(self.owner, delivery, state)

    async def ask(self) -> None:
        identity = uuid4().hex
        await ledger.record(self.owner, [self._asked(identity, self.moment())])
        self.asked.append(identity)

    async def answer(self) -> None:
        """Let a question be answered that was asked some time ago."""
        if self.asked:
            asked = self.asked.pop(self.drawn.randrange(len(self.asked)))
            decided = recorded(
                self.month.shop, asked, decision='{"because": "intent"}', received_at=now()
            )
            await ledger.record(self.owner, [decided])

    async def again(self) -> None:
        """Let Meta tell of something twice, on another day."""
        identity = uuid4().hex
        for _ in range(2):
            await ledger.record(
                self.owner,
                [
                    recorded(
                        self.month.shop,
                        identity,
                        person_id=PersonId(self.person()),
                        received_at=self.moment(),
                        decision='{"because": "keyword"}',
                    )
                ],
            )

    async def erase(self) -> None:
        await erasing.erase(self.owner, self.month.shop.account, PersonId(self.person()))

    async def zone(self) -> None:
        await self.owner.execute(
            "update public.instagram_accounts set time_zone = $2 where id = $1",
            self.month.shop.account,
            self.drawn.choice(ZONES),
        )

    async def delay(self) -> None:
        await self.owner.execute(
            "update public.instagram_accounts"
            "   set reply_delay_max = make_interval(mins => $2) where id = $1",
            self.month.shop.account,
            self.drawn.choice([0, 20]),
        )

    def _asked(self, identity: str, at: datetime) -> ledger.Recorded:
        return recorded(
            self.month.shop,
            identity,
            answered=False,
            outcome="asked",
            person_id=PersonId(self.person()),
            received_at=at,
            decision='{"because": "asks_classifier"}',
        )


@pytest.mark.parametrize("seed", range(6))
async def test_any_history(owner: Database, caretaker: Database, shop: Shop, seed: int) -> None:
    """Whatever happens, and whenever days are counted: the kept and the others are all there is."""
    drawn = random.Random(seed)
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
    history = History(owner, Month(owner, shop), (shop.campaign, price), drawn)
    for _ in range(10):
        await history.come()
    told = ["counted", str(await counted(caretaker, owner))]
    days_counted = 0
    for number in range(40):
        told.append(await history.go_on())
        found = await read(owner, shop)
        fresh = await anew(owner, shop)

        assert numbers(fresh) == numbers(found), told
        assert await one_by_one(owner, shop) == numbers(found), told
        if number % 3 == 0:
            days_counted += await counted(caretaker, owner)
            told.append("counted")
            assert numbers(fresh) == numbers(await read(owner, shop)), told
    assert days_counted > 0
    assert 0 == await counted(caretaker, owner)


class TestKeeping:
    async def test_what_is_counted(self, owner: Database, caretaker: Database, shop: Shop) -> None:
        """Each day from the first on that has been over for two days, also empty ones."""
        month = Month(owner, shop)
        await month.come("1", noon(6))
        await month.come("2", noon(4))
        await month.come("3", noon(0, 0))
        await open_shop(owner)  # to which nothing has happened
        done = await counted(caretaker, owner)
        rows = await owner.fetch("select day, counted_at from public.funnel_days order by 1")

        assert [noon(ago).date() for ago in (6, 5, 4, 3)] == [row["day"] for row in rows]
        assert all(row["counted_at"] for row in rows)
        assert 4 == done
        assert [] == await funnel.due(caretaker, most=9)

    async def test_an_unchanged_day_is_not_counted_again(
        self, owner: Database, caretaker: Database, shop: Shop
    ) -> None:
        """What happens today changes no day that is kept; a late tap changes one."""
        month = Month(owner, shop)
        await month.come("1", noon(6))
        await month.come("1", noon(5))
        await counted(caretaker, owner)
        await month.come("1", now())
        unchanged = await counted(caretaker, owner)
        await month.come("2", noon(6))
        await month.tap("2", now())
        (tapped, *_) = await read(owner, shop)

        assert 0 == unchanged
        assert (noon(6).date(), 2, 1) == (tapped.day, tapped.came, tapped.tapped)
        assert 1 == await counted(caretaker, owner)

    async def test_a_change_that_may_not_be_whole(
        self, owner: Database, caretaker: Database, shop: Shop
    ) -> None:
        """What has just changed is not counted yet, and nobody believes what was kept of it."""
        month = Month(owner, shop)
        await month.come("1", noon(6))
        await counted(caretaker, owner)
        await month.come("2", noon(6))
        due = await funnel.due(caretaker, most=9)
        (day,) = await read(owner, shop)

        assert [] == due
        assert 2 == day.came

    async def test_what_is_committed_while_it_is_counted(
        self, owner: Database, caretaker: Database, shop: Shop
    ) -> None:
        """A change that counting could not see is seen by whoever reads, and counted then."""
        month = Month(owner, shop)
        delivery = await month.come("1", noon(6), answer="parked")
        assert delivery
        async with owner.transaction() as tx:
            await tx.execute(_CANCEL, delivery)
            await counted(caretaker, owner)
            (before,) = await read(owner, shop)
        (after,) = await read(owner, shop)

        assert (1, 0) == (before.waiting, before.lost)
        assert (0, 1) == (after.waiting, after.lost)
        assert 1 == await counted(caretaker, owner)

    async def test_a_part_at_a_time(self, owner: Database, caretaker: Database, shop: Shop) -> None:
        """So many days, and not another once there were so many events."""
        month = Month(owner, shop)
        for ago in (9, 8, 8, 7, 6):
            await month.come("1", noon(ago))
        parts = [
            await funnel.keep(caretaker, shop.account, most_days=9, most_events=3),
            await funnel.keep(caretaker, shop.account, most_days=2, most_events=99),
            await funnel.keep(caretaker, shop.account, most_days=9, most_events=99),
        ]

        assert [Kept(2, 5), Kept(2, 3), Kept(3, 0)] == parts


@dataclass
class Ledger:
    """A ledger whose old days go."""

    owner: Database
    caretaker: Database

    async def drop(self, day: date) -> None:
        """Archive a day, whatever it has, and drop it."""
        rows = await self.owner.fetchrow(_THERE, day)
        number = await archives.number(self.caretaker, "event", day)
        await archives.note(
            self.caretaker,
            "event",
            Archive(
                day=day,
                number=number,
                rows=0 if rows is None else rows["there"],
                size_bytes=9,
                sha256="0" * 64,
                location="a.jsonl.gz",
            ),
        )
        await days.drop(self.caretaker, day, keep_days=30)


class TestDropping:
    async def test_numbers_outlive_their_events(
        self, owner: Database, caretaker: Database, shop: Shop
    ) -> None:
        """A day that the ledger has dropped is what it was, and says that it cannot be opened."""
        month, ledger_ = Month(owner, shop), Ledger(owner, caretaker)
        first = await month.come("1", noon(40))
        await month.tap("1", noon(40, 13))
        await month.click("1", first, noon(39))
        await month.come("2", noon(40), answer="refused")
        await month.come("3", noon(39), answer=None)
        await counted(caretaker, owner)
        before = await read(owner, shop)
        await ledger_.drop(noon(40).date())
        after = await read(owner, shop)

        assert numbers(before) == numbers(after)
        assert [True, True] == [one.openable for one in before]
        assert [(noon(40).date(), False), (noon(39).date(), True)] == [
            (one.day, one.openable) for one in after
        ]

    async def test_not_before_they_are_kept(
        self, owner: Database, caretaker: Database, shop: Shop
    ) -> None:
        """Nor while something about them has changed, nor for one account and not another."""
        month, ledger_ = Month(owner, shop), Ledger(owner, caretaker)
        other = Month(owner, await open_shop(owner))
        day = noon(40).date()
        for one in (month, other):
            await one.come("1", noon(40))
        with pytest.raises(QueryFailed, match="23514"):
            await ledger_.drop(day)
        both = await funnel.owed(caretaker, day)
        await pass_time(owner)
        await funnel.keep(caretaker, shop.account, most_days=99, most_events=99)
        another = await funnel.owed(caretaker, day)
        await counted(caretaker, owner)
        await month.tap("1", now())
        changed = await funnel.owed(caretaker, day)
        with pytest.raises(QueryFailed, match="23514"):
            await ledger_.drop(day)
        await counted(caretaker, owner)
        await ledger_.drop(day)

        assert (2, 1, 1) == (both, another, changed)

    async def test_what_comes_after(self, owner: Database, caretaker: Database, shop: Shop) -> None:
        """A tap, an erased person, another delay: of a day that is gone nothing changes."""
        month, ledger_ = Month(owner, shop), Ledger(owner, caretaker)
        delivery = await month.come("1", noon(40))
        await month.come("2", noon(39))
        await counted(caretaker, owner)
        await ledger_.drop(noon(40).date())
        before = [one for one in await read(owner, shop) if not one.openable]
        await month.tap("1", now())
        await month.click("1", delivery, now())
        await erasing.erase(owner, shop.account, PersonId("1"))
        await owner.execute("update public.instagram_accounts set reply_delay_max = '1 hour'")
        await counted(caretaker, owner)

        assert before == [one for one in await read(owner, shop) if not one.openable]

    @pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
    async def test_days_begin_at_another_hour(
        self, owner: Database, caretaker: Database, shop: Shop, zone: str
    ) -> None:
        """Each event is counted once, whatever was called a day when its own was dropped."""
        month, ledger_ = Month(owner, shop), Ledger(owner, caretaker)
        for hour in range(0, 24, 3):
            for ago in (41, 40, 39):
                await month.come(str(hour), noon(ago, hour))
        await counted(caretaker, owner)
        await ledger_.drop(noon(41).date())
        await owner.execute("update public.instagram_accounts set time_zone = $1", zone)
        pending = total(await read(owner, shop))
        await counted(caretaker, owner)
        kept = total(await read(owner, shop))
        await ledger_.drop(noon(40).date())
        await ledger_.drop(noon(39).date())
        found = await read(owner, shop)

        assert 24 == pending[NAMES.index("came")]
        assert pending == kept == total(found)
        assert not any(one.openable for one in found)
        assert [] == await owner.fetch("select from public.events")


_CANCEL = "update public.deliveries set state = 'cancelled' where id = $1"
_THERE = """
select count(*) as there from public.events
 where received_at >= $1::date::timestamp at time zone 'UTC'
   and received_at < ($1::date + 1)::timestamp at time zone 'UTC'
"""
