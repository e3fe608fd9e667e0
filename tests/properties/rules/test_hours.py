"""Opening hours beside a clock on the wall that is read minute by minute, for a year."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.rules.campaigns import Hours
from switchboard.rules.hours import is_open, next_opening

ZONES = [
    *("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"),
    *("Africa/Casablanca", "Asia/Kathmandu", "America/Havana", "Pacific/Chatham"),
]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES = 380 * 24 * 60
MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=2)
def wall(time_zone: str) -> list[int]:
    """Return what a wall shows in each minute since START: minutes since Monday, 00:00."""
    there = ZoneInfo(time_zone)
    shown = ((START + MINUTE * minute).astimezone(there) for minute in range(MINUTES))
    return [one.weekday() * 1440 + one.hour * 60 + one.minute for one in shown]


@lru_cache(maxsize=2)
def changes(time_zone: str) -> tuple[int, ...]:
    """Return the minutes at which clocks are changed: the wall does not show the next one."""
    shown = wall(time_zone)
    return tuple(m for m in range(1, MINUTES) if (shown[m] - shown[m - 1]) % 10080 != 1)


def open_minutes(openings: list[tuple[int, int, int]]) -> set[int]:
    """Return the minutes of a week that are open."""
    return {
        minute
        for day, opens, closes in openings
        for minute in range(day * 1440 + opens, day * 1440 + closes)
    }


def hours(openings: list[tuple[int, int, int]]) -> Hours:
    """Return the same as an owner writes it."""
    written = [
        {"day": DAYS[day], "opens": clock(opens), "closes": clock(closes % 1440)}
        for day, opens, closes in openings
    ]
    return Hours.model_validate({"open": written, "outside": "wait"})


def clock(minute: int) -> str:
    """Return 75 as 01:15."""
    return f"{minute // 60:02}:{minute % 60:02}"


# Where clocks change, at night, more often than over the day; and Sundays.
TIMES = st.integers(0, 1439) | st.integers(0, 200)
OPENINGS = st.lists(
    st.tuples(st.integers(0, 6) | st.just(6), TIMES, TIMES).map(
        lambda one: (one[0], min(one[1:]), max(one[1:]) + 1)
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("time_zone", ZONES)
@settings(max_examples=60, deadline=None)
@given(openings=OPENINGS, data=st.data())
def test_the_wall_decides(
    time_zone: str, openings: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    """Open is what the wall's clock says; the next opening is the first such minute."""
    shown, changed, week = wall(time_zone), changes(time_zone), open_minutes(openings)
    anywhere = st.integers(0, MINUTES - 20 * 1440)
    if changed:
        near = st.tuples(st.sampled_from(changed), st.integers(-3000, 300)).map(sum)
        anywhere |= near.filter(lambda minute: 0 <= minute <= MINUTES - 20 * 1440)
    minute = data.draw(anywhere)
    now = START + MINUTE * minute

    first = next(m for m in range(minute, MINUTES) if shown[m] in week)
    assert (shown[minute] in week) == is_open(hours(openings), now, time_zone)
    assert START + MINUTE * first == next_opening(hours(openings), now, time_zone)


@pytest.mark.parametrize("time_zone", ZONES)
def test_a_year_of_openings(time_zone: str) -> None:
    """From one opening to the next through a year, none is missed and none is made up."""
    openings = [(day, 0, 30) for day in range(7)] + [(6, 130, 170), (2, 540, 1440), (5, 60, 125)]
    shown, week = wall(time_zone), open_minutes(openings)
    opened = [m for m in range(1, MINUTES) if shown[m] in week and shown[m - 1] not in week]
    closed = [m for m in range(1, MINUTES) if shown[m] not in week and shown[m - 1] in week]
    for minute in (m for m in closed if m < opened[-1]):
        expected = opened[bisect_left(opened, minute)]
        found = next_opening(hours(openings), START + MINUTE * minute, time_zone)
        assert START + MINUTE * expected == found


@given(OPENINGS, st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001 - made aware below
def test_the_next_opening_is_open_and_none_is_before(
    openings: list[tuple[int, int, int]], now: datetime, time_zone: str
) -> None:
    """To the microsecond: what is found is open, not past, and the moment before is not open."""
    now = now.replace(tzinfo=UTC)
    opens = next_opening(hours(openings), now, time_zone)

    assert is_open(hours(openings), opens, time_zone)
    assert opens >= now
    if opens > now:
        before = opens - timedelta(microseconds=1)
        assert not is_open(hours(openings), before, time_zone)
    assert opens == next_opening(hours(openings), opens, time_zone)
