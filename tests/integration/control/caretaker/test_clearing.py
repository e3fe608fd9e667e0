"""Old deliveries are archived and deleted; events that nobody can tell of again are forgotten."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.control.caretaker.caretaker import Caretaker
from services.control.caretaker.clearing import Clearing
from services.control.caretaker.retaining import Keeping
from switchboard.clock import utc_now
from switchboard.db import care, jobs
from switchboard.db.jobs import Standing
from switchboard.db.ledger import Recorded, record
from switchboard.db.pool import Database, open_pool
from switchboard.storage.directory import Directory
from switchboard.telemetry import Meter
from tests.integration.db.town import Shop, draft, force, open_shop, recorded

DAY = timedelta(days=1)


@dataclass
class Cellar:
    """A shop whose old deliveries go after their events' days, and where they are written to."""

    owner: Database
    pipeline: Database
    db: Database
    shop: Shop
    directory: Path

    async def owed(
        self, name: str, days_ago: float, state: str = "sent", *, dropped: bool = True, **of: Any
    ) -> Recorded:
        """Let somebody have been answered then; the ledger has `dropped` the event's day."""
        then = utc_now() - days_ago * DAY
        event = recorded(self.shop, name, received_at=then, occurred_at=then)
        answer = draft(self.shop, event.event_id, content='{"text": "secretive"}', **of)
        event = recorded(self.shop, name, received_at=then, occurred_at=then, deliveries=(answer,))
        await record(self.owner, [event])
        await force(self.owner, answer.id, state)
        async with self.owner.transaction() as tx:
            await tx.execute("alter table public.deliveries disable trigger user")
            await tx.execute(_LONG_AGO, answer.id, then)
            await tx.execute("alter table public.deliveries enable trigger user")
        if dropped:
            await self.owner.execute(
                "delete from public.events where event_id = $1", event.event_id
            )
        return event

    async def run(self, *, keeps: int | None = 30, most: int = 100, times: int = 1) -> Standing:
        """Let a caretaker look so often; return how the job stands then."""
        keeping = None if keeps is None else Keeping(keeps, Directory(self.directory))
        caretaker = Caretaker(
            self.db,
            [Clearing(db=self.db, keeping=keeping, now=utc_now, most=most)],
            owner="test",
            meter=Meter("control", "test"),
            every_s=0.05,
            lease=timedelta(minutes=1),
            at_once=4,
        )
        for _ in range(times):
            await jobs.hasten(self.db, "clearing", None)
            await caretaker.round()
        (standing,) = await jobs.standing(self.db, None)
        return standing

    async def left(self) -> set[Any]:
        """Return the events of the deliveries that are there."""
        return {
            row["event_id"]
            for row in await self.owner.fetch("select event_id from public.deliveries")
        }

    def files(self) -> dict[str, list[dict[str, Any]]]:
        """Return the lines of each file."""
        return {
            path.name: [json.loads(line) for line in gzip.open(path, "rt", encoding="utf-8")]
            for path in sorted(self.directory.iterdir())
        }


@pytest.fixture
async def cellar(
    database_url: str, pipeline_url: str, caretaker_url: str, tmp_path: Path
) -> AsyncIterator[Cellar]:
    """A cellar that is empty."""
    async with (
        open_pool(database_url, name="owner") as owner,
        open_pool(pipeline_url, name="pipeline") as pipeline,
        open_pool(caretaker_url, name="caretaker") as db,
    ):
        yield Cellar(owner, pipeline, db, await open_shop(owner), tmp_path)


class TestDeliveries:
    async def test_what_is_over(self, cellar: Cellar) -> None:
        """It goes with what was noted of it, into a file without anybody in it."""
        gone = await cellar.owed("c:1", 40)
        (delivery,) = gone.deliveries
        async with cellar.owner.transaction() as tx:
            for statement in _NOTED:
                await tx.execute(statement, delivery.id)
        standing = await cellar.run()
        day = gone.received_at.astimezone(UTC).date()
        ((line,),) = cellar.files().values()

        assert set() == await cellar.left()
        assert [f"deliveries-{day}.1.jsonl.gz"] == list(cellar.files())
        assert {"cleared": str(day), "deliveries": 1} == standing.detail
        assert (str(delivery.id), "sent") == (line["id"], line["state"])
        assert ["sent"] == [step["after"] for step in line["transitions"]]
        assert ["found"] == [look["outcome"] for look in line["looks"]]
        assert 1 == len(line["clicks"])
        assert "secretive" not in json.dumps(line)
        for table in ("delivery_transitions", "delivery_looks", "link_clicks"):
            assert [] == await cellar.owner.fetch(f"select from public.{table}")

    async def test_what_stays(self, cellar: Cellar) -> None:
        """What may change, what has, whose event can be looked at, and what others wait for."""
        stays = [
            await cellar.owed("c:open", 40, "uncertain"),
            await cellar.owed("c:young", 29),
            await cellar.owed("c:event", 40, dropped=False),
            await cellar.owed("c:touched", 40),
            await cellar.owed("c:clicked", 40),
            await cellar.owed("c:first", 40),
        ]
        await cellar.owner.execute(
            "update public.deliveries set content = content where event_id = $1", stays[3].event_id
        )
        await cellar.owner.execute(_CLICKED, stays[4].deliveries[0].id)
        first = stays[5].deliveries[0].id
        stays.append(await cellar.owed("c:second", 40, "waiting", after_id=first))
        await cellar.run(times=2)

        assert {one.event_id for one in stays} == await cellar.left()
        assert {} == cellar.files()

    async def test_unless_asked_nothing_goes(self, cellar: Cellar) -> None:
        """Without a retention everything stays, and everything is known."""
        event = await cellar.owed("c:1", 400)
        standing = await cellar.run(keeps=None)

        assert ({event.event_id}, {}) == (await cellar.left(), standing.detail)
        assert {event.event_id} == await care.in_ledger(cellar.db, [event.event_id])

    async def test_a_part_at_a_time(self, cellar: Cellar) -> None:
        """However many there are of a day, each is in one file."""
        events = [await cellar.owed(f"c:{number}", 40) for number in range(5)]
        await cellar.run(most=2, times=3)
        found = cellar.files()

        assert [2, 2, 1] == [len(lines) for lines in found.values()]
        assert {str(one.event_id) for one in events} == {
            line["event_id"] for lines in found.values() for line in lines
        }
        assert set() == await cellar.left()

    async def test_nowhere_to_write(self, cellar: Cellar) -> None:
        """What cannot be archived stays."""
        event = await cellar.owed("c:1", 40)
        cellar.directory = cellar.directory / "unmounted"
        standing = await cellar.run()

        assert "cannot_archive" in (standing.last_error or "")
        assert {event.event_id} == await cellar.left()


class TestForgetting:
    async def known(self, cellar: Cellar, *events: Recorded) -> list[bool]:
        known = await care.in_ledger(cellar.db, [one.event_id for one in events])
        return [one.event_id in known for one in events]

    async def test_what_is_forgotten(self, cellar: Cellar) -> None:
        """Old events of which nothing is left; no others."""
        old = await cellar.owed("c:old", 40)
        open_ = await cellar.owed("c:open", 40, "uncertain")
        there = await cellar.owed("c:there", 40, dropped=False)
        young = await cellar.owed("c:young", 29)
        standing = await cellar.run(times=2)

        assert {"forgotten": 1} == standing.detail
        assert [False, True, True, True] == await self.known(cellar, old, open_, there, young)

    @pytest.mark.parametrize(
        "again",
        [
            {"received_at": timedelta()},  # a webhook, or a reading, tells of it only now
            {"received_at": 40 * DAY},  # a message that lay in a queue
            {"received_at": 40 * DAY, "occurred_at": timedelta()},  # whatever its clock says
        ],
    )
    async def test_told_of_again(self, cellar: Cellar, again: dict[str, timedelta]) -> None:
        """An event that was forgotten is not decided again, and nobody is answered twice."""
        event = await cellar.owed("c:1", 40)
        await cellar.run(times=2)
        forgotten = await self.known(cellar, event)
        told: dict[str, Any] = {
            name: utc_now() - ago for name, ago in ({"occurred_at": 40 * DAY} | again).items()
        }
        twice = recorded(cellar.shop, "c:1", **told)
        standing = (await record(cellar.pipeline, [twice]))[event.event_id]

        assert [False] == forgotten
        assert ("archived", (), False, False) == (
            standing.outcome,
            standing.ready,
            standing.new,
            standing.ours,
        )
        assert [] == await cellar.owner.fetch("select from public.events")
        assert set() == await cellar.left()

    async def test_at_the_border(self, cellar: Cellar) -> None:
        """What Meta may still tell of for the first time is decided as ever, beside what is not."""
        await cellar.owed("c:1", 40)
        await cellar.run(times=2)
        before = utc_now() - timedelta(days=30)
        moments = [before - timedelta(minutes=2), before + timedelta(minutes=2), before + 23 * DAY]
        late = [recorded(cellar.shop, f"c:{at}", received_at=at, occurred_at=at) for at in moments]
        told = await record(cellar.pipeline, late)

        assert [("archived", False), ("matched", True), ("matched", True)] == [
            (told[one.event_id].outcome, told[one.event_id].ours) for one in late
        ]

    async def test_a_part_at_a_time(self, cellar: Cellar) -> None:
        """However small the parts, all of it is forgotten in one run."""
        events = [await cellar.owed(f"c:{number}", 40) for number in range(3)]
        await cellar.run(most=1, times=4)

        assert [False] * 3 == await self.known(cellar, *events)


_LONG_AGO = """
update public.deliveries
   set created_at = $2, updated_at = $2,
       sent_at = case when state = 'sent' then $2::timestamptz end
 where id = $1
"""
_CLICKED = """
insert into public.link_clicks (event_id, workspace_id, account_id, delivery_id, campaign_id,
                                campaign_version, step, url, clicked_at)
select gen_random_uuid(), workspace_id, account_id, id, campaign_id, campaign_version, step,
       'https://secretive.example', now() - interval '1 day'
  from public.deliveries where id = $1
"""
_NOTED = (
    """
    insert into public.delivery_transitions (delivery_id, number, workspace_id, before, after,
                                             attempts, moved_by, at)
    select id, 1, workspace_id, 'sending', 'sent', 1, 'sender', created_at
      from public.deliveries where id = $1
    """,
    """
    insert into public.delivery_looks (delivery_id, number, workspace_id, asked, outcome, because,
                                       seen, message_id)
    select id, 1, workspace_id, 'ledger', 'found', 'its_echo', 1, 'secretive'
      from public.deliveries where id = $1
    """,
    _CLICKED.replace("now() - interval '1 day'", "created_at"),
)
