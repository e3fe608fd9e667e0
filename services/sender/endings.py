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
# The pacer passes over an account that is not connected, so its rows need no moment of their own.
_UNTIL_CONNECTED: Final = timedelta()
_MOST_TRIES_OF_UNKNOWN: Final = 2


class TokenMissing(Failure):
    """The account is connected and has no token."""

    reason: ClassVar[str] = "token_missing"


@dataclass(frozen=True, slots=True)
class Delivered:
    """
    It is done: Meta took it, or what it asked for was asked and told.

    Only what Meta took has a `message_id`.
    """

    outcome: ClassVar[str] = "sent"
    message_id: str | None = None
    recipient_id: PersonId | None = None
    said: Said = field(default_factory=Said)
    reason: None = None


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

    `counted`: the attempt counts against it. `hold`: nothing of the account goes out for that
    long. `reconnect`: nothing does until the owner has connected the account again.
    """

    outcome: ClassVar[str] = "parked"
    reason: str
    wait: timedelta
    counted: bool = False
    hold: timedelta | None = None
    reconnect: bool = False
    said: Said = field(default_factory=Said)


Ending: TypeAlias = Delivered | Never | Late | Doubtful | Postponed


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
        case TokenMissing():
            return Postponed(failure.reason, _UNTIL_CONNECTED, reconnect=True)
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
        case SlowDown():
            return Postponed(reason, wait, said=said)
        case AccountHeld():
            return Postponed(reason, wait, hold=wait, said=said)
        case TokenDead():
            return Postponed(reason, _UNTIL_CONNECTED, reconnect=True, said=said)
        case NotUnderstood() if _may_try_again(delivery):
            return Postponed(reason, _OTHER_WAIT, counted=True, said=said)
        case _:
            return Never(reason, said)


def _may_try_again(delivery: Claimed) -> bool:
    """
    Whether an error nobody knows may be met once more.

    Only by a message, or by a question. Under a comment there is one private reply for ever and
    everybody sees the public ones, and Meta has been seen to refuse after acting: so those are not
    tried twice.
    """
    may = delivery.kind in {"message", "lookup"}
    return may and delivery.attempts < _MOST_TRIES_OF_UNKNOWN
