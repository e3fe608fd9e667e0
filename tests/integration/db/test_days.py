"""The ledger in days: an event is one event whatever day it is told of on, and old days go."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from switchboard.db import archives, days, history, migrate
from switchboard.db.archives import Archive
from switchboard.db.errors import QueryFailed
from switchboard.db.ledger import Recorded, record
from switchboard.db.pool import Database, open_pool
from switchboard.errors import Unavailable
from tests.integration.db.town import Shop, now, open_shop, recorded

MIGRATIONS = Path(__file__).parents[3] / "supabase" / "migrations"
DAYS = "20261127000600"
DAY = timedelta(days=1)
OLD = now().astimezone(UTC).date() - 40 * DAY


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), UTC)


async def where(owner: Database, event: Recorded) -> list[str]:
    """Return the partitions that have a row of `event`."""
    rows = await owner.fetch(_WHERE, event.event_id)
    return [row["part"] for row in rows]


async def made_then(owner: Database, day: date) -> str:
    """Let `day` have been made when it was still ahead; return its partition."""
    await owner.execute("alter table public.events detach partition private.events_earlier")
    await owner.execute(
        "alter table public.events attach partition private.events_earlier"
        f" for values from (minvalue) to ('{at(day, 0)}')"
    )
    name = f"private.events_{day:%Y%m%d}"
    await owner.execute(
        f"create table {name} partition of public.events"
        f" for values from ('{at(day, 0)}') to ('{at(day + DAY, 0)}')"
    )
    return name


async def archive(db: Database, day: date, rows: int, number: int = 1) -> None:
    """Note an archive, whatever is in it."""
    of = Archive(
        day=day, number=number, rows=rows, size_bytes=9, sha256="0" * 64, location="a.jsonl.gz"
    )
    await archives.note(db, "event", of)


class TestTelling:
    async def test_on_two_days(self, owner: Database, pipeline: Database, shop: Shop) -> None:
        """A webhook and a reading tell of one comment on two days: it is one event."""
        first = recorded(shop, "c:1", received_at=at(OLD))
        later = recorded(shop, "c:1", received_at=at(OLD + DAY))
        before = (await record(pipeline, [first]))[first.event_id]
        after = (await record(pipeline, [later]))[first.event_id]

        assert (True, True) == (before.new, before.ours)
        assert (False, False, before.outcome) == (after.new, after.ours, after.outcome)
        assert before.ready == after.ready
        assert 1 == len(await where(owner, first))

    async def test_an_answer_on_another_day(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """What was asked is decided in the day it was asked in."""
        today = now()
        asked = recorded(shop, "c:1", answered=False, outcome="asked", received_at=today - 20 * DAY)
        answered = recorded(shop, "c:1", received_at=today)
        await record(pipeline, [asked])
        standing = (await record(pipeline, [answered]))[asked.event_id]
        (row,) = await owner.fetch("select outcome, received_at from public.events")

        assert (False, True, 1) == (standing.new, standing.ours, len(standing.ready))
        assert (answered.outcome, asked.received_at) == (row["outcome"], row["received_at"])

    async def test_at_the_same_moment(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """However many tell of it at once, with a day of their own each, one has recorded it."""
        told = [
            recorded(shop, "c:1", person_id=None, received_at=now() + number * DAY)
            for number in range(8)
        ]
        standings = await asyncio.gather(*(record(pipeline, [one]) for one in told))

        assert 1 == sum(standing[told[0].event_id].new for standing in standings)
        assert 1 == sum(standing[told[0].event_id].ours for standing in standings)
        assert 1 == len(await where(owner, told[0]))

    async def test_past_the_statement(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """Whoever writes a row by hand is held to it, too."""
        event = recorded(shop, "c:1")
        await record(pipeline, [event])

        with pytest.raises(QueryFailed, match="23505"):
            await owner.execute(_BY_HAND, event.event_id, at(OLD))


class TestMaking:
    async def test_days_ahead(
        self, owner: Database, pipeline: Database, caretaker: Database, shop: Shop
    ) -> None:
        """What comes on a day that was made is there; of the days before, nothing is moved."""
        past = recorded(shop, "c:past", received_at=at(OLD))
        await record(pipeline, [past])
        assert 8 == await days.make(caretaker, ahead=7)
        today = now()
        events = [recorded(shop, f"c:{n}", received_at=today + n * DAY) for n in range(8)]
        await record(pipeline, events)

        assert [[f"private.events_{one.received_at:%Y%m%d}"] for one in events] == [
            await where(owner, one) for one in events
        ]
        assert ["private.events_earlier"] == await where(owner, past)

    async def test_an_unexpected_day(
        self, owner: Database, pipeline: Database, caretaker: Database, shop: Shop
    ) -> None:
        """Nobody made the day: the event is kept, and moves there when somebody does."""
        events = [recorded(shop, f"c:{n}", received_at=now() + n * DAY) for n in (9, 12)]
        await record(pipeline, events)
        before = [await where(owner, one) for one in events]
        made = await days.make(caretaker, ahead=10)
        again = await days.make(caretaker, ahead=10)
        told = (await record(pipeline, events))[events[0].event_id]

        assert [["private.events_unexpected"]] * 2 == before
        assert (11, 0) == (made, again)
        moved = f"private.events_{events[0].received_at:%Y%m%d}"
        assert [[moved], ["private.events_unexpected"]] == [
            await where(owner, one) for one in events
        ]
        assert (False, False) == (told.new, told.ours)

    async def test_somebody_is_in_the_way(self, owner: Database, caretaker: Database) -> None:
        """Nobody is made to wait for a day that is being made: it is made later."""
        async with owner.transaction() as tx:
            await tx.execute("lock table private.events_unexpected in row exclusive mode")
            with pytest.raises(Unavailable, match="55P03"):
                await days.make(caretaker, ahead=9)

        assert 10 == await days.make(caretaker, ahead=9)


class TestArchiving:
    async def test_nobody_is_in_it(
        self, pipeline: Database, caretaker: Database, shop: Shop
    ) -> None:
        """What happened and what was decided is there; who it was and what they wrote is not."""
        words = {"kind": "comment.v1", "text": "secretive", "author_id": "7", "media_id": "55"}
        event = recorded(
            shop,
            "c:secretive",
            received_at=at(OLD),
            event=json.dumps(words),
            decision=json.dumps({"outcome": "matched", "proof": "secretive"}),
        )
        await record(pipeline, [event])
        ((line,),) = [page async for page in days.lines(caretaker, OLD)]
        row = json.loads(line)

        assert "secretive" not in line
        assert (str(event.event_id), "erased") == (row["event_id"], row["person_id"])
        assert {"kind": "comment.v1", "media_id": "55", "erased": True} == row["event"]
        assert {"outcome": "matched", "erased": True} == row["decision"]

    async def test_pages(self, pipeline: Database, caretaker: Database, shop: Shop) -> None:
        """All events of the day and no other's, each once and in order, a page at a time."""
        moments = [at(OLD, hour) for hour in (0, 3, 3, 3, 23)]
        inside = [recorded(shop, f"c:{n}", received_at=one) for n, one in enumerate(moments)]
        outside = [
            recorded(shop, "c:a", received_at=at(OLD - DAY, 23)),
            recorded(shop, "c:b", received_at=at(OLD + DAY, 0)),
        ]
        await record(pipeline, inside + outside)
        pages = [page async for page in days.lines(caretaker, OLD, page=2)]

        order = sorted(inside, key=lambda one: (one.received_at, one.event_id))
        assert [2, 2, 1] == [len(page) for page in pages]
        assert [str(one.event_id) for one in order] == [
            json.loads(line)["event_id"] for page in pages for line in page
        ]

    async def test_numbers(self, owner: Database, caretaker: Database) -> None:
        """An archive that was not used is replaced; one whose events were dropped is not."""
        first = await archives.number(caretaker, "event", OLD)
        await archive(caretaker, OLD, rows=1)
        unused = await archives.number(caretaker, "event", OLD)
        await owner.execute("update private.event_archives set dropped_at = now()")
        used = await archives.number(caretaker, "event", OLD)

        assert (1, 1, 2) == (first, unused, used)
        with pytest.raises(QueryFailed, match="42501"):
            await archive(caretaker, OLD, rows=2)


class TestDropping:
    @pytest.mark.parametrize("whole", [True, False])
    async def test_a_day(
        self, owner: Database, pipeline: Database, caretaker: Database, shop: Shop, *, whole: bool
    ) -> None:
        """It goes, whether it is a partition or not, and no other; what is owed stays."""
        name = await made_then(owner, OLD) if whole else "private.events_earlier"
        event = recorded(shop, "c:1", received_at=at(OLD))
        others = [recorded(shop, f"o:{n}", received_at=at(OLD + n * DAY, 0)) for n in (-1, 1)]
        await record(pipeline, [event, *others])
        before = await where(owner, event)
        await archive(caretaker, OLD, rows=1)
        dropped = await days.drop(caretaker, OLD, keep_days=30)
        owed = await owner.fetch("select event_id from public.deliveries")
        (noted,) = await owner.fetch("select dropped_at from private.event_archives")

        assert ([name], 1, []) == (before, dropped, await where(owner, event))
        assert {1} == {len(await where(owner, one)) for one in others}
        assert {one.event_id for one in (event, *others)} == {row["event_id"] for row in owed}
        assert noted["dropped_at"] is not None

    async def test_told_of_again(
        self, owner: Database, pipeline: Database, caretaker: Database, shop: Shop
    ) -> None:
        """An event whose day is gone is known: it is not decided again, nor is anybody answered."""
        event = recorded(shop, "c:1", received_at=at(OLD), answered=False)
        await record(pipeline, [event])
        await archive(caretaker, OLD, rows=1)
        await days.drop(caretaker, OLD, keep_days=30)
        again = recorded(shop, "c:1")
        standing = (await record(pipeline, [again]))[event.event_id]

        assert ("archived", (), False, False) == (
            standing.outcome,
            standing.ready,
            standing.new,
            standing.ours,
        )
        assert [] == await where(owner, event)
        assert [] == await owner.fetch("select from public.deliveries")

    @pytest.mark.parametrize(
        "tried",
        [
            (OLD, None, 30),  # it is nowhere else
            (OLD, 1, 30),  # one more came
            (OLD, 3, 30),
            (OLD, 2, 40),  # it is not old enough
            (OLD, 2, 29),  # nobody may keep so little
            (now().astimezone(UTC).date(), 0, 30),
        ],
    )
    async def test_what_must_stay(
        self,
        pipeline: Database,
        caretaker: Database,
        shop: Shop,
        tried: tuple[date, int | None, int],
    ) -> None:
        """A day is dropped only if it is old and all of it is archived."""
        day, archived, keep = tried
        events = [recorded(shop, f"c:{n}", received_at=at(OLD)) for n in range(2)]
        await record(pipeline, events)
        if archived is not None:
            await archive(caretaker, day, rows=archived)

        with pytest.raises(QueryFailed, match="23514"):
            await days.drop(caretaker, day, keep_days=keep)

        assert 2 == sum([len(page) async for page in days.lines(caretaker, OLD)])

    async def test_somebody_reads_it(
        self, owner: Database, pipeline: Database, caretaker: Database, shop: Shop
    ) -> None:
        """Readers are not waited for while everybody else waits: the day goes later."""
        await made_then(owner, OLD)
        event = recorded(shop, "c:1", received_at=at(OLD))
        await record(pipeline, [event])
        await archive(caretaker, OLD, rows=1)
        async with owner.transaction() as tx:
            await tx.fetch("select from public.events")
            with pytest.raises(Unavailable, match="55P03"):
                await days.drop(caretaker, OLD, keep_days=30)

        assert 1 == await days.drop(caretaker, OLD, keep_days=30)


async def test_indexes(owner: Database) -> None:
    """What earlier releases had an index for, every day has: none is of the first part alone."""
    rows = await owner.fetch(_INDEXES)

    assert len(rows) > 10
    assert [] == [row["name"] for row in rows if not row["of_all"]]


async def test_a_ledger_of_an_earlier_release(bare_database_url: str, tmp_path: Path) -> None:
    """All of it is there after the upgrade, decided and undecided, and goes on from there."""
    for path in MIGRATIONS.iterdir():
        if path.name[:14] < DAYS:
            shutil.copy(path, tmp_path)
    await migrate.apply(bare_database_url, tmp_path)
    async with open_pool(bare_database_url, name="owner") as db:
        shop = await open_shop(db)
        past = [
            recorded(shop, "c:old", received_at=at(OLD)),
            recorded(shop, "c:today", received_at=now()),
            recorded(shop, "c:ahead", received_at=now() + 30 * DAY),
            recorded(shop, "c:asked", answered=False, outcome="asked", received_at=now()),
        ]
        for one in past:
            await db.execute(_OF_THEN, *_columns(one))
        delivery = past[0].deliveries[0]
        await db.execute(
            _OWED_THEN,
            delivery.id,
            shop.workspace,
            shop.account,
            past[0].event_id,
            shop.campaign,
        )

        await migrate.apply(bare_database_url, MIGRATIONS)
        made = await days.make(db, ahead=7)

        found = [await where(db, one) for one in past]
        answer = recorded(shop, "c:asked", received_at=now() + DAY)
        told = await record(db, [*past[:3], answer])
        tomorrow = recorded(shop, "c:new", received_at=now() + DAY)
        await record(db, [tomorrow])
        story = await history.event(db, past[0].event_id)

        earlier, unexpected = ["private.events_earlier"], ["private.events_unexpected"]
        assert 7 == made  # today has begun
        assert [earlier, earlier, unexpected, earlier] == found
        assert [False] * 4 == [told[one.event_id].new for one in past]
        assert [past[3].event_id] == [one for one, standing in told.items() if standing.ours]
        assert [f"private.events_{tomorrow.received_at:%Y%m%d}"] == await where(db, tomorrow)
        assert story is not None
        assert [delivery.id] == [one.id for one in story.deliveries]


def _columns(one: Recorded) -> list[Any]:
    return [
        one.event_id,
        one.workspace_id,
        one.account,
        one.instagram_id,
        one.kind,
        one.identity,
        one.received_at,
        one.outcome,
    ]


_WHERE = """
select tableoid::regclass::text as part from public.events where event_id = $1 order by 1
"""
_INDEXES = """
select one.relname::text as name, one.relispartition as of_all
  from pg_index i
  join pg_class one on one.oid = i.indexrelid
 where i.indrelid = 'private.events_earlier'::regclass
"""
_BY_HAND = """
insert into public.events (event_id, instagram_id, kind, identity, occurred_at, received_at,
                           outcome, decision, event, trace_id)
values ($1, '1', 'message.v1', 'm', now(), $2, 'ignored', '{}', '{}', 't')
"""
_OF_THEN = """
insert into public.events (event_id, workspace_id, account_id, instagram_id, kind, identity,
                           occurred_at, received_at, outcome, decision, event, trace_id)
values ($1, $2, $3, $4, $5, $6, $7, $7, $8, '{}', '{}', 't')
"""
_OWED_THEN = """
insert into public.deliveries (id, workspace_id, account_id, event_id, campaign_id,
                               campaign_version, step, kind, comment_id, content, state,
                               not_before, deadline, trace_id)
values ($1, $2, $3, $4, $5, 1, '0', 'private_reply', 'c', '{}', 'ready', now(),
        now() + interval '7 days', 't')
"""
