"""Answers remembered for all replicas, for a while."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from switchboard.contracts import AccountId
from switchboard.errors import Unavailable
from switchboard.state import KeptAnswers, open_redis
from switchboard.state.client import Redis


async def test_an_answer_is_found_by_its_account_and_digest(redis: Redis) -> None:
    """Nobody else finds it, and it does not live for ever."""
    answers, account = KeptAnswers(redis, lives=timedelta(hours=1)), AccountId(uuid4().hex)
    await answers.keep(account, "d", "price")

    assert "price" == await answers.find(account, "d")
    assert await answers.find(account, "e") is None
    assert await answers.find(AccountId("1"), "d") is None
    assert 0 < await redis.pttl(f"answer:{{{account}}}:d") <= 3_600_000


async def test_redis_that_is_away() -> None:
    """That is told, and nothing else."""
    async with open_redis("redis://127.0.0.1:1") as redis:
        answers = KeptAnswers(redis, lives=timedelta(hours=1))
        with pytest.raises(Unavailable):
            await answers.find(AccountId("1"), "d")
        with pytest.raises(Unavailable):
            await answers.keep(AccountId("1"), "d", "price")
