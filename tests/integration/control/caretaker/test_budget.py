"""The calls an account's caretaking may make, agreed between all who look after it."""

from __future__ import annotations

import pytest

from services.control.caretaker.budget import CallBudget
from switchboard.contracts import AccountId
from switchboard.errors import Throttled
from switchboard.rules.ceilings import CONVERSATION_READS
from switchboard.state import CONVERSATIONS, Bucket, Limits, open_redis

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


async def test_conversations_are_read_no_faster_together(redis_url: str) -> None:
    """While a sender has just read one, the caretaker does not; and of its own nothing is gone."""
    async with open_redis(redis_url) as redis:
        limits, budget = Limits(redis), CallBudget(Limits(redis), an_hour=4)
        senders = Bucket(name=CONVERSATIONS, ceiling=CONVERSATION_READS)
        await limits.reserve(US, [senders], recall=_nothing)
        with pytest.raises(Throttled) as caught:
            await budget.take(US, of_conversations=True)
        await budget.take(US)

    assert 0 < caught.value.after_s <= 1


async def _nothing(_bucket: Bucket) -> int:
    return 0
