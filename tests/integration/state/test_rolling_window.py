"""The rolling window, against a referee that counts every span there is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.errors import Throttled
from switchboard.rules.ceilings import PRIVATE_REPLIES_MOST, private_replies
from switchboard.state import Bucket, Ceiling, Limits
from switchboard.state.client import Redis
from tests.integration.state.happenings import (
    Step,
    allowed,
    ceilings,
    falls_back,
    flushed,
    gaps,
    live,
    refused,
    shared,
    steps,
    told,
)
from tests.integration.state.plants import (
    MOST,
    CountedAlone,
    Forgetful,
    fixed_window,
    stretched_interval,
)
from tests.integration.state.referee import most_in_any_window
from tests.integration.state.world import WINDOW, WINDOW_US, Clock, World, ours


@given(
    moments=st.lists(st.integers(0, 50), max_size=30),
    window=st.integers(0, 60),
)
def test_the_referee_counts_as_a_child_would(moments: list[int], window: int) -> None:
    """Of all spans that begin with a grant, none holds more than it says, and one holds as many."""
    spans = [sum(start <= one <= start + window for one in moments) for start in moments]

    assert max(spans, default=0) == most_in_any_window(moments, window)


@shared
@given(ceiling=ceilings, happened=steps(told, refused, flushed))
async def test_no_rolling_window_holds_more(
    redis: Redis, ceiling: Ceiling, happened: list[Step]
) -> None:
    """However greedy senders are, whatever the pace does and Redis forgets: the ceiling holds."""
    world = World(redis, Bucket(name="b", ceiling=ceiling, recalled=True))

    await live(world, happened)

    assert world.most <= ceiling.most


@shared
@given(ceiling=ceilings, happened=steps(told, refused, falls_back))
async def test_a_clock_that_is_set_back_grants_nothing_extra(
    redis: Redis, ceiling: Ceiling, happened: list[Step]
) -> None:
    """By Redis's own clock, wherever it jumps, no window holds more than the ceiling."""
    world = World(redis, Bucket(name="b", ceiling=ceiling))

    await live(world, happened)

    assert world.most <= ceiling.most


@shared
@given(happened=steps(told, refused, allowed))
async def test_a_ceiling_that_is_changed_grants_nothing_extra(
    redis: Redis, happened: list[Step]
) -> None:
    """An owner may change how much is allowed at any moment; Meta's hour holds all the same."""
    world = World(redis, Bucket(name="b", ceiling=private_replies(720), recalled=True))

    await live(world, happened)

    assert world.most <= PRIVATE_REPLIES_MOST


AROUND_THE_CLOCK: list[Step] = [("passes", WINDOW_US // 40)] * 100
SLOWED: list[Step] = [("told", 0.1)]
EMPTIED: list[Step] = [("passes", WINDOW_US // 40), ("flushed", None)]


@pytest.mark.parametrize(
    ("plant", "happened"),
    [
        (fixed_window, AROUND_THE_CLOCK),
        (stretched_interval, SLOWED),
        (CountedAlone, []),
        (Forgetful, EMPTIED),
    ],
)
async def test_the_referee_notices_a_wrong_limiter(
    redis: Redis, plant: Callable[[Redis, Clock, int], Limits], happened: list[Step]
) -> None:
    """The same greed that our limiter withstands shows each of these to grant too much."""
    ceiling = Ceiling(burst=40, sustained=MOST - 40, window=WINDOW)
    planted, real = (
        World(redis, Bucket(name="b", ceiling=ceiling, recalled=True), make=make)
        for make in (plant, ours)
    )
    for world in (planted, real):
        await live(world, happened)

    assert real.most <= ceiling.most
    assert planted.most > ceiling.most


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
        assert 0.0 == await world.attempt()
        assert 0.0 < await world.attempt()

    assert ceiling.most == world.most


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
    assert expected - 1 <= world.most <= ceiling.most


@shared
@given(waits=gaps)
async def test_two_buckets_are_taken_together(redis: Redis, waits: list[int]) -> None:
    """With a wide and a narrow bucket in one call, both ceilings hold and grants are equal."""
    wide = Bucket(name="wide", ceiling=Ceiling(burst=8, sustained=30, window=WINDOW))
    narrow = Bucket(name="narrow", ceiling=Ceiling(burst=2, sustained=5, window=WINDOW))
    world = World(redis, narrow)
    limits = world.senders[0]
    for gap_us in waits:
        world.now_us += gap_us
        with contextlib.suppress(Throttled):
            while True:
                await limits.reserve(world.account_id, [wide, narrow], recall=world.recall)
                world.grants_us.append(world.now_us)

    assert world.most <= 7
