"""Days of the ledger are made ahead; old ones are archived, and then dropped."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.control.caretaker.caretaker import Caretaker
from services.control.caretaker.counting import Counting
from services.control.caretaker.job import Upkeep
from services.control.caretaker.retaining import Keeping, Retaining
from switchboard.clock import utc_now
from switchboard.db import funnel, jobs
from switchboard.db.jobs import Standing
from switchboard.db.ledger import Recorded, record
from switchboard.db.pool import Database, open_pool
from switchboard.storage import Place, open_place
from switchboard.storage.directory import Directory
from switchboard.storage.s3 import InBucket
from switchboard.telemetry import Meter
from tests.integration.db.town import Shop, open_shop, recorded
from tests.integration.queues.relay import open_relay
from tests.integration.storage.yard import Yard, open_yard

DAY = timedelta(days=1)
TODAY = utc_now().astimezone(UTC).date()
OLD, OLDER = TODAY - 31 * DAY, TODAY - 50 * DAY


@dataclass
class Attic:
    """A ledger, and the directory that its old days are written to."""

    owner: Database
    db: Database
    shop: Shop
    directory: Path
    place: Place | None = None
    meter: Meter = field(default_factory=lambda: Meter("control", "test"))

    async def happened(self, *moments: date) -> list[Recorded]:
        """Let something have happened at noon of each day."""
        events = [
            recorded(
                self.shop,
                f"c:{number}:{day}",
                received_at=datetime.combine(day, time(12), UTC),
                event=json.dumps({"kind": "comment.v1", "text": "secretive"}),
            )
            for number, day in enumerate(moments)
        ]
        await record(self.owner, events)
        return events

    async def run(
        self, *, keeps: int | None = 30, times: int = 1, besides: Sequence[Upkeep] = ()
    ) -> Standing:
        """Let a caretaker look so often; return how the job stands then."""
        place = self.place or Directory(self.directory)
        keeping = None if keeps is None else Keeping(keeps, place)
        caretaker = Caretaker(
            self.db,
            [Retaining(db=self.db, keeping=keeping, now=utc_now), *besides],
            owner="test",
            meter=self.meter,
            every_s=0.05,
            lease=timedelta(minutes=1),
            at_once=4,
        )
        for _ in range(times):
            await caretaker.round()
        found = await jobs.standing(self.db, None)
        return next(one for one in found if one.name == "retention")

    async def left(self) -> list[date]:
        """Return the days of what is in the ledger."""
        rows = await self.owner.fetch("select received_at from public.events order by 1")
        return [row["received_at"].astimezone(UTC).date() for row in rows]

    async def archives(self) -> list[dict[str, Any]]:
        """Return what is noted of archives, the first day first."""
        rows = await self.owner.fetch(_ARCHIVES)
        return [{name: row[name] for name in _NOTED} for row in rows]

    def ids(self, *names: str) -> list[str]:
        """Return whose events are in the files."""
        return [json.loads(line)["event_id"] for name in names for line in self.lines(name)]

    def lines(self, name: str) -> Iterable[str]:
        return gzip.decompress((self.directory / name).read_bytes()).decode().splitlines()


@pytest.fixture
async def attic(database_url: str, caretaker_url: str, tmp_path: Path) -> AsyncIterator[Attic]:
    """An attic that is empty."""
    async with (
        open_pool(database_url, name="owner") as owner,
        open_pool(caretaker_url, name="caretaker") as db,
    ):
        yield Attic(owner, db, await open_shop(owner), tmp_path)


async def test_nothing_is_dropped_unless_asked(attic: Attic) -> None:
    """Without a retention everything stays, and where it is."""
    await attic.happened(OLDER, OLD, TODAY)
    standing = await attic.run(keeps=None)

    assert ("retention", "", "done") == (standing.name, standing.subject, standing.last_outcome)
    assert {} == standing.detail
    assert [OLDER, OLD, TODAY] == await attic.left()
    assert [] == list(attic.directory.iterdir())


async def test_old_days(attic: Attic) -> None:
    """One after the other they are written, without anybody in them, and dropped; no others."""
    kept = TODAY - 29 * DAY  # and midnight may come meanwhile
    events = await attic.happened(OLDER, OLD, OLD, kept, TODAY)
    first = await attic.run()
    standing = await attic.run(times=3)
    older, old = (f"events-{day}.jsonl.gz" for day in (OLDER, OLD))

    assert {"made": 8, "dropped": str(OLDER), "events": 1} == first.detail
    assert ("done", {"made": 0}) == (standing.last_outcome, standing.detail)
    assert [kept, TODAY] == await attic.left()
    assert [str(events[0].event_id)] == attic.ids(older)
    assert {str(one.event_id) for one in events[1:3]} == set(attic.ids(old))
    assert not any("secretive" in line for name in (older, old) for line in attic.lines(name))
    assert [(1, older, True), (2, old, True)] == [
        (one["rows"], one["location"], one["dropped"]) for one in await attic.archives()
    ]
    assert [
        hashlib.sha256((attic.directory / name).read_bytes()).hexdigest() for name in (older, old)
    ] == [one["sha256"] for one in await attic.archives()]


async def test_nowhere_to_write(attic: Attic) -> None:
    """What cannot be archived stays, and the job says why; once it can be, it goes."""
    await attic.happened(OLD)
    attic.directory = attic.directory / "unmounted"
    failed = await attic.run()
    there = await attic.left()
    attic.directory.mkdir()
    await jobs.hasten(attic.db, "retention", None)
    standing = await attic.run()

    assert "cannot_archive: events-" in (failed.last_error or "")
    assert [OLD] == there
    assert ("done", []) == (standing.last_outcome, await attic.left())


async def test_archived_and_not_dropped(attic: Attic) -> None:
    """Killed in between, the day is archived again with all it has by then, in the same file."""
    (event,) = await attic.happened(OLD)
    async with attic.owner.transaction() as tx:
        await tx.execute("select from public.events for update")  # it can be read, and not deleted
        failed = await attic.run()
    again = await attic.happened(OLD, OLD)
    await jobs.hasten(attic.db, "retention", None)
    await attic.run()
    (noted,) = await attic.archives()

    assert "failed" == failed.last_outcome
    assert (2, 1, True) == (noted["rows"], noted["number"], noted["dropped"])
    assert {str(one.event_id) for one in (event, *again)} == set(
        attic.ids(f"events-{OLD}.jsonl.gz")
    )


async def test_more_of_a_day_that_is_gone(attic: Attic) -> None:
    """An import brings some: it goes to a file of its own, and the first one stays as it is."""
    (first,) = await attic.happened(OLD)
    await attic.run(times=2)
    _, more = await attic.happened(TODAY, OLD)
    await jobs.hasten(attic.db, "retention", None)
    await attic.run(times=2)

    assert [(1, True), (2, True)] == [
        (one["number"], one["dropped"]) for one in await attic.archives()
    ]
    assert [str(first.event_id)] == attic.ids(f"events-{OLD}.jsonl.gz")
    assert [str(more.event_id)] == attic.ids(f"events-{OLD}.2.jsonl.gz")
    assert [TODAY] == await attic.left()


async def test_in_s3(attic: Attic, s3_endpoint_url: str) -> None:
    """A day is dropped once S3 has given back what it was given; the note says where it is."""
    (event,) = await attic.happened(OLD)
    async with open_yard(s3_endpoint_url) as yard, yard.place() as attic.place:
        standing = await attic.run()
        name = f"ours/events-{OLD}.jsonl.gz"
        found = await yard.s3.get_object(Bucket=yard.bucket, Key=name)
        kept = await found["Body"].read()
    (noted,) = await attic.archives()
    (line,) = gzip.decompress(kept).decode().splitlines()

    assert ("done", []) == (standing.last_outcome, await attic.left())
    assert str(event.event_id) == json.loads(line)["event_id"]
    assert (f"s3://{yard.bucket}/{name}", True) == (noted["location"], noted["dropped"])
    assert hashlib.sha256(kept).hexdigest() == noted["sha256"]


async def test_s3_goes_away_in_the_middle(attic: Attic, s3_endpoint_url: str) -> None:
    """It takes the file, and cannot be asked for it: the day stays, and is dropped when it can."""
    await attic.happened(OLD)
    async with (
        open_yard(s3_endpoint_url) as yard,
        open_relay(yard.endpoint_url) as relay,
        yard.place(at=relay.url) as place,
    ):
        attic.place = place

        def once_put(**_: object) -> None:
            relay.cut()

        assert isinstance(place, InBucket)
        place._s3.meta.events.register_first("after-call.s3.PutObject", once_put)
        failed = await attic.run()
        there, noted, keys = await attic.left(), await attic.archives(), await yard.keys()
        place._s3.meta.events.unregister("after-call.s3.PutObject", once_put)
        relay.mend()
        await jobs.hasten(attic.db, "retention", None)
        standing = await attic.run()

    assert (failed.last_error or "").startswith("unavailable: S3 read")
    assert ([OLD], []) == (there, noted)
    assert [f"ours/events-{OLD}.jsonl.gz"] == keys
    assert ("done", []) == (standing.last_outcome, await attic.left())


async def test_no_bucket(attic: Attic, s3_endpoint_url: str) -> None:
    """What cannot be archived stays, and the job says what is to be done."""
    await attic.happened(OLD)
    options = Yard.options(s3_endpoint_url)
    async with open_place("s3://no-such-bucket-of-ours/a", options) as attic.place:
        failed = await attic.run()

    assert "cannot_keep: S3" in (failed.last_error or "")
    assert "NoSuchBucket: make the bucket" in (failed.last_error or "")
    assert [OLD] == await attic.left()


async def test_what_a_day_came_to_is_kept_first(attic: Attic) -> None:
    """A day waits until it is counted, which is asked for at once; its numbers outlive it."""
    counting = Counting(db=attic.db)
    await attic.run(besides=[counting])
    moment = datetime.combine(OLD, time(12), UTC)
    came = recorded(attic.shop, "c:1", received_at=moment, decision='{"because": "keyword"}')
    await record(attic.owner, [came])
    await attic.owner.execute(
        "update private.funnel_changes set made_at = made_at - interval '1 h'"
    )
    await jobs.hasten(attic.db, "retention", None)
    waits = await attic.run()
    there = await attic.left()
    standing = await attic.run(besides=[counting])
    await jobs.hasten(attic.db, "retention", None)
    await attic.run()
    (day,) = await funnel.days(
        attic.owner, attic.shop.workspace, account=None, campaign=None, first=OLD, last=OLD
    )

    assert ({"made": 0, "accounts_to_count": 1}, [OLD]) == (waits.detail, there)
    assert waits.last_finished_at is not None
    assert waits.next_run_at - waits.last_finished_at < timedelta(minutes=2)
    assert "done" == standing.last_outcome
    assert [] == await attic.left()
    assert (1, 1, False) == (day.came, day.matched, day.openable)


_NOTED = ("day", "number", "rows", "sha256", "location", "dropped")
_ARCHIVES = """
select day, number, rows, sha256, location, dropped_at is not null as dropped
  from private.event_archives
 order by day, number
"""
