"""
When a business is open, in its own time zone.

An owner writes what a clock on the wall shows, so the clock decides: from `opens` until it shows
`closes`. When clocks go forward over an opening, it opens as they jump; when they go back, what
was open in that hour is open again. An opening that a jump skips whole does not happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from switchboard.rules.campaigns import Hours, Opening


def is_open(hours: Hours, now: datetime, time_zone: str) -> bool:
    """
    Tell whether the business is open at `now` (aware).

    Raises:
        ValueError: There is no `time_zone` of that name.

    """
    there = now.astimezone(zone(time_zone))
    return any(_shows(opening, there) for opening in hours.open)


def next_opening(hours: Hours, now: datetime, time_zone: str) -> datetime:
    """
    Return the first moment, not before `now` (aware), at which it is open: `now`, if it is. In UTC.

    Raises:
        ValueError: There is no `time_zone` of that name.

    """
    now = now.astimezone(UTC)
    if is_open(hours, now, time_zone):
        return now
    moments = _moments(hours, now, zone(time_zone))
    return min(at for at in moments if at > now and is_open(hours, at, time_zone))


def zone(name: str) -> ZoneInfo:
    """
    Return the time zone that IANA calls `name`, such as "Europe/Berlin".

    Raises:
        ValueError: There is none; `name` is in the message.

    """
    unknown = f"{name!r} is no time zone that IANA knows"
    if name in _OF_THIS_MACHINE:
        raise ValueError(unknown)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:  # OSError: a folder of zones
        raise ValueError(unknown) from fault


# Days ahead that are looked through: two weeks, because a jump may skip this week's only opening,
# and one more, because today's may be over.
_DAYS: Final = 15
# Short enough that clocks are not changed twice within.
_STEP: Final = timedelta(hours=6)
_SECOND: Final = timedelta(seconds=1)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Files among the zones whose meaning is the machine's; the same rules must mean the same anywhere.
_OF_THIS_MACHINE: Final = frozenset({"localtime", "posixrules", "Factory"})


def _shows(opening: Opening, there: datetime) -> bool:
    """Tell whether the wall's clock and calendar are within `opening`."""
    if opening.day != _WEEKDAYS[there.weekday()]:
        return False
    shown = there.time()
    return opening.opens <= shown and (opening.closes == time() or shown < opening.closes)


def _moments(hours: Hours, now: datetime, there: ZoneInfo) -> Iterator[datetime]:
    """Yield, in UTC and in no order, every moment after `now` at which it may open."""
    today = now.astimezone(there).date()
    for day in (today + timedelta(days=ahead) for ahead in range(_DAYS)):
        for opening in hours.open:
            if opening.day == _WEEKDAYS[day.weekday()]:
                opens = datetime.combine(day, opening.opens, there)
                yield opens.astimezone(UTC)
                yield opens.replace(fold=1).astimezone(UTC)  # the hour that comes a second time
    yield from _changes(now.replace(microsecond=0), now + timedelta(days=_DAYS), there)


def _changes(start: datetime, end: datetime, there: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments from `start` to `end`, in whole seconds, at which clocks are changed."""
    while start < end:
        if _offset(start, there) != _offset(start + _STEP, there):
            yield _change(start, start + _STEP, there)
        start += _STEP


def _change(before: datetime, after: datetime, there: ZoneInfo) -> datetime:
    """Return the first second of the new time, which is between `before` and `after`."""
    old = _offset(before, there)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(middle, there) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(at: datetime, there: ZoneInfo) -> timedelta | None:
    return at.astimezone(there).utcoffset()
