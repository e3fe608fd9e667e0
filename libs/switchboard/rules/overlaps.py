"""Which live campaigns of an account one event can set off, with a text for each pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Final, Literal

from switchboard.contracts.ids import CampaignId, MediaId
from switchboard.rules.campaigns import (
    Campaign,
    CommentTrigger,
    Keywords,
    PostbackTrigger,
    QuickReplyTrigger,
    ReferralTrigger,
    StoryReplyTrigger,
)
from switchboard.rules.matching import KeywordIndex, Proof
from switchboard.rules.rulebook import keywords_of
from switchboard.rules.text import normalise

# Excluded words can spoil a text; after so many for a pair, none is likely to be better.
_MAX_TEXTS: Final = 200
_ANY_TEXT: Final = "❤"  # what sets off a campaign that wants no keyword


@dataclass(frozen=True, slots=True)
class Overlap:
    """
    Two campaigns that `text` sets off; the matcher has confirmed both.

    `own_words`: what one of them asks people to write sets the other off as well, so they compete
    every day. `joined_words`: it takes somebody who writes what both ask for. Where a tap or a link
    sets campaigns off, `text` is its payload or ref.
    """

    first: CampaignId
    second: CampaignId
    kind: Literal["own_words", "joined_words"]
    text: str


def overlaps(campaigns: Iterable[Campaign]) -> list[Overlap]:
    """
    Return the pairs that can be set off by one event of the same kind, under the same post.

    A text is made of the campaigns' own keywords and kept only if both match it, so what is shown
    is true; a pattern of whose matches none can be told from how it is written may be missed.
    Left out are intents (which texts have them is the classifier's to say), and a campaign for any
    text beside one with keywords, for it is there for what is left.
    """
    account = _Account(campaigns)
    pairs = combinations(range(len(account.campaigns)), 2)
    return [found for one, other in pairs if (found := account.overlap(one, other)) is not None]


def overlaps_with(candidate: Campaign, others: Iterable[Campaign]) -> list[Overlap]:
    """Return those of `overlaps` that `candidate` is part of; `others` may hold it, or not."""
    account = _Account([candidate, *(other for other in others if other.id != candidate.id)])
    own = account.campaigns.index(candidate) if candidate in account.campaigns else None
    if own is None:
        return []
    pairs = ((min(own, other), max(own, other)) for other in range(len(account.campaigns)))
    met = (account.overlap(one, other) for one, other in pairs if one != other)
    return [found for found in met if found is not None]


# Set off by what the classifier says, or does not say.
_BY_ANSWER: Final = frozenset({"intent", "unrecognised"})


class _Account:
    """Campaigns of an account, with texts that set each off, in the owner's order."""

    def __init__(self, campaigns: Iterable[Campaign]) -> None:
        ordered = sorted(campaigns, key=lambda campaign: (campaign.rank, campaign.id))
        self.campaigns = [one for one in ordered if one.definition.trigger.kind not in _BY_ANSWER]
        keywords = [keywords_of(campaign) for campaign in self.campaigns]
        self._numbers = _numbered(keywords)
        self._index = KeywordIndex([one for one in keywords if one is not None])
        self._set_off: dict[str, frozenset[int | None]] = {}
        self._texts = [
            [text for text in _samples(own) if self._fires(number, text)]
            for number, own in enumerate(keywords)
        ]

    def overlap(self, one: int, other: int) -> Overlap | None:
        """Return how the campaigns at these places compete, if they do."""
        if not _meet(self.campaigns[one], self.campaigns[other]):
            return None
        ids = self.campaigns[one].id, self.campaigns[other].id
        if _wants_payload(self.campaigns[one]):
            return _shared_payload(self.campaigns[one], self.campaigns[other])
        for asker, hearer in ((one, other), (other, one)):
            for text in self._texts[asker]:
                if self._fires(hearer, text):
                    return Overlap(*ids, "own_words", text)
        for text in islice(_joined(self._texts[one], self._texts[other]), _MAX_TEXTS):
            if {self._numbers[one], self._numbers[other]} <= self._read(text):
                return Overlap(*ids, "joined_words", text)
        return None

    def _fires(self, place: int, text: str) -> bool:
        number = self._numbers[place]
        if number is None:
            return True
        if text not in self._set_off:
            self._set_off[text] = self._read(text)
        return number in self._set_off[text]

    def _read(self, text: str) -> frozenset[int | None]:
        found = self._index.find(normalise(text))
        return frozenset(number for number, said in found.items() if isinstance(said, Proof))


def _numbered(keywords: Sequence[Keywords | None]) -> list[int | None]:
    """Return each campaign's number in the index; none where it wants no keyword."""
    numbers = iter(range(len(keywords)))
    return [None if one is None else next(numbers) for one in keywords]


def _meet(one: Campaign, other: Campaign) -> bool:
    """Tell whether one event can concern both, and neither is there for what the other leaves."""
    if one.definition.trigger.kind != other.definition.trigger.kind:
        return False
    ones, others = _posts(one), _posts(other)
    if ones is not None and others is not None and ones.isdisjoint(others):
        return False
    wants = keywords_of(one) is not None, keywords_of(other) is not None
    if wants[0] == wants[1]:
        return True
    wanting, left = (one, other) if wants[0] else (other, one)
    return _names_a_post(left) and not _names_a_post(wanting)  # which comes before the keyword


def _names_a_post(campaign: Campaign) -> bool:
    trigger = campaign.definition.trigger
    is_for_next = isinstance(trigger, CommentTrigger) and trigger.next_post
    return is_for_next or getattr(trigger, "media_ids", None) is not None


def _posts(campaign: Campaign) -> frozenset[MediaId] | None:
    """Return the posts a campaign is for; none where it is for all, or for one not known yet."""
    trigger = campaign.definition.trigger
    if not isinstance(trigger, CommentTrigger | StoryReplyTrigger):
        return None
    if isinstance(trigger, CommentTrigger) and trigger.next_post:
        bound = campaign.next_media_id
        return None if bound is None else frozenset({bound})
    return None if trigger.media_ids is None else frozenset(trigger.media_ids)


def _wants_payload(campaign: Campaign) -> bool:
    return isinstance(
        campaign.definition.trigger, PostbackTrigger | QuickReplyTrigger | ReferralTrigger
    )


def _shared_payload(one: Campaign, other: Campaign) -> Overlap | None:
    """Return a payload or ref that sets off both; any is left to who names it."""
    ones, others = _payloads(one), _payloads(other)
    if ones is None and others is None:
        return Overlap(one.id, other.id, "own_words", _ANY_TEXT)
    shared = [payload for payload in ones or () if payload in (others or ())]
    return Overlap(one.id, other.id, "own_words", shared[0]) if shared else None


def _payloads(campaign: Campaign) -> tuple[str, ...] | None:
    trigger = campaign.definition.trigger
    if isinstance(trigger, ReferralTrigger):
        return trigger.refs
    return trigger.payloads if isinstance(trigger, PostbackTrigger | QuickReplyTrigger) else None


def _joined(ones: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    for one, other in product(ones, others):
        yield f"{one} {other}"
        yield f"{other} {one}"


def _samples(keywords: Keywords | None) -> Iterator[str]:
    """Yield texts that may set the campaign off: its keywords, groups of them, literal patterns."""
    if keywords is None:
        yield _ANY_TEXT
        return
    groups = [(keyword,) for keyword in keywords.include] + list(keywords.all_of)
    for group in groups:
        written = [_spelt_out(one) if keywords.how == "regex" else one for one in group]
        yield " ".join(written)


def _spelt_out(pattern: str) -> str:
    """Return `pattern` with what is not literal left out or replaced: a guess, to be confirmed."""
    text = pattern.split("|", 1)[0]
    for written, meant in _GUESSES:
        text = text.replace(written, meant)
    return text


_GUESSES: Final = (
    ("(?i)", ""),
    ("(?:", ""),
    ("\\b", ""),
    ("\\d", "1"),
    ("\\w", "a"),
    ("\\s", " "),
    (".*", " "),
    (".+", " a "),
    *((mark, "") for mark in "^$()+*?\\"),
)
