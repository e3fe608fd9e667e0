"""What the hourly limit does to a crowd, in numbers that can be checked by hand."""

from __future__ import annotations

from datetime import timedelta

from switchboard.rules.ceilings import Ceiling, private_replies
from switchboard.rules.forecast import Forecast, Job, forecast, sendings
from tests.support.builders import NOON

_WEEK = timedelta(days=7)
# Two at once, and one more each minute.
_SLOW = Ceiling(burst=2, sustained=60, window=timedelta(hours=1))
_MINUTE = timedelta(minutes=1)


def test_nothing_to_send() -> None:
    """No jobs are no wait."""
    expected: Forecast[int] = Forecast(0, 0, 0, 0, None, timedelta(), timedelta(), None, ())

    assert expected == forecast([], _SLOW)


def test_a_burst_goes_at_once_and_the_rest_by_and_by() -> None:
    """Of five at noon two go at once; the last after three minutes, when nobody waits any more."""
    found = forecast([Job(NOON, NOON + _WEEK, number) for number in range(5)], _SLOW)

    assert (5, 5, 3, 3) == (found.jobs, found.sent, found.waited, found.peak)
    assert NOON + _MINUTE == found.peak_at
    assert 3 * _MINUTE == found.drain == found.longest
    assert NOON + 3 * _MINUTE == found.last_at


def test_the_earliest_deadline_goes_first() -> None:
    """Who has least time left is sent first, whoever came first."""
    patient = [Job(NOON, NOON + _WEEK, f"patient {number}") for number in range(3)]
    urgent = Job(NOON + timedelta(seconds=1), NOON + _MINUTE, "urgent")

    order = [one.job.key for one in sendings([*patient, urgent], _SLOW)]

    assert ["patient 0", "patient 1", "urgent", "patient 2"] == order


def test_who_cannot_be_reached_in_time_is_named_and_takes_no_turn() -> None:
    """A deadline that passes while others go is missed, and the next one has the turn."""
    jobs = [Job(NOON, NOON + timedelta(seconds=30), number) for number in range(3)]
    jobs.append(Job(NOON, NOON + _WEEK, 3))

    found = forecast(jobs, _SLOW)

    assert ((2,), 3) == (found.missed, found.sent)
    assert NOON + _MINUTE == found.last_at


def test_a_viral_post_and_seven_days() -> None:
    """Of 150,000 comments in an hour all can be answered that 690 an hour reach in 7 days."""
    second = timedelta(seconds=1)
    jobs = [
        Job(NOON + number * second / 50, NOON + number * second / 50 + _WEEK, number)
        for number in range(150_000)
    ]

    found = forecast(jobs, private_replies(750))

    # 30 at once, then 690 an hour for 7 days, and while the last deadlines pass, 50 minutes more.
    assert 30 + 690 * 24 * 7 <= found.sent <= 30 + 690 * (24 * 7 + 1)
    assert 150_000 - found.sent == len(found.missed)
    assert timedelta(days=6, hours=23) < found.longest <= _WEEK
