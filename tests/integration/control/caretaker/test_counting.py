"""Old days of the funnel are counted, of all accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.control.caretaker import counting
from services.control.caretaker.counting import Counting
from tests.integration.control.caretaker.household import Household
from tests.integration.db.month import Month
from tests.integration.db.town import now, open_shop


async def job(house: Household) -> Any:
    return await house.owner.fetchrow("select * from private.jobs where name = 'numbers'")


async def came(house: Household, days_ago: int) -> None:
    """Let somebody have come to each of two shops."""
    for shop in (house.shop, await open_shop(house.owner)):
        await Month(house.owner, shop).come("1", now() - timedelta(days=days_ago))


async def test_of_all_accounts(house: Household) -> None:
    """Each day of everybody's that has been over for two days is counted, and no day twice."""
    await came(house, 5)
    caretaker = house.caretaker(Counting(db=house.db))
    assert 1 == await caretaker.round()
    row = await job(house)
    days = await house.owner.fetch(
        "select day from public.funnel_days where counted_at is not null"
    )

    assert 6 == len(days)
    assert {"accounts": 2, "days": 6, "remaining": 0} == row["detail"]
    assert ("done", "", None) == (row["last_outcome"], row["subject"], row["workspace_id"])
    assert row["next_run_at"] - row["last_finished_at"] > timedelta(minutes=50)


async def test_more_than_a_run_counts(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run has an end, and what is left is gone on with soon."""
    await came(house, 5)
    await house.caretaker(Counting(db=house.db, most_days=1)).round()
    days = await job(house)
    await house.owner.execute("delete from private.jobs")
    monkeypatch.setattr(counting, "_MOST_ACCOUNTS", 1)
    await house.caretaker(Counting(db=house.db)).round()
    accounts = await job(house)

    assert {"accounts": 2, "days": 2, "remaining": 4} == days["detail"]
    assert {"accounts": 1, "days": 2, "remaining": 0} == accounts["detail"]
    for row in (days, accounts):
        assert row["next_run_at"] - row["last_finished_at"] < timedelta(minutes=2)
