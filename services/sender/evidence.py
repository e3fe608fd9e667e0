"""
Whether an account's own words show that a delivery was sent, or that it was not. Pure.

A mistake one way says something twice, the other way leaves somebody unanswered, so what is not
plain stays open:

- It is found if something the account itself said, within the time of the attempt, and known of no
  other delivery, says the same; or, where Meta tells too little to compare, if it fits and nothing
  else could be meant.
- It is absent if everything there is within that time was seen, and nothing of it could be this. So
  one word of the account's to that person that is nobody else's leaves it open, even another one:
  Meta may have changed ours.

Two deliveries that say the same to one person cannot be told apart, and mostly need not be: the
first one takes the first message, and the second one the second, if there is one. Nobody takes a
message twice (`db.uncertain`). Two private replies are answers to two comments, however, of which
Meta takes one each: so there a message is taken only if it is plain by its time whose it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from switchboard.contracts import MessageId, PersonId
from switchboard.rules.wording import Likeness, Told, Wording, likeness

Source: TypeAlias = Literal["echo", "conversation", "comment"]

# another:     something else was said there that nobody else has said
# cannot_tell: something was said there, and Meta does not tell enough of it
# several:     more than one thing could be it, or more than one delivery
# out_of_view: not everything could be seen
Because: TypeAlias = Literal["another", "cannot_tell", "several", "out_of_view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """
    Something that was said where the delivery would be.

    `own` says whether the account itself said it, `None` that Meta does not tell. `at` has whole
    seconds where Meta was asked; `None`, again, is not told.
    """

    source: Source
    message_id: MessageId
    at: datetime | None
    own: bool | None
    told: Told
    recipient_id: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A time with both its ends."""

    begin: datetime
    end: datetime

    def __contains__(self, at: datetime | None) -> bool:
        """Whether `at` is in it; what is not known is not."""
        return at is not None and self.begin <= at <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """
    What is looked for: what it says, and between which moments Meta would have made it.

    `attempt` is when the call was under way, as far as clocks agree. `anywhere`: it is not known
    whom it went to, so what is in view went to many. `one_for_each`: Meta takes it once, for ever.
    """

    wording: Wording
    since: datetime
    until: datetime
    attempt: Span
    anywhere: bool = False
    one_for_each: bool = False


@dataclass(frozen=True, slots=True)
class Rival:
    """Another delivery without an answer, that what is found could be as well."""

    wording: Wording
    attempt: Span
    one_for_each: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """It was sent, and this is it."""

    sighting: Sighting
    seen: int


@dataclass(frozen=True, slots=True)
class Absent:
    """Everything was seen, and it was not there."""

    seen: int = 0


@dataclass(frozen=True, slots=True)
class Unclear:
    """Neither is shown."""

    because: Because
    seen: int = 0


Verdict: TypeAlias = Found | Absent | Unclear


def judge(
    sought: Sought,
    sightings: Iterable[Sighting],
    *,
    taken: Collection[str],
    rivals: Sequence[Rival],
    complete: bool,
) -> Verdict:
    """
    Return what `sightings` show.

    `taken` are messages that are known to be other deliveries'. `complete`: nothing that was said
    within the time is missing.
    """
    like = _candidates(sought, sightings, taken)
    seen = len(like)
    same = [one for how, one in like if how == "same"]
    fits = [one for how, one in like if how == "fits"]
    alone = sum(how != "other" for how, _ in like) == 1 and not rivals
    if same:
        found = _whose(sought, same, rivals) if not sought.anywhere or alone else None
        return Unclear("several", seen) if found is None else Found(found, seen)
    if fits:
        plain = alone and not sought.anywhere
        return Found(fits[0], seen) if plain else Unclear("several", seen)
    if any(how == "untold" for how, _ in like):
        return Unclear("cannot_tell", seen)
    if like and not sought.anywhere:
        return Unclear("another", seen)
    return Absent(seen) if complete else Unclear("out_of_view", seen)


def _whose(sought: Sought, same: Sequence[Sighting], rivals: Sequence[Rival]) -> Sighting | None:
    """
    Return which of those that say the `same` it is, the earliest first; `None`: it is not plain.

    If there are enough for all that could be meant, each has the one at its own place. Else those
    that were made while only a rival's call was under way are left to it.
    """
    others = [one for one in rivals if any(_says(one, sighting) for sighting in same)]
    if not others:
        return same[0]
    if len(same) > len(others):
        return same[sum(one.attempt.begin < sought.attempt.begin for one in others)]
    mine = [one for one in same if one.at is None or one.at in sought.attempt]
    plain = [one for one in mine if not any(one.at in rival.attempt for rival in others)]
    which_matters = sought.one_for_each or any(one.one_for_each for one in others)
    return next(iter(plain if which_matters else [*plain, *mine]), None)


def _says(rival: Rival, sighting: Sighting) -> bool:
    return likeness(rival.wording, sighting.told) == "same"


def _candidates(
    sought: Sought, sightings: Iterable[Sighting], taken: Collection[str]
) -> Sequence[tuple[Likeness, Sighting]]:
    """Return what could be it by time, author and id, each once, the earliest first."""
    told_most = sorted(sightings, key=lambda one: (one.own is True, len(one.told.text or "")))
    once = {one.message_id: one for one in told_most}
    could_be = [
        (how, one)
        for one in once.values()
        if one.message_id not in taken
        and (one.at is None or sought.since <= one.at <= sought.until)
        and (how := _likeness(sought.wording, one)) is not None
    ]
    return sorted(could_be, key=lambda pair: (pair[1].at or sought.since, pair[1].message_id))


def _likeness(wording: Wording, sighting: Sighting) -> Likeness | None:
    """
    Return how like it is, if it can be the account's at all.

    What somebody else has said is not, unless it is the very same: then rather Meta names the
    account in a way we do not know. And nobody's words are told by what they say alone.
    """
    how = likeness(wording, sighting.told)
    if sighting.own:
        return how
    if sighting.own is False:
        return "untold" if how == "same" else None
    return how if how == "other" else "untold"
