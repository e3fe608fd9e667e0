"""A forecast keeps the limit in every rolling window, wastes none of it, and leaves nobody out."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from switchboard.rules.ceilings import Ceiling
from switchboard.rules.forecast import Job, forecast, sendings
from tests.support.builders import NOON

_SECOND = timedelta(seconds=1)

ceilings = st.builds(
    lambda burst, sustained: Ceiling(burst=burst, sustained=sustained, window=60 * _SECOND),
    st.integers(1, 5),
    st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]),
)
crowds = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 300)), max_size=40).map(
    lambda drawn: [
        Job(NOON + due * _SECOND, NOON + (due + patience) * _SECOND, number)
        for number, (due, patience) in enumerate(drawn)
    ]
)


@given(crowds, ceilings)
def test_no_window_has_more_than_the_ceiling(jobs: list[Job[int]], ceiling: Ceiling) -> None:
    """Wherever a span begins, no more go out in it than the burst and what has come back since."""
    sent = sorted(one.at for one in sendings(jobs, ceiling) if one.at is not None)

    for first, began in enumerate(sent):
        for last in range(first, len(sent)):
            span = sent[last] - began
            assert last - first + 1 <= ceiling.burst + span // _interval(ceiling)


@given(crowds, ceilings)
def test_it_is_what_a_clock_with_a_bucket_does(jobs: list[Job[int]], ceiling: Ceiling) -> None:
    """Second by second, with tokens that are counted, the same jobs go at the same moments."""
    expected = _second_by_second(jobs, ceiling)

    assert expected == {one.job.key: one.at for one in sendings(jobs, ceiling)}


@given(crowds, ceilings)
def test_everybody_is_counted_once(jobs: list[Job[int]], ceiling: Ceiling) -> None:
    """Each is sent between its moment and its deadline, or is among the missed."""
    found = forecast(jobs, ceiling)
    told = list(sendings(jobs, ceiling))

    assert sorted(job.key for job in jobs) == sorted(one.job.key for one in told)
    assert all(one.job.due <= one.at <= one.job.deadline for one in told if one.at is not None)
    assert sorted(found.missed) == sorted(one.job.key for one in told if one.at is None)
    assert (len(jobs), found.sent + len(found.missed)) == (found.jobs, found.jobs)


@given(crowds, ceilings)
def test_nobody_waits_longer_than_somebody_waits(jobs: list[Job[int]], ceiling: Ceiling) -> None:
    """The longest wait lies within the longest time of waiting, and waiting makes a peak."""
    found = forecast(jobs, ceiling)

    assert found.longest <= found.drain
    assert (found.waited == 0 and not found.missed) or found.peak > 0
    assert found.peak <= found.jobs


def _interval(ceiling: Ceiling) -> timedelta:
    return timedelta(microseconds=ceiling.interval_us)


def _second_by_second(jobs: list[Job[int]], ceiling: Ceiling) -> dict[int, datetime | None]:
    """Return when each goes, by a bucket of tokens that gets one back for each interval spent."""
    every = _interval(ceiling) // _SECOND
    outcome: dict[int, datetime | None] = {}
    tokens, towards = ceiling.burst, 0
    waiting: list[Job[int]] = []
    for second in range(600 + 60 * len(jobs)):
        now = NOON + second * _SECOND
        waiting += [job for job in jobs if job.due == now]
        waiting.sort(key=lambda job: (job.deadline, job.due, job.key))
        if tokens < ceiling.burst:
            towards += 1
            if towards == every:
                tokens, towards = tokens + 1, 0
        else:
            towards = 0
        while waiting and (tokens or waiting[0].deadline < now):
            job = waiting.pop(0)
            outcome[job.key] = None if job.deadline < now else now
            tokens -= job.deadline >= now
    return outcome
