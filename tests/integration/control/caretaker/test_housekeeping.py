"""What nobody asks for any more goes, and nothing else does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.control.caretaker import housekeeping
from services.control.caretaker.housekeeping import Housekeeping
from tests.integration.control.caretaker.household import Household
from tests.integration.db.users import hire


async def tidied(house: Household, most: int = 1_000) -> int:
    """Let a caretaker look once; return how many jobs it found to do."""
    return await house.caretaker(Housekeeping(db=house.db, most=most)).round()


async def begin(house: Household, user: Any, over_for: timedelta) -> None:
    """Let a login have been begun that is over for so long."""
    await house.owner.execute(
        "insert into private.login_states (state_hash, workspace_id, user_id, created_at,"
        " expires_at) select $1, $2, $3, moment - interval '10 minutes', moment"
        "   from (select now() - $4::interval as moment) over_at",
        uuid4().bytes * 2,
        house.shop.workspace,
        user,
        over_for,
    )


async def answer(house: Household, over_for: timedelta) -> None:
    """Let an answer have been kept that is over for so long."""
    await house.owner.execute(
        "insert into private.idempotency_keys (caller_id, key, request_hash, created_at,"
        " expires_at) select $1, 'k', $2, moment - interval '24 hours', moment"
        "   from (select now() - $3::interval as moment) over_at",
        uuid4(),
        bytes(32),
        over_for,
    )


async def deletion(house: Household, code: str, state: str, done_for: timedelta | None) -> None:
    """Let Meta have asked that somebody be forgotten."""
    await house.owner.execute(
        "insert into private.deletion_requests (confirmation_code, app_scoped_id_hash, state,"
        " received_at, finished_at) values ($1, $2, $3, now() - interval '1 year',"
        " now() - $4::interval)",
        code,
        bytes(32),
        state,
        done_for,
    )


async def count(house: Household, table: str) -> int:
    row = await house.owner.fetchrow(f"select count(*) as n from private.{table}")
    assert row is not None
    return int(row["n"])


async def job(house: Household) -> Any:
    return await house.owner.fetchrow("select * from private.jobs where name = 'housekeeping'")


async def test_what_is_over_goes(house: Household) -> None:
    """Old logins and answers go, everybody's; what may still be asked for stays."""
    admin = await hire(house.owner, house.shop, "admin")
    for days in (-0.005, 0.5, 2, 30):
        await begin(house, admin, timedelta(days=days))
    for days in (-0.5, 0.01, 3):
        await answer(house, timedelta(days=days))
    assert 1 == await tidied(house)
    row = await job(house)

    assert (2, 1) == (await count(house, "login_states"), await count(house, "idempotency_keys"))
    kept = {"deletion_requests": 0, "forgotten": 0, "comment_readings": 0}
    assert {"login_states": 2, "idempotency_keys": 2} | kept == row["detail"]
    assert ("done", "", None) == (row["last_outcome"], row["subject"], row["workspace_id"])


async def test_whom_a_deletion_was_about(house: Household) -> None:
    """It is forgotten when the deletion was done long ago; that it was done is not."""
    old, fresh, open_ = "old-confirmation-code", "new-confirmation-code", "open-confirmation-code"
    await deletion(house, old, "done", timedelta(days=91))
    await deletion(house, fresh, "done", timedelta(days=89))
    await deletion(house, open_, "running", None)
    await tidied(house)
    rows = await house.owner.fetch(
        "select confirmation_code from private.deletion_requests where app_scoped_id_hash is null"
    )

    assert [old] == [row["confirmation_code"] for row in rows]
    assert 3 == await count(house, "deletion_requests")


async def test_that_somebody_was_erased(house: Household) -> None:
    """It is known for as long as what they did before may still come, and then no longer."""
    await house.owner.execute(
        "insert into private.forgotten (account_id, instagram_id, marks, at)"
        " select id, instagram_id, '{00000000}', now() - age"
        "   from public.instagram_accounts, unnest($1::interval[]) age",
        [timedelta(days=39), timedelta(days=41), timedelta(days=80)],
    )
    await tidied(house)

    assert 1 == await count(house, "forgotten")
    assert 2 == (await job(house))["detail"]["forgotten"]


async def test_a_reading_that_nobody_goes_on_with(house: Household) -> None:
    """It goes after a week, since it names comments; what is under way stays."""
    await house.owner.execute(
        "insert into private.comment_readings"
        "  (account_id, job, media_id, floor_at, began_at, read_at)"
        " select id, 'backfill', age::text, now(), now(), now() - age"
        "   from public.instagram_accounts, unnest($1::interval[]) age",
        [timedelta(days=6), timedelta(days=8), timedelta(days=80)],
    )
    await tidied(house)

    assert 1 == await count(house, "comment_readings")
    assert 2 == (await job(house))["detail"]["comment_readings"]


async def test_a_part_at_a_time(house: Household) -> None:
    """However small the parts, all of it goes in one run."""
    for _ in range(7):
        await answer(house, timedelta(days=1))
    await tidied(house, most=2)

    assert 0 == await count(house, "idempotency_keys")
    assert 7 == (await job(house))["detail"]["idempotency_keys"]


async def test_one_is_at_it(house: Household) -> None:
    """Of many who look at once one tidies, and nobody again before it is due."""
    done = await asyncio.gather(*(tidied(house) for _ in range(5)))
    again = await tidied(house)

    assert [0] * 4 + [1] == sorted(done)
    assert 0 == again


async def test_more_than_a_run_removes(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has not come to the end is gone on with soon."""
    monkeypatch.setattr(housekeeping, "_MOST_BATCHES", 1)
    for _ in range(7):
        await answer(house, timedelta(days=1))
    await tidied(house, most=2)
    row = await job(house)

    assert 5 == await count(house, "idempotency_keys")
    assert row["next_run_at"] - row["last_finished_at"] < timedelta(minutes=2)


async def test_it_fails(house: Household) -> None:
    """What is wrong stands in the job, and it is tried again."""
    await house.owner.execute("alter function private.tidy(int) rename to tidy_away")
    await tidied(house)
    row = await job(house)

    assert ("failed", 1) == (row["last_outcome"], row["failures"])
    assert "query_failed" in row["last_error"]
