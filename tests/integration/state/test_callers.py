"""How often a user may call: never more than the burst and what has come back since."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from switchboard.errors import Unavailable
from switchboard.state import CalledTooOften, Callers, open_redis

ANN, BOB = UUID(int=1), UUID(int=2)
SECOND_US = 1_000_000


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_us = 1_700_000_000 * SECOND_US

    def __call__(self) -> int:
        return self.now_us


async def granted(callers: Callers, user: UUID, calls: int) -> int:
    """Return how many of `calls` at once are let through."""
    through = 0
    for _ in range(calls):
        try:
            await callers.take(user)
        except CalledTooOften:
            continue
        through += 1
    return through


async def test_a_burst_and_then_one_by_one(redis_url: str) -> None:
    """As many as the burst at once; from then on one each interval; never more saved than that."""
    watch = Watch()
    async with open_redis(redis_url) as redis:
        callers = Callers(redis, burst=5, interval=timedelta(seconds=1), now_us=watch)
        found = [await granted(callers, ANN, 10)]
        for seconds in (0.999, 0.001, 3, 3_600):
            watch.now_us += round(seconds * SECOND_US)
            found.append(await granted(callers, ANN, 10))

    assert [5, 0, 1, 3, 5] == found


async def test_users_do_not_concern_each_other(redis_url: str) -> None:
    """One who calls too often keeps nobody else out."""
    async with open_redis(redis_url) as redis:
        callers = Callers(redis, burst=1, interval=timedelta(hours=1), now_us=Watch())

        assert [1, 1, 0] == [await granted(callers, user, 2) for user in (ANN, BOB, ANN)]


async def test_the_wait_is_told(redis_url: str) -> None:
    """After it, and not before, the next call is let through."""
    watch = Watch()
    async with open_redis(redis_url) as redis:
        callers = Callers(redis, burst=1, interval=timedelta(seconds=10), now_us=watch)
        await callers.take(ANN)
        watch.now_us += 4 * SECOND_US
        with pytest.raises(CalledTooOften) as often:
            await callers.take(ANN)
        watch.now_us += round(often.value.after_s * SECOND_US)
        await callers.take(ANN)

    assert 6.0 == often.value.after_s


async def test_by_rediss_own_clock(redis_url: str) -> None:
    """In production Redis tells the time; the key is gone once the bucket is full."""
    user = uuid4()
    async with open_redis(redis_url) as redis:
        callers = Callers(redis, burst=3, interval=timedelta(hours=1))

        assert 3 == await granted(callers, user, 5)
        assert 0 < await redis.pttl(f"calls:{{{user}}}") <= 3 * 3_600_000


async def test_without_redis() -> None:
    """Whoever asks is told that nobody counts, and decides."""
    async with open_redis("redis://127.0.0.1:1/0") as redis:
        with pytest.raises(Unavailable):
            await Callers(redis, burst=1, interval=timedelta(seconds=1)).take(ANN)
