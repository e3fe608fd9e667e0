"""How an attempt can end, and which ending a failure comes to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final, TypeAlias

from switchboard.contracts import PersonId
from switchboard.db.deliveries import Claimed
from switchboard.errors import (
    Failure,
    Refused,
    Unavailable,
    WindowClosed,
)
from switchboard.graph import (
    AccountHeld,
    Classified,
    GraphFailure,
    NotUnderstood,
    Said,
    SlowDown,
    TokenDead,
    Unclear,
)
from switchboard.state import Limited

# Meta's edge or Redis was not reached: long enough not to hammer it, short for a person who waits.
_AWAY_WAIT: Final = timedelta(seconds=15)
# A failure of ours with no wait of its own, and the one more look at an error nobody knows.
_OTHER_WAIT: Final = timedelta(seconds=60)
# The pacer passes over an account that is not connected, or held, so its rows need no moment.
_UNTIL_LET: Final = timedelta()
_MOST_TRIES_OF_UNKNOWN: Final = 2
# A fault that has not passed by then will not: a file that Meta cannot fetch.
_MOST_TRIES_OF_PASSING: Final = 5
_LONGEST_PASSING: Final = timedelta(minutes=15)
# Under a comment there is one private reply for ever, and everybody sees the public ones.
_ONLY_ONCE: Final = frozenset({"private_reply", "public_reply"})


class TokenMissing(Failure):
    """The account is connected and has no token."""

    reason: ClassVar[str] = "token_missing"


class ProbeUnderWay(Failure):
    """The account was held, and another delivery of it is finding out whether it still is."""

    reason: ClassVar[str] = "probe_under_way"


@dataclass(frozen=True, slots=True)
class Hold:
    """
    Nothing of the account goes out: for `first`, and each time it comes again for twice as long.

    But for no longer than `longest`. The `reconnect_after`th in a row means that the owner must
    connect the account again.
    """

    first: timedelta
    longest: timedelta
    reconnect_after: int | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """
    It is done: Meta took it, or what it asked for was asked and told.

    Only what Meta took has a `message_id`. `reason` is why Meta would not tell what was asked.
    """

    outcome: ClassVar[str] = "sent"
    message_id: str | None = None
    recipient_id: PersonId | None = None
    said: Said = field(default_factory=Said)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """It cannot be sent, now or later."""

    outcome: ClassVar[str] = "refused"
    reason: str
    said: Said = field(default_factory=Said)


@dataclass(frozen=True, slots=True)
class Late:
    """Its time is over."""

    outcome: ClassVar[str] = "expired"
    reason: str
    said: Said = field(default_factory=Said)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """It may have been sent. Looked up later, never sent again by itself."""

    outcome: ClassVar[str] = "uncertain"
    reason: str
    said: Said = field(default_factory=Said)


@dataclass(frozen=True, slots=True)
class Postponed:
    """
    Nothing was sent; it comes back after `wait`.

    `counted`: the attempt counts against it. `hold`: nothing of the account goes out for a while.
    `reconnect`: nothing does until the owner has connected the account again.
    """

    outcome: ClassVar[str] = "parked"
    reason: str
    wait: timedelta
    counted: bool = False
    hold: Hold | None = None
    reconnect: bool = False
    said: Said = field(default_factory=Said)


Ending: TypeAlias = Delivered | Never | Late | Doubtful | Postponed


def restricts(ending: Ending) -> bool:
    """Whether the account is held because of it."""
    return isinstance(ending, Postponed) and ending.hold is not None


def ending_of(failure: Failure, delivery: Claimed) -> Ending:
    """Return what `failure` means for `delivery`. Only with `Doubtful` may something be sent."""
    match failure:
        case GraphFailure():
            return _ending_at_meta(failure, delivery)
        case Limited(limit=limit, after_s=after_s):
            return Postponed(limit, timedelta(seconds=after_s))
        case WindowClosed():
            return Late(failure.reason)
        case Refused():
            return Never(failure.reason)
        case TokenMissing() | ProbeUnderWay():
            missing = isinstance(failure, TokenMissing)
            return Postponed(failure.reason, _UNTIL_LET, reconnect=missing)
        case _:
            wait = _AWAY_WAIT if isinstance(failure, Unavailable) else _OTHER_WAIT
            return Postponed(failure.reason, wait)


def _ending_at_meta(  # noqa: PLR0911  a table: one line for each way a call ends
    failure: GraphFailure, delivery: Claimed
) -> Ending:
    """Return what one of Meta's answers means."""
    reason, said = failure.why.reason, failure.said
    wait = timedelta(seconds=failure.after_s)
    match failure:
        case Unclear():
            return Doubtful(reason, said)
        case WindowClosed():
            return Late(reason, said)
        case SlowDown() if delivery.kind in _ONLY_ONCE and failure.why.may_have_begun:
            return Doubtful(reason, said)
        case SlowDown() if failure.why.is_limit:
            return Postponed(reason, wait, said=said)
        case SlowDown():
            return _passing(failure, delivery)
        case AccountHeld():
            return Postponed(reason, _UNTIL_LET, hold=_hold(failure.why, wait), said=said)
        case TokenDead():
            return Postponed(reason, _UNTIL_LET, reconnect=True, said=said)
        case NotUnderstood() if _may_try_again(delivery) and said.transient is not False:
            return Postponed(reason, _OTHER_WAIT, counted=True, said=said)
        case _ if failure.why.at_first is not None and not delivery.proven:
            return _at_first(failure.why.at_first, said, delivery)
        case _:
            return Never(reason, said)


def _passing(failure: SlowDown, delivery: Claimed) -> Ending:
    """Return when what met a passing fault is tried again: ever later, and a few times."""
    reason, said = failure.why.reason, failure.said
    if delivery.kind != "lookup" and delivery.attempts >= _MOST_TRIES_OF_PASSING:
        return Never(reason, said)
    doublings = min(delivery.attempts - 1, _MOST_TRIES_OF_PASSING)
    wait = min(timedelta(seconds=failure.after_s) * 2**doublings, _LONGEST_PASSING)
    return Postponed(reason, max(wait, timedelta(seconds=failure.after_s)), counted=True, said=said)


def _at_first(why: Classified, said: Said, delivery: Claimed) -> Ending:
    """
    Return what an error means while Meta has taken nothing of the account yet.

    Twice for one delivery, at most: it might be at fault itself, and would then stand in the way
    of those that prove the account good.
    """
    if delivery.attempts >= _MOST_TRIES_OF_UNKNOWN:
        return Never(why.reason, said)
    hold = _hold(why, timedelta(seconds=said.usage.regain_after_s))
    return Postponed(why.reason, _UNTIL_LET, counted=True, hold=hold, said=said)


def _hold(why: Classified, stated: timedelta) -> Hold:
    """Return the hold that an error begins; Meta's own wait counts if it is the longer one."""
    first = max(timedelta(seconds=why.wait_s or 0.0), stated)
    longest = max(timedelta(seconds=why.longest_s or 0.0), first)
    return Hold(first, longest, why.reconnect_after)


def _may_try_again(delivery: Claimed) -> bool:
    """
    Whether an error nobody knows may be met once more.

    Only by a message, or by a question: Meta has been seen to refuse after acting.
    """
    return delivery.kind not in _ONLY_ONCE and delivery.attempts < _MOST_TRIES_OF_UNKNOWN
