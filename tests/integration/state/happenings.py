"""What may happen to a limiter, drawn by chance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from switchboard.rules.ceilings import private_replies
from switchboard.state import Bucket, Ceiling
from tests.integration.state.world import WINDOW, WINDOW_US, World

ceilings = st.builds(
    Ceiling,
    burst=st.integers(1, 12),
    sustained=st.integers(1, 40),
    window=st.just(WINDOW),
)
# Gaps between moments at which everybody asks: nothing, minutes, whole windows of silence.
gap = st.one_of(
    st.sampled_from([0, WINDOW_US // 40, WINDOW_US // 8]),
    st.integers(0, WINDOW_US // 50),
    st.integers(0, 2 * WINDOW_US),
)
gaps = st.lists(gap, min_size=1, max_size=25)
# What happens between two moments at which everybody asks.
passes = st.tuples(st.just("passes"), gap)
falls_back = st.tuples(st.just("passes"), st.integers(-WINDOW_US, 0))
told = st.tuples(st.just("told"), st.floats(0, 1))
refused = st.tuples(st.just("refused"), st.integers(1, 900))
flushed = st.tuples(st.just("flushed"), st.none())
allowed = st.tuples(st.just("allowed"), st.integers(1, 1000))

Step = tuple[str, Any]

# One Redis serves all examples of a test; each example has an account of its own.
shared = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def steps(*kinds: st.SearchStrategy[Step]) -> st.SearchStrategy[list[Step]]:
    """Return lists of what may happen; time passes more often than anything else does."""
    return st.lists(st.one_of(passes, passes, *kinds), min_size=1, max_size=25)


async def live(world: World, happened: Sequence[Step]) -> None:
    """Let it happen; after each step everybody takes all they can get."""
    await world.take_all()
    for step in happened:
        limits = world.senders[0]
        match step:
            case "passes", gap_us:
                world.now_us += gap_us
            case "told", share:
                await limits.heed(world.account_id, share=share, wait=timedelta())
            case "refused", wait_s:
                await limits.refused(world.account_id, wait=timedelta(seconds=wait_s))
            case "flushed", _:
                await world.redis.flushdb()
            case "allowed", most:
                world.bucket = Bucket(name="b", ceiling=private_replies(most), recalled=True)
        await world.take_all()
