"""A workspace that is to end: its accounts are let go at once, the rest goes when it is due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from services.control.caretaker.removing import Removing
from services.control.caretaker.sweeping import Sweeping
from services.control.instagram.connecting import Connecting
from switchboard.contracts import AccountId
from switchboard.db import exports, jobs, removals
from switchboard.db.jobs import Standing
from switchboard.errors import Unavailable
from switchboard.state import open_redis
from switchboard.state.client import Redis
from switchboard.state.erasing import forget_account
from switchboard.storage.directory import Directory
from tests.integration.control.caretaker.household import VAULT, Household
from tests.integration.db.town import open_shop, owe

WEEK = timedelta(days=7)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """An empty Redis."""
    async with open_redis(redis_url) as client:
        yield client


@pytest.fixture
async def removing(house: Household, redis: Redis) -> Removing:
    """The job."""
    return job(house, partial(forget_account, redis))


def job(
    house: Household, forget: Callable[[AccountId], Awaitable[int]], *, most: int = 5_000
) -> Removing:
    """Return the job, which forgets in Redis by `forget`."""
    accounts = Connecting(
        db=house.db, login=house.login, accounts=house.accounts, vault=VAULT, now=house.now
    )
    return Removing(db=house.db, accounts=accounts, forget=forget, now=house.now, most=most)


async def run(house: Household, kind: Removing) -> Standing:
    """Let a caretaker do the job now; return how it stands then."""
    await jobs.enrol_upkeep(house.db, kind.name)
    await jobs.hasten(house.db, kind.name, None)
    await house.caretaker(kind).round()
    (stands,) = await jobs.standing(house.db, None)
    return stands


async def ask(house: Household, *, due: bool = False) -> None:
    """Have the shop's workspace end in a week; if `due`, that week is over."""
    await removals.ask_as_operator(house.owner, house.shop.workspace, grace=WEEK)
    if due:
        await house.owner.execute(
            "update public.workspaces set deletion_asked_at = now() - interval '8 days',"
            " deletion_due_at = now() - interval '1 day' where id = $1",
            house.shop.workspace,
        )


async def is_there(house: Household) -> bool:
    """Return whether the shop's workspace is."""
    rows = await house.owner.fetch(
        "select from public.workspaces where id = $1", house.shop.workspace
    )
    return bool(rows)


async def subscribed(house: Household) -> list[str]:
    """Return which webhooks Meta sends of the shop's account."""
    accounts = (await house.meta.sim("GET", "/accounts"))["accounts"]
    us = house.shop.instagram_id
    (ours,) = (one for one in accounts if one["account_id"] == us)
    fields: list[str] = ours["subscribed_fields"]
    return fields


async def tokens(house: Household) -> int:
    """Return how many tokens there are."""
    return len(await house.owner.fetch("select from private.instagram_credentials"))


async def test_its_accounts_are_let_go(house: Household, removing: Removing) -> None:
    """Meta sends nothing more, and the token is gone; everything else is as it was."""
    await house.run(house.probing())
    assert await subscribed(house)
    await ask(house)
    stands = await run(house, removing)

    assert ("done", {"rows": 0, "waiting": 0}) == (stands.last_outcome, stands.detail)
    assert ([], 0, True) == (await subscribed(house), await tokens(house), await is_there(house))


async def test_meta_is_away(house: Household, removing: Removing) -> None:
    """The token is forgotten all the same: what Meta still sends belongs to nobody."""
    await house.store_token("a token that Meta does not know")
    await ask(house)
    await run(house, removing)

    assert 0 == await tokens(house)


async def test_nobody_has_asked(house: Household, removing: Removing) -> None:
    """Nothing of a workspace that goes on is touched."""
    stands = await run(house, removing)

    assert {"rows": 0, "waiting": 0} == stands.detail
    assert (1, True) == (await tokens(house), await is_there(house))


async def test_when_it_is_due(house: Household, removing: Removing, redis: Redis) -> None:
    """Rows and what Redis knows are gone, and only those: a neighbour's are as they were."""
    neighbour = await open_shop(house.owner)
    for shop in (house.shop, neighbour):
        await owe(house.owner, shop)
        for key in ("contact:{%s}:1", "window:{%s}:1", "limit:{%s}:hour", "cooldown:{%s}"):
            await redis.set(key % shop.instagram_id, "1")
    await ask(house, due=True)
    stands = await run(house, removing)
    left = {str(key) async for key in redis.scan_iter()}

    assert "done" == stands.last_outcome
    assert stands.detail["rows"] > 0
    assert not await is_there(house)
    assert [neighbour.account] == [
        row["account_id"] for row in await house.owner.fetch("select account_id from public.events")
    ]
    assert {
        f"{kind}:{{{neighbour.instagram_id}}}{rest}"
        for kind, rest in (
            ("contact", ":1"),
            ("window", ":1"),
            ("limit", ":hour"),
            ("cooldown", ""),
        )
    } == left


async def test_redis_is_away(house: Household, redis: Redis) -> None:
    """No row goes before Redis has forgotten: it is tried again, and ends."""

    async def away(_account: AccountId) -> int:
        raise Unavailable("Redis is away")

    await ask(house, due=True)
    failed = await run(house, job(house, away))
    there = await is_there(house)
    await house.owner.execute("update private.jobs set next_run_at = now()")
    done = await run(house, job(house, partial(forget_account, redis)))

    assert ("failed", True) == (failed.last_outcome, there)
    assert ("done", False) == (done.last_outcome, await is_there(house))


async def test_in_small_steps(house: Household, redis: Redis) -> None:
    """However many transactions it takes, and it forgets in Redis before the first alone."""
    forgotten: list[AccountId] = []

    async def forget(account: AccountId) -> int:
        forgotten.append(account)
        return await forget_account(redis, account)

    for _ in range(5):
        await owe(house.owner, house.shop)
    await ask(house, due=True)
    small = job(house, forget, most=2)
    await removals.begin(house.db, house.shop.workspace)
    await forget(house.shop.instagram_id)
    await removals.remove(house.db, house.shop.workspace, most=2)
    while await is_there(house):
        await run(house, small)

    assert [house.shop.instagram_id] == forgotten


async def test_its_files(house: Household, removing: Removing, tmp_path: Path) -> None:
    """The workspace waits until the files of its exports are removed."""
    workspace = house.shop.workspace
    place = Directory(tmp_path)
    made = await house.owner.fetchrow(
        "insert into public.exports (workspace_id, kind, asked_by, state, attempts, expires_at,"
        " location, finished_at)"
        " values ($1, 'workspace', gen_random_uuid(), 'done', 1, now() + interval '1 day',"
        " 'a.zip', now())"
        " returning id",
        workspace,
    )
    assert made is not None
    file = tmp_path / exports.file_name(workspace, made["id"], 1)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"zip")
    await ask(house, due=True)
    waiting = await run(house, removing)
    there = await is_there(house)
    await Sweeping(db=house.db, place=place).keep_up()
    await run(house, removing)

    assert (1, True) == (waiting.detail["waiting"], there)
    assert (False, False) == (file.exists(), await is_there(house))


async def test_several(house: Household, removing: Removing) -> None:
    """One that waits does not keep the others."""
    other = await open_shop(house.owner)
    await owe(house.owner, house.shop)
    await ask(house, due=True)
    await house.owner.execute(
        "update public.deliveries set state = 'sending', lease_owner = 'me',"
        " lease_until = now() + interval '1 minute'"
    )
    await removals.ask_as_operator(house.owner, other.workspace, grace=WEEK)
    await house.owner.execute(
        "update public.workspaces set deletion_asked_at = now() - interval '8 days',"
        " deletion_due_at = now() - interval '1 hour' where id = $1",
        other.workspace,
    )
    stands = await run(house, removing)
    left = await house.owner.fetch("select id from public.workspaces")

    assert [house.shop.workspace] == [row["id"] for row in left]
    assert 1 == stands.detail["waiting"]
