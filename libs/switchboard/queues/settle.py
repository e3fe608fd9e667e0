"""The fate of a message, as a pure function of how its handling ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from switchboard.errors import Final as FinalFailure
from switchboard.errors import Retryable, Throttled, Unavailable, Uncertain, Unreadable

# SQS: a message can stay invisible for 12 hours in all; a quarter of an hour leaves room for many
# tries and is also the longest delay of a new message.
LONGEST_WAIT_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Delete:
    """Done with, well or badly; the outcome is recorded elsewhere."""


@dataclass(frozen=True, slots=True)
class Release:
    """Show it again in `after_s` seconds. SQS counts the receive."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Defer:
    """Come back in `after_s` seconds, without the receive being counted against it."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Bury:
    """To the dead letters, now, with `reason`."""

    reason: str


Verdict: TypeAlias = Delete | Release | Defer | Bury


def settle(failure: BaseException | None, *, receives: int, max_receives: int) -> Verdict:
    """
    Decide a message's fate after its `receives`-th delivery (1 is the first).

    A dependency that is away says nothing about the message, so it never counts. A bug of ours
    is tried again, later each time, because a deploy may mend it; before SQS would move the
    message away without a word, it is buried with the reason.
    """
    match failure:
        case None | FinalFailure():
            return Delete()
        case Throttled() | Unavailable():
            return Defer(_wait_s(failure, receives))
        case Unreadable() | Uncertain():
            return Bury(f"{failure.reason}: {failure}")
        case _ if receives >= max_receives:
            return Bury(f"gave up after {receives} deliveries: {describe(failure)}")
        case _:
            return Release(_wait_s(failure, receives))


def _wait_s(failure: BaseException, receives: int) -> float:
    """Return the wait the failure asks for, if it knows; else the backoff."""
    asked_s = failure.after_s if isinstance(failure, Throttled | Retryable) else None
    return backoff_s(receives) if asked_s is None else min(asked_s, LONGEST_WAIT_S)


def backoff_s(tries: int) -> float:
    """Return the wait after the `tries`-th failure: 2, 4, 8 ... seconds, 15 minutes at most."""
    return min(2.0 ** min(tries, 16), LONGEST_WAIT_S)


def describe(failure: BaseException) -> str:
    """Return `failure` as one line: its type and its message."""
    return f"{type(failure).__name__}: {' '.join(str(failure).split())}"
