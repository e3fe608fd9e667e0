"""What holds of `settle` for every failure and every number of deliveries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switchboard.errors import (
    Failure,
    Final,
    Refused,
    Retryable,
    Throttled,
    Unavailable,
    Uncertain,
    Unreadable,
    WindowClosed,
)
from switchboard.queues import Bury, Defer, Delete, Release, settle
from switchboard.queues.settle import LONGEST_WAIT_S, backoff_s

WAITS = st.floats(0, 10**7)
MAYBE_WAITS = st.none() | WAITS
UNAVAILABLE = st.builds(Unavailable, st.text(), after_s=MAYBE_WAITS)
THROTTLED = st.builds(Throttled, st.text(), after_s=WAITS)
BUGS = st.sampled_from(
    [KeyError, ValueError, TimeoutError, RecursionError, AssertionError]
).flatmap(lambda kind: st.builds(kind, st.text()))
PLAIN = st.sampled_from([Failure, Final, Refused, WindowClosed, Uncertain, Unreadable]).flatmap(
    lambda kind: st.builds(kind, st.text())
)
RETRYABLE = st.builds(Retryable, st.text(), after_s=MAYBE_WAITS)
FAILURES = st.none() | PLAIN | RETRYABLE | UNAVAILABLE | THROTTLED | BUGS
RECEIVES = st.integers(1, 1_000)
MAXIMA = st.integers(1, 100)


@given(FAILURES, RECEIVES, MAXIMA)
def test_total(failure: BaseException | None, receives: int, max_receives: int) -> None:
    """There is always exactly one verdict, the same each time, with a wait that SQS can hold."""
    verdict = settle(failure, receives=receives, max_receives=max_receives)

    assert isinstance(verdict, Delete | Release | Defer | Bury)
    assert verdict == settle(failure, receives=receives, max_receives=max_receives)
    if isinstance(verdict, Release | Defer):
        assert 0 <= verdict.after_s <= LONGEST_WAIT_S


@given(UNAVAILABLE | THROTTLED, RECEIVES, MAXIMA)
def test_waiting_never_buries_and_never_counts(
    failure: Failure, receives: int, max_receives: int
) -> None:
    """A dependency that is away, or a limit, says nothing about the message."""
    verdict = settle(failure, receives=receives, max_receives=max_receives)

    assert isinstance(verdict, Defer)


@given(BUGS | RETRYABLE.filter(lambda failure: not isinstance(failure, Unavailable)), MAXIMA)
def test_a_bug_is_buried_at_the_last_delivery_and_not_before(
    failure: BaseException, max_receives: int
) -> None:
    """Each delivery is used, and the last leaves the reason behind."""
    verdicts = [
        settle(failure, receives=receives, max_receives=max_receives)
        for receives in range(1, max_receives + 1)
    ]

    assert isinstance(verdicts.pop(), Bury)
    assert all(isinstance(verdict, Release) for verdict in verdicts)


@given(FAILURES, RECEIVES, MAXIMA)
def test_only_an_ending_deletes(
    failure: BaseException | None, receives: int, max_receives: int
) -> None:
    """Nothing is deleted but what was done, or can never be."""
    deleted = settle(failure, receives=receives, max_receives=max_receives) == Delete()

    assert deleted == (failure is None or isinstance(failure, Final))


@given(st.integers(1, 100_000))
def test_backoff_never_shrinks(tries: int) -> None:
    """Later each time, and never beyond what SQS can hold; even for absurd counts."""
    assert 2 <= backoff_s(tries) <= backoff_s(tries + 1) <= LONGEST_WAIT_S
