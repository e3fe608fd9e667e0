"""An account's live campaigns, made ready for deciding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from switchboard.contracts.questions import IntentOption
from switchboard.rules.campaigns import Campaign, IntentTrigger, Keywords
from switchboard.rules.matching import KeywordIndex


@dataclass(frozen=True, slots=True)
class Entry:
    """One campaign, and the number of its keywords in the index; none where any text will do."""

    campaign: Campaign
    number: int | None


@dataclass(frozen=True, slots=True)
class RuleBook:
    """
    What could answer an account's events, at one version of its rules.

    `campaigns` are those set off by an event, in the owner's order; `by_intent`, those set off by
    an intent. `intents` are the ones worth asking about: recognised by the classifier and used.
    `keywords` finds those of all campaigns in one reading of a text.
    """

    version: int
    campaigns: tuple[Entry, ...]
    by_intent: tuple[Campaign, ...]
    intents: tuple[IntentOption, ...]
    keywords: KeywordIndex


def compile_rules(
    version: int, campaigns: Iterable[Campaign], intents: Iterable[IntentOption]
) -> RuleBook:
    """Return the rule book of these live campaigns and intents."""
    ordered = sorted(campaigns, key=lambda campaign: (campaign.rank, campaign.id))
    by_intent = tuple(c for c in ordered if isinstance(c.definition.trigger, IntentTrigger))
    by_event = [c for c in ordered if not isinstance(c.definition.trigger, IntentTrigger)]
    wanted = {
        c.definition.trigger.intent
        for c in by_intent
        if isinstance(c.definition.trigger, IntentTrigger)
    }
    keywords: list[Keywords] = []
    return RuleBook(
        version=version,
        campaigns=tuple(_entries(by_event, keywords)),
        by_intent=by_intent,
        intents=tuple(intent for intent in intents if intent.name in wanted),
        keywords=KeywordIndex(keywords),
    )


def keywords_of(campaign: Campaign) -> Keywords | None:
    """Return the keywords that set `campaign` off; none where any text or an intent does."""
    trigger = campaign.definition.trigger
    return None if isinstance(trigger, IntentTrigger) else trigger.keywords


def _entries(campaigns: Iterable[Campaign], keywords: list[Keywords]) -> Iterator[Entry]:
    """Yield the campaigns' entries, and append their keywords in the order they are numbered."""
    for campaign in campaigns:
        own = keywords_of(campaign)
        if own is not None:
            keywords.append(own)
        yield Entry(campaign, None if own is None else len(keywords) - 1)
