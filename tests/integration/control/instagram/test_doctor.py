"""The doctor by the API: an admin's accounts, and for those who run it, everything."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from switchboard.db import operators
from tests.integration.control.house import Answer, Person
from tests.integration.control.instagram.conftest import OpenOwners
from tests.integration.control.instagram.owners import Owners
from tests.integration.db.users import Role


@pytest.fixture
async def owners(
    open_owners: OpenOwners, redis_url: str, sqs_endpoint_url: str, queue_prefix: str
) -> Any:
    """The API, which examines what there is; the queues are not there."""
    doctor = {
        "redis_url": redis_url,
        "queue_prefix": queue_prefix,
        "aws_endpoint_url": sqs_endpoint_url,
    }
    async with open_owners(doctor=doctor) as owners:
        yield owners


async def connected(owners: Owners) -> tuple[Person, str, str]:
    """Return an admin with an account; its workspace's doctor, and its id."""
    person, workspace = await owners.person()
    instagram_id = await owners.account()
    answer = await owners.connect(person, workspace, instagram_id)
    return person, f"/v1/workspaces/{workspace}/doctor", answer.body["id"]


async def operator(owners: Owners) -> Person:
    """Return somebody who runs the installation, and is a member of nothing."""
    person = await owners.house.newcomer()
    assert await operators.add(owners.house.owner, str(person.id))
    return person


def checks(findings: list[dict[str, Any]]) -> dict[str, str]:
    """Return verdicts by check."""
    return {one["check"]: one["verdict"] for one in findings}


async def test_ones_own(owners: Owners, redis_url: str, sqs_endpoint_url: str) -> None:
    """An admin sees how each of their accounts is at Meta, and of the installation what it does."""
    person, path, account = await connected(owners)
    _, _, other = await connected(owners)
    answer = await person.get(path)
    (seen,) = answer.body["accounts"]

    assert 200 == answer.status, answer.text
    assert (account, True) == (seen["account_id"], seen["asked_at"] is not None)
    assert {"identity": "ok", "webhooks": "ok", "permission": "ok"}.items() <= checks(
        seen["findings"]
    ).items()
    told = checks(answer.body["installation"])
    assert {"receiving": "failure", "sending": "failure"}.items() <= told.items()  # no queues
    assert {"receiving", "deciding", "sending", "looking_after"} == set(told)
    secret = [urlsplit(url).netloc for url in (redis_url, sqs_endpoint_url)]
    assert [] == [one for one in (other, *secret) if one in answer.text]


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_admins_alone(owners: Owners, role: Role) -> None:
    """Who may not change the accounts is not told; strangers see no workspace, and no account."""
    person, workspace = await owners.person(role)
    stranger, path, account = await connected(owners)
    mine = f"/v1/workspaces/{workspace}/doctor"
    nobody = await owners.house.call("GET", mine)

    assert 403 == (await person.get(mine)).status
    assert 404 == (await stranger.get(mine)).status
    assert 401 == nobody.status
    assert 404 == (await stranger.get(f"{path}?account_id={uuid4()}")).status
    assert 404 == (await person.get(f"{path}?account_id={account}")).status


async def test_another_workspaces_account(owners: Owners) -> None:
    """It is not found in this one, although it is there."""
    person, path, _ = await connected(owners)
    _, _, other = await connected(owners)

    assert 404 == (await person.get(f"{path}?account_id={other}")).status


async def test_a_token_that_is_dead(owners: Owners) -> None:
    """What is wrong with an account is told with what to do."""
    person, path, account = await connected(owners)
    row = await owners.row(account)
    await owners.meta.sim(
        "POST", "/deauthorizations", {"account_id": row["instagram_id"], "tell": False}
    )
    answer = await person.get(f"{path}?account_id={account}")
    (identity,) = [
        one for one in answer.body["accounts"][0]["findings"] if one["check"] == "identity"
    ]

    assert ("failure", True) == (identity["verdict"], "connect it again" in identity["do"])


async def test_meta_is_not_asked_by_everybody(owners: Owners, redis_url: str) -> None:
    """What it said is told again; and when that is forgotten, it is asked a few times at most."""
    person, path, _ = await connected(owners)
    first, again = await person.get(path), await person.get(path)
    answers = [await forgetting(redis_url, person, path) for _ in range(3)]
    asked = [checks(one.body["accounts"][0]["findings"]).get("meta") for one in answers]
    often = next(
        one for one in answers[-1].body["accounts"][0]["findings"] if one["check"] == "meta"
    )

    assert first.body["accounts"][0]["asked_at"] == again.body["accounts"][0]["asked_at"]
    assert first.body["examined_at"] == again.body["examined_at"]
    assert [None, None, "unknown"] == asked
    assert ("too often" in often["saw"], "minutes" in often["do"]) == (True, True)


async def forgetting(redis_url: str, person: Person, path: str) -> Answer:
    """Ask when what Meta said is remembered no more."""
    async with Redis.from_url(redis_url) as redis:
        keys = [key async for key in redis.scan_iter(match="examined:*")]
        assert 1 == await redis.unlink(*keys)
    answer = await person.get(path)
    if "too often" not in answer.text:
        return answer
    async with Redis.from_url(redis_url) as redis:
        assert not [key async for key in redis.scan_iter(match="examined:*")]
    return answer


async def test_it_ends_in_time_and_keeps_nobody_waiting(
    open_owners: OpenOwners, redis_url: str
) -> None:
    """While Meta does not answer, others are served by the one connection there is."""
    doctor = {"redis_url": redis_url, "doctor_budget_s": 2}
    async with open_owners(doctor=doctor, house={"database_pool_size": 1}) as owners:
        person, path, account = await connected(owners)
        slow = {"kind": "delay", "on": "any", "delay_s": 6}
        await owners.meta.sim("PUT", "/config", {"faults": [slow]})
        examined = asyncio.create_task(person.get(path))
        listed = asyncio.create_task(person.get(f"/v1/accounts/{account}"))
        done, _ = await asyncio.wait({examined, listed}, return_when=asyncio.FIRST_COMPLETED)
        answer = await examined

    assert {listed} == done
    assert "unknown" == checks(answer.body["accounts"][0]["findings"])["doctor"]


async def test_the_installation(owners: Owners) -> None:
    """Who runs it sees all that the command tells, and which accounts are not well."""
    _, _, account = await connected(owners)
    person = await operator(owners)
    answer = await person.get("/v1/installation/doctor")
    named = await person.get(f"/v1/installation/doctor?account_id={account}")
    queues = [one for one in answer.body["installation"] if one["check"] == "queue"]

    assert 200 == answer.status, answer.text
    assert ["events", "classify", "classified", "outbound"] == [one["subject"] for one in queues]
    assert "QUEUE_PREFIX" in queues[0]["do"]
    assert {"postgres", "migrations", "roles", "redis", "jobs", "token_keys", "retention"} <= set(
        checks(answer.body["installation"])
    )
    assert [account] == [one["account_id"] for one in answer.body["accounts"]]  # nothing came yet
    assert [None] == [one["asked_at"] for one in answer.body["accounts"]]
    assert "ok" == checks(named.body["accounts"][0]["findings"])["identity"]


async def test_those_who_run_it_alone(owners: Owners) -> None:
    """No owner of a workspace is one by that, nor who was one; nor a program of theirs."""
    person, workspace = await owners.person("owner")
    path = "/v1/installation/doctor"
    before = await person.get(path)
    made = await person.post(
        f"/v1/workspaces/{workspace}/api-keys", {"name": "till", "role": "admin"}
    )
    await operators.add(owners.house.owner, str(person.id))
    program = Person(UUID(int=0), made.body["key"], person.url, person.http)
    during, by_key = await person.get(path), await program.get(path)
    await operators.remove(owners.house.owner, str(person.id))
    after = await person.get(path)

    assert [403, 200, 403, 403] == [one.status for one in (before, during, by_key, after)]


async def test_nothing_is_examined_here(open_owners: OpenOwners) -> None:
    """Where the doctor has no settings, that is said."""
    async with open_owners() as owners:
        person, path, _ = await connected(owners)
        answer = await person.get(path)

    assert (409, "conflict") == (answer.status, answer.code)
