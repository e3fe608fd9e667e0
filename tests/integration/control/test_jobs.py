"""What the caretaker does for an account: how it went, and doing it now."""

from __future__ import annotations

import pytest

from switchboard.db.pool import Database
from tests.integration.control.house import House
from tests.integration.db.town import Shop, open_shop
from tests.integration.db.users import Role


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A shop for whose account two jobs are done, beside others of others."""
    shop, other = await open_shop(owner), await open_shop(owner)
    for one in (shop, other):
        for name in ("backfill", "refresh"):
            await owner.execute(_JOB, name, one.account, one.workspace)
    await owner.execute("insert into private.jobs (name) values ('housekeeping')")
    return shop


_JOB = """
insert into private.jobs (name, subject, workspace_id, next_run_at, last_started_at,
                          last_finished_at, last_outcome, last_error, failures, detail)
values ($1, $2::uuid::text, $3, now() + interval '1 hour', now() - interval '2 hours',
        now() - interval '2 hours', 'failed', 'throttled: wait', 2, '{"stored": 3}')
"""


def path(shop: Shop, rest: str = "") -> str:
    """Return the address of an account's jobs."""
    return f"/v1/accounts/{shop.account}/jobs{rest}"


async def test_how_each_went(house: House, shop: Shop) -> None:
    """The account's own, by name: what came of each last, its figures, and when it goes on."""
    admin = await house.member(shop, "admin")
    answer = await admin.get(path(shop))
    first = await admin.get(path(shop, "?limit=1"))
    second = await admin.get(path(shop, f"?cursor={first.body['next_cursor']}"))
    backfill = answer.body["items"][0]

    assert ["backfill", "refresh"] == [one["name"] for one in answer.body["items"]]
    assert (str(shop.account), "failed", "throttled: wait", 2, {"stored": 3}) == tuple(
        backfill[name] for name in ("subject", "last_outcome", "last_error", "failures", "detail")
    )
    assert ["refresh"] == [one["name"] for one in second.body["items"]]


async def test_doing_it_now(house: House, owner: Database, shop: Shop) -> None:
    """It is due at once; the others, and other accounts', when they were."""
    admin = await house.member(shop, "admin")
    answer = await admin.post(path(shop, "/backfill/run"))
    due = await owner.fetch("select name, subject from private.jobs where next_run_at <= now()")

    assert 200 == answer.status, answer.text
    assert [("backfill", str(shop.account))] == [
        (row["name"], row["subject"]) for row in due if row["subject"]
    ]


@pytest.mark.parametrize(
    "busy",
    [
        "last_started_at = now() - interval '1 minute'",
        "lease_owner = 'me', lease_until = now() + interval '1 minute'",
    ],
)
async def test_not_too_often(house: House, owner: Database, shop: Shop, busy: str) -> None:
    """What is being done, or was just now, waits: the answer says for how long."""
    admin = await house.member(shop, "admin")
    await owner.execute(f"update private.jobs set {busy} where name = 'backfill'")
    answer = await admin.post(path(shop, "/backfill/run"))
    other = await admin.post(path(shop, "/refresh/run"))

    assert (429, "too_many_calls", 200) == (answer.status, answer.code, other.status)
    assert 1 <= int(answer.headers["retry-after"]) <= 300


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_admins_alone(house: House, shop: Shop, role: Role) -> None:
    """Others neither look nor let it be done; to strangers there is no such account."""
    person, stranger = await house.member(shop, role), await house.newcomer()

    assert 403 == (await person.get(path(shop))).status
    assert 403 == (await person.post(path(shop, "/backfill/run"))).status
    assert 404 == (await stranger.get(path(shop))).status
    assert 404 == (await stranger.post(path(shop, "/backfill/run"))).status


async def test_what_is_not_done_for_it(house: House, shop: Shop) -> None:
    """A job that there is not, or that is the installation's, is not found."""
    admin = await house.member(shop, "admin")

    assert 404 == (await admin.post(path(shop, "/housekeeping/run"))).status
    assert 404 == (await admin.post(path(shop, "/none-such/run"))).status
