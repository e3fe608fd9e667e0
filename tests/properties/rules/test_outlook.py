"""What is foreseen of a queue is what a limiter and a pacer, ticking by the second, then do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from switchboard.rules.ceilings import Ceiling
from switchboard.rules.forecast import Standing, micros_of, turns
from tests.support.builders import NOON

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody who waits: from when on they may be sent, and until when, in seconds from noon."""

    due_s: int
    deadline_s: int


ceilings = st.builds(
    lambda burst, sustained: Ceiling(burst=burst, sustained=sustained, window=60 * _SECOND),
    st.integers(1, 5),
    st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]),
)
lines = st.lists(
    st.builds(
        lambda due_s, patience_s: Waiter(due_s, due_s + patience_s),
        # Most are due already; some wait for a moment.
        st.one_of(st.integers(-300, 0), st.integers(-300, 0), st.integers(1, 200)),
        st.integers(0, 600),
    ),
    max_size=30,
)


@given(
    line=lines,
    ceiling=ceilings,
    free=st.integers(0, 5),
    opens_s=st.one_of(st.none(), st.integers(-10, 120)),
    margin_s=st.integers(0, 20),
)
def test_it_is_what_then_happens(
    line: list[Waiter], ceiling: Ceiling, free: int, opens_s: int | None, margin_s: int
) -> None:
    """In whatever order they are served, each goes at the foreseen second, or is too late."""
    free = min(free, ceiling.burst)
    standing = Standing(
        now=NOON,
        ceiling=ceiling,
        free=free,
        opens=None if opens_s is None else NOON + opens_s * _SECOND,
        margin=margin_s * _SECOND,
    )
    due_us = [micros_of(NOON + one.due_s * _SECOND) for one in line]
    deadline_us = [micros_of(NOON + one.deadline_s * _SECOND) for one in line]

    foreseen = turns(due_us, deadline_us, standing)

    assert _ticking(line, standing) == [_after_s(one) for one in foreseen]


def _after_s(at_us: int | None) -> float | None:
    return None if at_us is None else (at_us - micros_of(NOON)) / 10**6


def _ticking(line: list[Waiter], standing: Standing) -> list[float | None]:
    """
    Return when each goes, second by second.

    A pacer that looks each second closes who would come too late, and releases the first of the
    line for each token; tokens are counted one by one, and the first comes back as late as it can.
    """
    every_s = timedelta(microseconds=standing.ceiling.interval_us) // _SECOND
    opens_s = 0 if standing.opens is None else (standing.opens - NOON) // _SECOND
    margin_s = standing.margin // _SECOND
    tokens, towards_s = standing.free, 0
    waiting, second = list(range(len(line))), 0
    at_s: dict[int, float | None] = dict.fromkeys(waiting)
    while waiting:
        waiting = [one for one in waiting if line[one].deadline_s - margin_s > second]
        if second >= opens_s:
            for one in [one for one in waiting if line[one].due_s <= second][:tokens]:
                waiting.remove(one)
                at_s[one] = float(second)
                tokens -= 1
        second += 1
        towards_s = towards_s + 1 if tokens < standing.ceiling.burst else 0
        if towards_s == every_s:
            tokens, towards_s = tokens + 1, 0
    return list(at_s.values())


def test_the_ticking_serves_the_first_of_the_line() -> None:
    """Of two who wait for one token the first has it, though the other one's time is shorter."""
    line = [Waiter(-1, 500), Waiter(-1, 100)]
    ceiling = Ceiling(burst=1, sustained=1, window=60 * _SECOND)

    assert [0.0, 60.0] == _ticking(line, Standing(now=NOON, ceiling=ceiling, free=1))
