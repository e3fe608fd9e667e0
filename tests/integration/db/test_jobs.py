"""Jobs as the processes that do them share them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from switchboard.db import jobs
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, open_shop

LEASE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = timedelta()


async def due(caretaker: Database, *shops: Shop) -> None:
    """Enrol all accounts, and let their jobs be due."""
    await jobs.enrol(caretaker, "probe", first_within=HOUR)
    for shop in shops:
        await jobs.hasten(caretaker, "probe", shop.account)


async def taken(caretaker: Database, owner: str = "a", lease: timedelta = LEASE) -> list[UUID]:
    """Return whose jobs are taken."""
    found = await jobs.take(caretaker, "probe", owner=owner, lease=lease, limit=10)
    return [job.account for job in found if job.account is not None]


async def test_every_account_has_it_once(owner: Database, caretaker: Database) -> None:
    """However often all are enrolled; none at the same moment, all within the time given."""
    shops = [await open_shop(owner) for _ in range(20)]
    await jobs.enrol(caretaker, "probe", first_within=HOUR)
    await jobs.enrol(caretaker, "probe", first_within=HOUR)
    moments = {(await jobs.standing(caretaker, shop.account))[0].next_run_at for shop in shops}

    assert 20 == len(moments)
    assert HOUR > max(moments) - min(moments) > HOUR / 4


async def test_one_at_a_time(owner: Database, caretaker: Database) -> None:
    """Of many who look at once, one takes a job; the others have it when it is due again."""
    shops = [await open_shop(owner) for _ in range(5)]
    await due(caretaker, *shops)
    found = await asyncio.gather(*(taken(caretaker, f"owner {n}") for n in range(8)))

    together = [account for one in found for account in one]
    assert sorted(shop.account for shop in shops) == sorted(together)


async def test_it_is_done_again(owner: Database, caretaker: Database, shop: Shop) -> None:
    """What came of it is kept, and it is due when it was said to be."""
    await due(caretaker, shop)
    (job,) = await jobs.take(caretaker, "probe", owner="a", lease=LEASE, limit=1)
    assert await jobs.done(caretaker, job, owner="a", detail={"n": 7}, next_in=HOUR)
    assert [] == await taken(caretaker)
    (after,) = await jobs.standing(caretaker, shop.account)
    await jobs.hasten(caretaker, "probe", shop.account)

    assert ("done", None, {"n": 7}, 0) == (
        after.last_outcome,
        after.last_error,
        after.detail,
        after.failures,
    )
    assert [shop.account] == await taken(caretaker)


async def test_failures_are_counted(owner: Database, caretaker: Database, shop: Shop) -> None:
    """In a row, with the last one's reason; what was known stays; done once, and none is left."""
    await due(caretaker, shop)
    for detail in ({"n": 1}, None, None):
        (job,) = await jobs.take(caretaker, "probe", owner="a", lease=LEASE, limit=1)
        if detail:
            await jobs.done(caretaker, job, owner="a", detail=detail, next_in=NOW)
        else:
            await jobs.failed(caretaker, job, owner="a", error="away", next_in=NOW)
    (after,) = await jobs.standing(caretaker, shop.account)

    assert ("failed", "away", {"n": 1}, 2) == (
        after.last_outcome,
        after.last_error,
        after.detail,
        after.failures,
    )


async def test_whose_lease_is_over(owner: Database, caretaker: Database, shop: Shop) -> None:
    """Another does it; what the first one then says of it is not taken."""
    await due(caretaker, shop)
    (late,) = await jobs.take(caretaker, "probe", owner="late", lease=NOW, limit=1)
    (job,) = await jobs.take(caretaker, "probe", owner="b", lease=LEASE, limit=1)

    assert not await jobs.failed(caretaker, late, owner="late", error="?", next_in=NOW)
    assert not await jobs.done(caretaker, late, owner="late", detail={}, next_in=NOW)
    assert await jobs.done(caretaker, job, owner="b", detail={}, next_in=HOUR)


async def test_accounts_that_are_not_connected(
    owner: Database, caretaker: Database, shop: Shop
) -> None:
    """Until its owner connects it again nothing is done; of one that has left nothing stays."""
    await due(caretaker, shop)
    status = "update public.instagram_accounts set status = $2 where id = $1"
    await owner.execute(status, shop.account, "reconnect_needed")
    waiting = await taken(caretaker)
    await owner.execute(status, shop.account, "connected")
    back = await taken(caretaker)
    await owner.execute(status, shop.account, "disconnected")
    await jobs.enrol(caretaker, "probe", first_within=HOUR)

    assert ([], [shop.account]) == (waiting, back)
    assert [] == list(await jobs.standing(caretaker, shop.account))
