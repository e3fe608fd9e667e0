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
