"""Every way a handler can end has one fate."""

from __future__ import annotations

import pytest

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
from switchboard.queues import Bury, Defer, Delete, Release, Verdict, settle
from switchboard.queues.settle import backoff_s, describe

MAX = 8


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (None, Delete()),
        (Final("never"), Delete()),
        (WindowClosed("over"), Delete()),
        (Refused("no"), Delete()),
        (Throttled("account", after_s=7.5), Defer(7.5)),
        (Throttled("for a day", after_s=86_400), Defer(900)),
        (Unavailable("redis"), Defer(8)),
        (Unavailable("redis", after_s=1.5), Defer(1.5)),
        (Retryable("later"), Release(8)),
        (Retryable("then", after_s=3.25), Release(3.25)),
        (Retryable("in a day", after_s=86_400), Release(900)),
        (Uncertain("no answer"), Bury("uncertain: no answer")),
        (Unreadable("kind: missing"), Bury("unreadable: kind: missing")),
        (Failure("of no sort"), Release(8)),
        (KeyError("a bug of ours"), Release(8)),
        (TimeoutError(), Release(8)),
    ],
)
def test_third_delivery(failure: BaseException | None, verdict: Verdict) -> None:
    """A bug is retried, later each time; what can never work is not; waiting does not count."""
    assert verdict == settle(failure, receives=3, max_receives=MAX)


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (None, Delete()),
        (Final("never"), Delete()),
        (Throttled("account", after_s=7.5), Defer(7.5)),
        (Unavailable("postgres"), Defer(256)),
        (Retryable("later"), Bury("gave up after 8 deliveries: Retryable: later")),
        (KeyError("bug"), Bury("gave up after 8 deliveries: KeyError: 'bug'")),
        (ValueError("two\nlines"), Bury("gave up after 8 deliveries: ValueError: two lines")),
    ],
)
def test_last_delivery(failure: BaseException | None, verdict: Verdict) -> None:
    """Before SQS would move it away without a word, it is buried with its reason."""
    assert verdict == settle(failure, receives=MAX, max_receives=MAX)


def test_backoff_doubles_to_a_quarter_of_an_hour() -> None:
    """The first retry comes soon; the last ones leave time for a deploy."""
    assert [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] == [backoff_s(n) for n in range(1, 12)]


def test_a_failure_is_described_on_one_line() -> None:
    """A log line and an attribute hold one line."""
    assert "ValueError: a b c" == describe(ValueError("a\n  b\tc"))
