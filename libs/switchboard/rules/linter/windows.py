"""
What may be sent to a person when a step is reached: where a flow stands with Meta.

Sources: Meta's pages "Private replies" (one to a comment, within 7 days, during the broadcast) and
"Messaging API" (24 hours from each message or tap). A broadcast of Instagram ends after 4 hours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time, timedelta
from itertools import pairwise
from typing import Final, TypeVar

from switchboard.rules.campaigns import Conditions, Hours, Opening
from switchboard.rules.drafts import MARGIN

WINDOW: Final = timedelta(hours=24) - MARGIN
COMMENT: Final = timedelta(days=7) - MARGIN
BROADCAST: Final = timedelta(hours=4) - MARGIN

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """
    How long ago the person did the last thing they are certain to have done, at most.

    `waited` is what the campaign's own steps add up to, the last of them `waited_at`; `spent_at` is
    the one that used up the time. `opening` is how long the business may have been closed.
    """

    waited: timedelta = timedelta()
    opening: timedelta = timedelta()
    waited_at: int | None = None
    spent_at: int | None = None

    @property
    def limit(self) -> timedelta:
        """How long Meta allows something private, less a margin."""
        return WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented(_Standing):
    """The person commented and did nothing since; `replied`: the one private reply is spent."""

    live: bool = False
    replied: bool = False

    @property
    def limit(self) -> timedelta:
        """How long Meta allows a private reply, less a margin."""
        return BROADCAST if self.live else COMMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(_Standing):
    """
    The person wrote or tapped: a window is open.

    `delay` is the longest that what is said to them may be put off by: what waits after it waits
    from then on.

    Not `certain` after a referral, which may have come by itself. `jumped`: a tap led here, or an
    answer to what replied to a comment; so what set the campaign off is gone by.
    """

    certain: bool = True
    jumped: bool = False
    delay: timedelta = timedelta()

    @property
    def limit(self) -> timedelta:
        """How long Meta allows something private, less a margin and the delay."""
        return WINDOW - self.delay


Standing = Commented | Open
AnyStanding = TypeVar("AnyStanding", bound=Commented | Open)
TAPPED: Final = Open(jumped=True)


def later(standing: AnyStanding, by: timedelta, position: int) -> AnyStanding:
    """Return `standing` after the step at `position` has waited."""
    waited, spent_at = standing.waited + by, standing.spent_at
    if spent_at is None and waited >= standing.limit:
        spent_at = position
    return replace(standing, waited=waited, waited_at=position, spent_at=spent_at)


def starts(
    kind: str, conditions: Conditions, delay: timedelta = timedelta()
) -> tuple[Standing, ...]:
    """Return where a campaign with a trigger of `kind` can begin: an intent in two places."""
    hours = conditions.hours
    opening = longest_closed(hours) if hours and hours.outside == "wait" else timedelta()
    match kind:
        case "comment":
            return (Commented(opening=opening),)
        case "live_comment":
            return (Commented(live=True, opening=opening),)
        case "intent" | "unrecognised":
            return (Commented(opening=opening), Open(opening=opening, delay=delay))
        case _:
            return (Open(certain=kind != "referral", opening=opening, delay=delay),)


def longest_closed(hours: Hours) -> timedelta:
    """Return the longest time within a week, and over its end, that `hours` leaves closed."""
    spans = sorted(_span(opening) for opening in hours.open)
    first = spans[0][0]
    longest, closed_at = timedelta(), spans[0][1]
    for (_, _), (opens, closes) in pairwise(spans):
        longest = max(longest, opens - closed_at)
        closed_at = max(closed_at, closes)
    return max(longest, first + _WEEK - closed_at)


def _span(opening: Opening) -> tuple[timedelta, timedelta]:
    day = timedelta(days=_DAYS.index(opening.day))
    closes = timedelta(days=1) if opening.closes == time() else _since_midnight(opening.closes)
    return day + _since_midnight(opening.opens), day + closes


def _since_midnight(at: time) -> timedelta:
    return timedelta(
        hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond
    )
