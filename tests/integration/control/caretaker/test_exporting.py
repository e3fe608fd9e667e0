"""What an admin asks for is written to a file, all of it and nobody else's; and then removed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.control.caretaker.exporting import MOST_ATTEMPTS
from switchboard.db.pool import open_pool
from switchboard.errors import Unavailable
from switchboard.exporting import open_target, take
from tests.integration.cli.past import open_past
from tests.integration.control.caretaker.desk import Desk, Held, inside, open_desk, rows
from tests.integration.db import town
from tests.integration.db.town import open_shop
from tests.integration.db.users import hire
from tests.integration.exporting.test_round_trip import fill
from tests.integration.storage.yard import open_yard


@pytest.fixture
async def desk(database_url: str, caretaker_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A workspace with a row in every table, beside another."""
    async with (
        open_pool(database_url, name="owner") as owner,
        open_pool(caretaker_url, name="caretaker") as db,
    ):
        next(town._numbers)  # the past's account has the first
        await open_shop(owner)
        past = await open_past(owner)
        await fill(past)
        async with open_desk(past, owner, db, tmp_path / "kept") as desk:
            desk.directory.mkdir()
            yield desk


async def test_a_workspace(desk: Desk, tmp_path: Path) -> None:
    """It is byte for byte what the command line takes away as the owner of the schema."""
    export = await desk.ask()
    assert await desk.write()
    with open_target(tmp_path / "out.zip") as files:
        manifest = await take(desk.owner, desk.past.workspace, files)
    written, stands = desk.read(export), await desk.stands(export)

    assert (tmp_path / "out.zip").read_bytes() == written
    assert [] == [one.name for one in manifest.files if one.rows == 0]
    assert ("done", 1, manifest.rows, None) == tuple(
        stands[name] for name in ("state", "attempts", "rows", "failure")
    )
    assert (len(written), hashlib.sha256(written).hexdigest(), desk.name(export)) == tuple(
        stands[name] for name in ("size_bytes", "sha256", "location")
    )
    assert [desk.name(export)] == desk.files()
    assert not await desk.write()


async def test_events(desk: Desk) -> None:
    """Of an account or of all: what happened, and a manifest that says it is no whole workspace."""
    every, one = await desk.ask("events"), await desk.ask("events", account=desk.past.account)
    assert [True, True, False] == [await desk.write() for _ in range(3)]
    files = inside(desk.read(every))
    ids = await desk.owner.fetch(
        "select event_id::text as id from public.events where workspace_id = $1"
        " order by received_at, event_id",
        desk.past.workspace,
    )

    assert ["events.jsonl", "manifest.json"] == sorted(files)
    assert "switchboard.events" == json.loads(files["manifest.json"])["format"]
    assert [row["id"] for row in ids] == [row["event_id"] for row in rows(files["events.jsonl"])]
    assert files["events.jsonl"] == inside(desk.read(one))["events.jsonl"]


async def test_a_person(desk: Desk) -> None:
    """All that is stored of them and nothing of others: for programs, and to be read."""
    person = await desk.somebody()
    export = await desk.ask("person", account=desk.past.account, person=person)
    await desk.write()
    files = inside(desk.read(export))
    found, text = json.loads(files["person.json"]), files["person.txt"].decode()
    stored = await desk.owner.fetch(
        "select event_id::text as id, event ->> 'text' as text from public.events"
        " where account_id = $1 and person_id = $2 order by received_at, event_id",
        desk.past.account,
        person,
    )

    assert ["person.json", "person.txt"] == sorted(files)
    assert person == found["contact"]["person_id"]
    assert [row["id"] for row in stored] == [one["event_id"] for one in found["events"]]
    assert len(found["events"]) + len(found["deliveries"]) <= (await desk.stands(export))["rows"]
    assert str(person) in text
    assert [] == [
        row["text"] for row in stored if row["text"] and " ".join(row["text"].split()) not in text
    ]


async def test_in_s3(desk: Desk, s3_endpoint_url: str) -> None:
    """The file is in the bucket, and the row says where."""
    export = await desk.ask()
    async with open_yard(s3_endpoint_url) as yard, yard.place() as place:
        await desk.write(place=place)
        keys = await yard.keys()

    assert [f"ours/{desk.name(export)}"] == keys
    assert f"s3://{yard.bucket}/{keys[0]}" == (await desk.stands(export))["location"]


async def test_whoever_may_no_longer(desk: Desk) -> None:
    """Who is no admin any more when it is begun gets nothing; nor does a stranger."""
    editor = await hire(desk.owner, desk.shop, "editor")
    stranger = await hire(desk.owner, await open_shop(desk.owner), "owner")
    asked = [await desk.ask(by=editor), await desk.ask(by=stranger)]

    assert not await desk.write()
    assert ["no_longer_allowed"] * 2 == [(await desk.stands(one))["failure"] for one in asked]
    assert [] == desk.files()


async def test_whoever_may_no_longer_at_the_end(desk: Desk) -> None:
    """Whose rights were taken while it was written gets nothing either."""

    async def dismissed() -> None:
        await desk.owner.execute(
            "update public.memberships set role = 'editor' where user_id = $1", desk.admin
        )

    export = await desk.ask()
    await desk.write(place=Held(desk.place, dismissed))
    await desk.due()

    assert not await desk.write()
    assert "no_longer_allowed" == (await desk.stands(export))["failure"]
    assert [] == desk.files()


async def test_a_process_that_was_killed(desk: Desk) -> None:
    """What it was at is begun again when its lease is over, not before; its file goes."""
    export = await desk.ask()
    row = await desk.db.fetchrow("select * from private.take_export('dead', '1 minute', 5)")
    assert row is not None
    left = desk.directory / desk.name(export)
    left.parent.mkdir()
    left.write_bytes(b"half")

    early = await desk.write()
    await desk.due()
    later = await desk.write()

    assert (False, True) == (early, later)
    assert ("done", 2) == await desk.told(export, "state", "attempts")
    assert [desk.name(export, 2)] == desk.files()


async def test_a_place_that_is_away(desk: Desk) -> None:
    """It is tried again, later each time, and after five times it has failed, with the reason."""

    async def away() -> None:
        raise Unavailable("S3 is away")

    export = await desk.ask()
    waited = []
    for _ in range(MOST_ATTEMPTS):
        assert await desk.write(place=Held(desk.place, away))
        row = await desk.owner.fetchrow(
            "select extract(epoch from lease_until - now()) > 30 as waits from public.exports"
        )
        assert row is not None
        waited.append(row["waits"])
        await desk.due()

    stands = await desk.stands(export)
    assert [True, True, True, True, None] == waited
    assert ("failed", "unavailable", MOST_ATTEMPTS) == tuple(
        stands[name] for name in ("state", "failure", "attempts")
    )
    assert not await desk.write()
    assert [] == desk.files()


async def test_one_that_was_taken_over(desk: Desk) -> None:
    """Who was thought dead and was slow gives nothing to anybody, and cleans up."""

    async def overtaken() -> None:
        await desk.due()
        assert await desk.writer(owner="other").round()

    export = await desk.ask()
    await desk.write(place=Held(desk.place, overtaken))

    assert ("done", 2) == await desk.told(export, "state", "attempts")
    assert [desk.name(export, 2)] == desk.files()


async def test_stopping(desk: Desk) -> None:
    """Told to stop, it gives back what it is at, and another begins it at once."""
    stop = asyncio.Event()

    async def stopped() -> None:
        stop.set()
        await asyncio.Event().wait()

    export = await desk.ask()
    await desk.write(place=Held(desk.place, stopped), stop=stop)
    given_back = (await desk.stands(export))["state"]
    await desk.write()

    assert ("asked", "done") == (given_back, (await desk.stands(export))["state"])
    assert [desk.name(export, 2)] == desk.files()


class TestErased:
    async def test_one_that_is_done(self, desk: Desk) -> None:
        """Nobody may have it from that moment, and its file goes; what is asked next has nobody."""
        person = await desk.somebody()
        before = [await desk.ask(), await desk.ask("events")]
        their = await desk.ask("person", account=desk.past.account, person=person)
        for _ in range(3):
            await desk.write()
        held = [str(person).encode() in b"".join(inside(desk.read(one)).values()) for one in before]
        assert (await desk.erase(person)).done
        states = [
            ((await desk.stands(one))["state"], (await desk.stands(one))["removed_because"])
            for one in (*before, their)
        ]
        swept = await desk.sweep()
        left = desk.files()
        after = await desk.ask()
        await desk.write()

        assert [True, True] == held
        assert [("removed", "erased")] * 3 == states
        assert (3, []) == (swept, left)
        assert str(person).encode() not in b"".join(inside(desk.read(after)).values())

    async def test_one_that_is_being_written(self, desk: Desk) -> None:
        """It is begun again, and has nobody in it then."""
        person = await desk.somebody()
        export = await desk.ask()
        await desk.write(place=Held(desk.place, lambda: desk.erase(person)))
        left = desk.files()
        await desk.write()

        assert [] == left
        assert "done" == (await desk.stands(export))["state"]
        assert str(person).encode() not in b"".join(inside(desk.read(export, 2)).values())

    async def test_none_begins_before_erasing_has_ended(self, desk: Desk) -> None:
        """It would read what is about to be gone."""
        person = await desk.somebody()
        export = await desk.ask()
        async with desk.owner.transaction() as tx:
            await tx.execute(
                "update public.deliveries set state = 'uncertain', lease_until = null"
                " where state = 'sending'"
            )
            await tx.execute("select private.forget_person($1, $2)", desk.past.account, person)
            early = await desk.write()
        later = await desk.write()

        assert (False, True) == (early, later)
        assert str(person).encode() not in b"".join(inside(desk.read(export)).values())

    async def test_what_is_about_somebody_else(self, desk: Desk) -> None:
        """An export of another person stays."""
        person = await desk.somebody()
        row = await desk.owner.fetchrow(
            "select person_id from public.contacts where person_id <> $1 order by 1 limit 1", person
        )
        assert row is not None
        other = await desk.ask("person", account=desk.past.account, person=row["person_id"])
        await desk.write()
        await desk.erase(person)

        assert (0, "done") == (await desk.sweep(), (await desk.stands(other))["state"])

    async def test_one_that_was_only_asked_for(self, desk: Desk) -> None:
        """Of somebody who was erased meanwhile nothing is written."""
        person = await desk.somebody()
        export = await desk.ask("person", account=desk.past.account, person=person)
        await desk.erase(person)

        assert not await desk.write()
        assert "erased" == (await desk.stands(export))["removed_because"]


async def test_when_it_is_over(desk: Desk) -> None:
    """After its time nobody may have it and its file goes; one whose time is not over stays."""
    over, kept = await desk.ask(), await desk.ask("events")
    await desk.write()
    await desk.write()
    await desk.owner.execute("update public.exports set expires_at = now() where id = $1", over)

    assert [1, 0] == [await desk.sweep(), await desk.sweep()]
    assert ("removed", "expired", None) == await desk.told(
        over, "state", "removed_because", "location"
    )
    assert [desk.name(kept)] == desk.files()


async def test_discarded_while_it_is_written(desk: Desk) -> None:
    """Its file goes with who wrote it, or, if that one died, once its lease is over."""
    export = await desk.ask()
    row = await desk.db.fetchrow("select * from private.take_export('dead', '1 minute', 5)")
    assert row is not None
    left = desk.directory / desk.name(export)
    left.parent.mkdir()
    left.write_bytes(b"whole")
    await desk.owner.execute(
        "update public.exports set state = 'removed', removed_because = 'discarded',"
        " lease_owner = null where id = $1",
        export,
    )
    early = await desk.sweep()
    await desk.due()

    assert (0, 1) == (early, await desk.sweep())
    assert [] == desk.files()
