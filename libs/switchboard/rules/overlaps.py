"""Which live campaigns of an account one text can set off, with such a text for each pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Final, Literal

from switchboard.contracts.ids import CampaignId
from switchboard.rules.campaigns import Campaign, CommentTrigger, Keywords, StoryReplyTrigger
from switchboard.rules.matching import Matcher, Proof
from switchboard.rules.rulebook import keywords_of
from switchboard.rules.text import normalise

# Excluded words can spoil a text; after so many for a pair, none is likely to be better.
_MAX_TEXTS: Final = 2_000
_ANY_TEXT: Final = "❤"  # what sets off a campaign that wants no keyword


@dataclass(frozen=True, slots=True)
class Overlap:
    """
    Two campaigns that `text` sets off; the matcher has confirmed both.

    `own_words`: what one of them asks people to write sets the other off as well, so they compete
    every day. `joined_words`: it takes somebody who writes what both ask for.
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
    Intents are left out: which texts have them is the classifier's to say.
    """
    readers = [_Reader.of(one) for one in sorted(campaigns, key=lambda c: (c.rank, c.id))]
    pairs = combinations([reader for reader in readers if reader is not None], 2)
    return [found for one, other in pairs if (found := _overlap(one, other)) is not None]


@dataclass(frozen=True, slots=True)
class _Reader:
    """A campaign, and texts that set it off."""

    campaign: Campaign
    matcher: Matcher | None
    texts: tuple[str, ...]

    @classmethod
    def of(cls, campaign: Campaign) -> _Reader | None:
        if campaign.definition.trigger.kind == "intent":
            return None
        keywords = keywords_of(campaign)
        if keywords is None:
            return cls(campaign, None, (_ANY_TEXT,))
        matcher = Matcher(keywords)
        texts = tuple(text for text in _samples(keywords) if _fires(matcher, text))
        return cls(campaign, matcher, texts)

    def fires(self, text: str) -> bool:
        return self.matcher is None or _fires(self.matcher, text)


def _overlap(one: _Reader, other: _Reader) -> Overlap | None:
    if not _meet(one.campaign, other.campaign):
        return None
    ids = one.campaign.id, other.campaign.id
    for text in one.texts:
        if other.fires(text):
            return Overlap(*ids, "own_words", text)
    for text in other.texts:
        if one.fires(text):
            return Overlap(*ids, "own_words", text)
    for text in islice(_joined(one.texts, other.texts), _MAX_TEXTS):
        if one.fires(text) and other.fires(text):
            return Overlap(*ids, "joined_words", text)
    return None


def _meet(one: Campaign, other: Campaign) -> bool:
    """Tell whether one event can concern both."""
    a, b = one.definition.trigger, other.definition.trigger
    if a.kind != b.kind:
        return False
    if not isinstance(a, CommentTrigger | StoryReplyTrigger):
        return True
    posts = getattr(b, "media_ids", None)
    return a.media_ids is None or posts is None or not set(a.media_ids).isdisjoint(posts)


def _fires(matcher: Matcher, text: str) -> bool:
    return isinstance(matcher.find(normalise(text)), Proof)


def _joined(ones: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    for one, other in product(ones, others):
        yield f"{one} {other}"
        yield f"{other} {one}"


def _samples(keywords: Keywords) -> Iterator[str]:
    """Yield texts that may set the campaign off: its keywords, groups of them, literal patterns."""
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
