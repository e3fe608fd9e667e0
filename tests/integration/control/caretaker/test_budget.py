"""The calls an account's caretaking may make, agreed between all who look after it."""

from __future__ import annotations

import pytest

from services.control.caretaker.budget import CallBudget
from switchboard.contracts import AccountId
from switchboard.errors import Throttled
from switchboard.state import Limits, open_redis

US, THEM = AccountId("17841400000000001"), AccountId("17841400000000002")


async def test_a_quarter_of_an_hours_calls_at_once(redis_url: str) -> None:
    """Of 40 in an hour 10 go at once, whoever asks; another account has its own."""
    async with open_redis(redis_url) as redis:
        budgets = [CallBudget(Limits(redis), an_hour=40) for _ in range(2)]
        for n in range(10):
            await budgets[n % 2].take(US)
        with pytest.raises(Throttled) as caught:
            await budgets[0].take(US)
        await budgets[0].take(THEM)

    assert 0 < caught.value.after_s <= 120


async def test_counting_has_half_of_it(redis_url: str) -> None:
    """Of 40 in an hour 20, so 5 at once; the others are left to what people wait for."""
    async with open_redis(redis_url) as redis:
        counting = CallBudget(Limits(redis), an_hour=40, counting=True)
        for _ in range(5):
            await counting.take(US)
        with pytest.raises(Throttled):
            await counting.take(US)
        budget = CallBudget(Limits(redis), an_hour=40)
        for _ in range(5):
            await budget.take(US)
        with pytest.raises(Throttled):
            await budget.take(US)
