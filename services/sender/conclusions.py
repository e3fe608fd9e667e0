"""What becomes of an uncertain delivery after a look at what there is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from services.sender.evidence import Absent, Found, Sighting, Source, Unclear, Verdict
from services.sender.obstacles import closes_at
from switchboard.db.uncertain import UNRESOLVED, Doubt

_LONGEST_WAIT: Final = timedelta(minutes=15)
# Once a person was asked, what still comes is a late webhook, which Meta repeats for 36 hours, or
# the answer of an API that was down, or whose token was dead.
_LONGEST_WAIT_UNRESOLVED: Final = timedelta(hours=1)
_LOOKED_FOR: Final = timedelta(hours=36)

FOUND: Final[dict[Source, str]] = {
    "echo": "found_as_echo",
    "conversation": "found_in_conversation",
    "comment": "found_under_comment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """
    How long is waited for what.

    `first` is between the first two looks; the time then doubles. `settle` is how long after an
    attempt was over on our side Meta may still be at it: what is not there then, and is not there
    `again` later, was not made. `skew` is how far clocks may differ. `give_up` is how long we look
    before a person is asked; `attempts`, how often a delivery is tried at all.
    """

    first: timedelta
    settle: timedelta
    again: timedelta
    skew: timedelta
    give_up: timedelta
    attempts: int


@dataclass(frozen=True, slots=True)
class WasSent:
    """It was sent, as this."""

    sighting: Sighting


@dataclass(frozen=True, slots=True)
class SendAgain:
    """It was not sent, and may be."""


@dataclass(frozen=True, slots=True)
class NeverSent:
    """It was not sent, and never will be."""

    state: Literal["expired", "refused"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """
    Nothing is decided: look again after `wait`, or no more by itself.

    `ask`: from now on a person is asked, and it is not sent again without them.
    """

    wait: timedelta | None
    absent_at: datetime | None
    ask: bool


Conclusion: TypeAlias = WasSent | SendAgain | NeverSent | Wait


def conclude(doubt: Doubt, verdict: Verdict, patience: Patience) -> Conclusion:
    """
    Return what a look that began at `doubt.taken_at` and saw `verdict` comes to.

    Absence counts from when it had settled, and twice. What a person has been asked about is not
    sent again by itself, even so.
    """
    match verdict:
        case Found(sighting=sighting):
            return WasSent(sighting)
        case Unclear():
            return put_off(doubt, patience, absent_at=None)
        case Absent():
            settled = doubt.taken_at >= doubt.over_at + patience.settle
            if not settled:
                return put_off(doubt, patience, absent_at=None)
            if doubt.absent_at is None or doubt.taken_at < doubt.absent_at + patience.again:
                first_at = doubt.absent_at or doubt.taken_at
                return put_off(doubt, patience, absent_at=first_at)
            return _was_not_sent(doubt, patience)


def put_off(
    doubt: Doubt,
    patience: Patience,
    *,
    absent_at: datetime | None,
    at_least: timedelta = timedelta(),
) -> Wait:
    """Return when to look again, not before `at_least`, and whether a person is asked."""
    now = doubt.taken_at
    ask = doubt.reason == UNRESOLVED or now >= gives_up_at(doubt, patience)
    if ask and now >= doubt.doubted_at + _LOOKED_FOR:
        return Wait(wait=None, absent_at=absent_at, ask=True)
    longest = _LONGEST_WAIT_UNRESOLVED if ask else _LONGEST_WAIT
    wait = min(max(patience.first, now - doubt.doubted_at), longest)
    wait = min([wait, *_until_it_counts(doubt, patience, absent_at)])
    return Wait(wait=max(wait, at_least), absent_at=absent_at, ask=ask)


def gives_up_at(doubt: Doubt, patience: Patience) -> datetime:
    """
    Return when a person is asked.

    Not later than when it could still be sent, but not before absence could have been shown.
    """
    provable = max(doubt.over_at + patience.settle, doubt.doubted_at) + 2 * patience.again
    helps_until = max(closes_at(doubt.delivery), provable)
    return min(doubt.doubted_at + patience.give_up, helps_until)


def _was_not_sent(doubt: Doubt, patience: Patience) -> Conclusion:
    if doubt.taken_at >= closes_at(doubt.delivery):
        return NeverSent("expired", "deadline_passed")
    if doubt.reason == UNRESOLVED:
        return put_off(doubt, patience, absent_at=doubt.absent_at)
    if doubt.delivery.attempts >= patience.attempts:
        return NeverSent("refused", "never_answered")
    return SendAgain()


def _until_it_counts(
    doubt: Doubt, patience: Patience, absent_at: datetime | None
) -> list[timedelta]:
    """Return the time until the next look that absence counts in, while that is to come."""
    counts_at = doubt.over_at + patience.settle if absent_at is None else absent_at + patience.again
    left = counts_at - doubt.taken_at
    return [left] if left > timedelta() else []
