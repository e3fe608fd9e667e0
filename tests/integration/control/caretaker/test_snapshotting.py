"""Workspaces are exported again and again, though nobody asks; and nobody erased is in any."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.control.caretaker.snapshotting import Snapshots, Snapshotting
from switchboard.contracts import PersonId
from switchboard.db import erasing, export_work
from switchboard.db.export_work import Granted, Work
from switchboard.db.ledger import record
from switchboard.db.portable import WORKSPACES
from tests.integration.control.caretaker.household import Household
from tests.integration.db.town import recorded

WEEKLY = Snapshots(every=timedelta(days=7), keep=timedelta(days=60))
HOUR = timedelta(hours=1)


async def asked(house: Household, snapshots: Snapshots | None = WEEKLY, most: int = 100) -> Any:
    """Let the job run; return its row."""
    job = Snapshotting(db=house.db, snapshots=snapshots, most=most)
    await house.owner.execute("delete from private.jobs where name = 'snapshots'")
    await house.caretaker(job).round()
    return await house.owner.fetchrow("select * from private.jobs where name = 'snapshots'")


async def written(house: Household) -> Work:
    """Let the snapshot that is due be written."""
    work = await export_work.take(house.db, taker="me", lease=timedelta(minutes=1), most_attempts=5)
    assert work is not None
    async with house.db.transaction() as tx:
        await Granted(work).open(tx, WORKSPACES)
        (row,) = await tx.fetch("fetch 10 from travelling")
    assert str(house.shop.workspace) in row["line"]
    assert await export_work.finish(
        house.db,
        work,
        location="there",
        size_bytes=1,
        sha256="0" * 64,
        rows=1,
        keep=timedelta(days=7),
    )
    return work


async def later(house: Household, passes: timedelta) -> None:
    """Let so much time have passed since snapshots were asked for."""
    await house.owner.execute(
        "update public.exports set asked_at = asked_at - $1::interval", passes
    )


async def test_each_workspace_once(house: Household) -> None:
    """Nobody is named as having asked; while one is new, no other is asked for."""
    first = await asked(house)
    again = await asked(house)
    await written(house)
    await later(house, timedelta(days=6))
    young = await asked(house)
    (row,) = await house.owner.fetch("select * from public.exports")

    assert [1, 0, 0] == [one["detail"]["asked"] for one in (first, again, young)]
    assert (True, None, "workspace", "done") == (
        row["snapshot"],
        row["asked_by"],
        row["kind"],
        row["state"],
    )
    assert timedelta(days=60) == row["expires_at"] - row["finished_at"]


async def test_again_when_it_is_time(house: Household) -> None:
    """A week later there is another, beside the one before."""
    await asked(house)
    await written(house)
    await later(house, timedelta(days=7))
    due = await asked(house)
    rows = await house.owner.fetch("select state from public.exports order by asked_at")

    assert 1 == due["detail"]["asked"]
    assert ["done", "asked"] == [row["state"] for row in rows]


async def test_somebody_who_is_erased_is_in_none(house: Household) -> None:
    """What had them is for nobody from then on, and an hour later another is made without them."""
    await record(house.owner, [recorded(house.shop, "c:1")])
    await asked(house)
    await written(house)
    (person,) = await house.owner.fetch("select person_id from public.contacts")
    await erasing.erase(house.owner, house.shop.account, PersonId(person["person_id"]))
    at_once = await asked(house)
    await later(house, HOUR)
    then = await asked(house)
    rows = await house.owner.fetch(
        "select state, removed_because from public.exports order by asked_at"
    )

    assert [0, 1] == [one["detail"]["asked"] for one in (at_once, then)]
    assert [("removed", "erased"), ("asked", None)] == [
        (row["state"], row["removed_because"]) for row in rows
    ]


async def test_many_workspaces(house: Household) -> None:
    """So many at a time, and soon again while there may be more."""
    row = await asked(house, most=1)

    assert row["next_run_at"] - row["last_finished_at"] <= timedelta(minutes=1)


async def test_none_without_a_setting(house: Household) -> None:
    """Nobody's workspace is written anywhere unless whoever runs the installation says so."""
    await asked(house, None)

    assert [] == await house.owner.fetch("select id from public.exports")
