"""When a business is open, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from switchboard.rules.campaigns import Hours
from switchboard.rules.hours import is_open, next_opening, zone

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
OFFICE = [(day, "09:00", "17:30") for day in ("mon", "tue", "wed", "thu", "fri")]


def hours(*openings: tuple[str, str, str]) -> Hours:
    """Return hours with these days, openings and closings."""
    return Hours.model_validate(
        {
            "open": [{"day": d, "opens": opens, "closes": closes} for d, opens, closes in openings],
            "outside": "wait",
        }
    )


def at(local: str, time_zone: str, fold: int = 0) -> datetime:
    """Return the moment when clocks there show `local`, for the first or the second time."""
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(time_zone), fold=fold)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-11-02T08:59:59.999999", False),
        ("2026-11-02T09:00", True),
        ("2026-11-02T17:29:59.999999", True),
        ("2026-11-02T17:30", False),
        ("2026-11-01T12:00", False),  # a Sunday
    ],
)
def test_open_from_opening_until_closing(local: str, *, expected: bool) -> None:
    """The first moment is open and the last is not."""
    assert expected == is_open(hours(*OFFICE), at(local, BERLIN), BERLIN)


def test_the_zone_decides() -> None:
    """The same moment is open in Berlin and closed in New York."""
    now = datetime(2026, 11, 2, 12, tzinfo=UTC)

    assert is_open(hours(*OFFICE), now, BERLIN)
    assert not is_open(hours(*OFFICE), now, NEW_YORK)


def test_an_open_business_opens_now() -> None:
    """The next opening of an open business is this moment, to the microsecond and in UTC."""
    now = at("2026-11-02T12:00:00.000001", BERLIN)
    opens = next_opening(hours(*OFFICE), now, BERLIN)

    assert now == opens
    assert UTC is opens.tzinfo


def test_after_closing_it_is_the_next_day_that_opens() -> None:
    """Over the weekend it is Monday; in the week, tomorrow."""
    friday, monday = at("2026-11-06T17:30", BERLIN), at("2026-11-09T09:00", BERLIN)
    tuesday_night, wednesday = at("2026-11-03T23:00", BERLIN), at("2026-11-04T09:00", BERLIN)

    assert monday == next_opening(hours(*OFFICE), friday, BERLIN)
    assert wednesday == next_opening(hours(*OFFICE), tuesday_night, BERLIN)


def test_a_single_opening_may_be_a_week_away() -> None:
    """Once this week's is over, it is next week's."""
    after, next_week = at("2026-11-02T10:00", BERLIN), at("2026-11-09T09:00", BERLIN)

    assert next_week == next_opening(hours(("mon", "09:00", "10:00")), after, BERLIN)


def test_midnight_is_the_end_of_the_day() -> None:
    """What closes at 00:00 is open until the last moment of its day, and not the day after."""
    all_monday = hours(("mon", "00:00", "00:00"))

    assert is_open(all_monday, at("2026-11-02T23:59:59.999999", BERLIN), BERLIN)
    assert not is_open(all_monday, at("2026-11-03T00:00", BERLIN), BERLIN)


def test_what_spans_midnight_is_written_as_two() -> None:
    """A bar that is open from Monday evening to Tuesday morning does not close in between."""
    bar = hours(("mon", "22:00", "00:00"), ("tue", "00:00", "02:00"))
    now = at("2026-11-02T22:00", BERLIN)

    assert all(is_open(bar, now + timedelta(minutes=m), BERLIN) for m in range(4 * 60))
    assert not is_open(bar, now + timedelta(hours=4), BERLIN)


def test_an_opening_in_the_gap_opens_as_clocks_jump() -> None:
    """On 29 March 2026 Berlin's clocks show no 02:30: 01:59:59 is followed by 03:00."""
    early = hours(("sun", "02:30", "05:00"))
    opens = next_opening(early, at("2026-03-29T00:00", BERLIN), BERLIN)

    assert datetime(2026, 3, 29, 1, 0, tzinfo=UTC) == opens
    assert not is_open(early, opens - timedelta(microseconds=1), BERLIN)


def test_an_opening_that_is_all_gap_does_not_happen() -> None:
    """Open from 02:00 to 03:00 only: that Sunday is skipped, the next one is not."""
    skipped = hours(("sun", "02:00", "03:00"))

    assert at("2026-04-05T02:00", BERLIN) == next_opening(
        skipped, at("2026-03-28T00:00", BERLIN), BERLIN
    )
    assert at("2026-04-05T02:00", BERLIN) == next_opening(
        skipped, at("2026-03-22T03:00", BERLIN), BERLIN
    )


def test_the_hour_that_comes_twice_is_open_twice() -> None:
    """On 25 October 2026 Berlin's clocks show 02:00 to 03:00 twice."""
    early = hours(("sun", "02:15", "02:45"))
    # In UTC: Python holds no moment of such an hour equal to one of another zone.
    first, second = (at("2026-10-25T02:15", BERLIN, fold).astimezone(UTC) for fold in (0, 1))

    assert timedelta(hours=1) == second - first
    assert first == next_opening(early, at("2026-10-25T00:00", BERLIN), BERLIN)
    assert second == next_opening(early, first + timedelta(minutes=30), BERLIN)


def test_clocks_going_back_can_open_what_had_closed() -> None:
    """Closed at 02:30, and open again from the jump back to 02:00, which is no opening time."""
    night = hours(("sun", "00:00", "02:30"))
    closed = at("2026-10-25T02:30", BERLIN).astimezone(UTC)

    assert not is_open(night, closed, BERLIN)
    assert datetime(2026, 10, 25, 1, 0, tzinfo=UTC) == next_opening(night, closed, BERLIN)


def test_half_an_hour_of_summer_time() -> None:
    """Lord Howe's clocks go forward by 30 minutes: an opening at 02:15 is at 02:30."""
    early = hours(("sun", "02:15", "05:00"))
    opens = next_opening(early, at("2026-10-04T00:00", LORD_HOWE), LORD_HOWE)

    assert at("2026-10-04T02:30", LORD_HOWE).astimezone(UTC) == opens


@pytest.mark.parametrize(
    "name",
    [
        *("Europe/Atlantis", "", "Berlin", "America", "../../etc/passwd", "/etc/localtime"),
        *("localtime", "Factory", "Europe/Berlin\0"),
    ],
)
def test_an_unknown_zone_is_named(name: str) -> None:
    """A zone nobody knows, or that is the machine's own, is refused with its name."""
    now = datetime(2026, 11, 2, 12, tzinfo=UTC)
    for refused in (lambda: zone(name), lambda: is_open(hours(*OFFICE), now, name)):
        with pytest.raises(ValueError, match="no time zone that IANA knows") as raised:
            refused()
        assert repr(name) in str(raised.value)
