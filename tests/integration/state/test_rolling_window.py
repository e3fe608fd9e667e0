"""The rolling window, against a referee that counts every span there is."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.contracts import AccountId
from switchboard.errors import Throttled
from switchboard.state import Bucket, Ceiling, Limits
from switchboard.state.client import Redis

WINDOW = timedelta(hours=1)
WINDOW_US = WINDOW // timedelta(microseconds=1)
START_US = 1_700_000_000 * 10**6

ceilings = st.builds(
    Ceiling,
    burst=st.integers(1, 12),
    sustained=st.integers(1, 40),
    window=st.just(WINDOW),
)
# Gaps between moments at which everybody asks: nothing, minutes, whole windows of silence.
gaps = st.lists(
    st.one_of(
        st.sampled_from([0, WINDOW_US // 40, WINDOW_US // 8]),
        st.integers(0, WINDOW_US // 50),
        st.integers(0, 2 * WINDOW_US),
    ),
    min_size=1,
    max_size=25,
)


def most_in_any_window(moments_us: Sequence[int]) -> int:
    """Count what lies in each closed window that begins with a grant; return the most."""
    return max(
        (
            sum(start <= moment <= start + WINDOW_US for moment in moments_us)
            for start in moments_us
        ),
        default=0,
    )


@dataclass
class World:
    """A clock that is moved by hand, a ledger that remembers every grant, and the limiter."""

    redis: Redis
    bucket: Bucket
    now_us: int = START_US
    grants_us: list[int] = field(default_factory=list)
    account_id: AccountId = field(default_factory=lambda: AccountId(uuid.uuid4().hex))

    async def recall(self, bucket: Bucket) -> int:
        """Answer as Postgres would: what was begun in the window that ends now."""
        return sum(moment >= self.now_us - WINDOW_US for moment in self.grants_us)

    async def attempt(self) -> float:
        """Reserve once; return 0, or the wait in seconds."""
        limits = Limits(self.redis, now_us=lambda: self.now_us)
        try:
            await limits.reserve(self.account_id, [self.bucket], recall=self.recall)
        except Throttled as failure:
            return failure.after_s
        self.grants_us.append(self.now_us)
        return 0.0

    async def take_all(self) -> None:
        """Reserve until refused: the greediest there can be."""
        while not await self.attempt():
            pass


# One Redis serves all examples of a test; each example has an account of its own.
shared = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@shared
@given(ceiling=ceilings, waits=gaps)
async def test_no_rolling_window_holds_more(
    redis: Redis, ceiling: Ceiling, waits: list[int]
) -> None:
    """However greedy senders are, no window, wherever it begins, holds more than the ceiling."""
    world = World(redis, Bucket(name="b", ceiling=ceiling, recalled=True))
    for gap_us in waits:
        world.now_us += gap_us
        await world.take_all()

    assert most_in_any_window(world.grants_us) <= ceiling.most


@pytest.mark.parametrize(("burst", "sustained"), [(1, 1), (1, 40), (12, 1), (5, 20), (30, 720)])
async def test_the_greediest_get_the_ceiling_exactly(
    redis: Redis, burst: int, sustained: int
) -> None:
    """Senders that take all they can at every moment get the whole ceiling, and not one more."""
    ceiling = Ceiling(burst=burst, sustained=sustained, window=WINDOW)
    world = World(redis, Bucket(name="b", ceiling=ceiling, recalled=True))
    await world.take_all()
    for _ in range(2 * sustained):  # each token at the very microsecond it comes back
        world.now_us += ceiling.interval_us
        await world.take_all()

    assert ceiling.most == most_in_any_window(world.grants_us)


@shared
@given(ceiling=ceilings, attempts=st.integers(20, 90))
async def test_waiting_as_told_uses_the_whole_ceiling(
    redis: Redis, ceiling: Ceiling, attempts: int
) -> None:
    """A sender that comes back exactly when told is granted, so nothing of the limit is wasted."""
    world = World(redis, Bucket(name="b", ceiling=ceiling, recalled=True))
    for _ in range(attempts):
        wait_s = await world.attempt()
        if wait_s:
            world.now_us += round(wait_s * 1_000_000)
            assert 0.0 == await world.attempt()

    expected = min(ceiling.most, len(world.grants_us))
    # One grant may be missing where a wait was rounded up to the next millisecond.
    assert expected - 1 <= most_in_any_window(world.grants_us) <= ceiling.most


@shared
@given(
    ceiling=ceilings,
    waits=gaps,
    flushes=st.sets(st.integers(0, 24), max_size=4),
)
async def test_emptying_redis_grants_nothing_extra(
    redis: Redis, ceiling: Ceiling, waits: list[int], flushes: set[int]
) -> None:
    """Redis may be flushed at any moments; the ceiling holds across each of them."""
    world = World(redis, Bucket(name="b", ceiling=ceiling, recalled=True))
    for index, gap_us in enumerate(waits):
        world.now_us += gap_us
        if index in flushes:
            await redis.flushdb()
        await world.take_all()

    assert most_in_any_window(world.grants_us) <= ceiling.most


@shared
@given(waits=gaps)
async def test_two_buckets_are_taken_together(redis: Redis, waits: list[int]) -> None:
    """With a wide and a narrow bucket in one call, both ceilings hold and grants are equal."""
    wide = Bucket(name="wide", ceiling=Ceiling(burst=8, sustained=30, window=WINDOW))
    narrow = Bucket(name="narrow", ceiling=Ceiling(burst=2, sustained=5, window=WINDOW))
    world = World(redis, narrow)
    limits = Limits(redis, now_us=lambda: world.now_us)
    for gap_us in waits:
        world.now_us += gap_us
        with contextlib.suppress(Throttled):
            while True:
                await limits.reserve(world.account_id, [wide, narrow], recall=world.recall)
                world.grants_us.append(world.now_us)

    assert most_in_any_window(world.grants_us) <= 7
