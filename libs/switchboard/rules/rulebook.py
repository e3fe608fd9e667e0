"""An account's live campaigns, made ready for deciding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from switchboard.contracts.questions import IntentOption
from switchboard.rules.campaigns import Campaign, IntentTrigger
from switchboard.rules.matching import Matcher


@dataclass(frozen=True, slots=True)
class Entry:
    """One campaign and its keywords; no matcher where any text will do."""

    campaign: Campaign
    matcher: Matcher | None


@dataclass(frozen=True, slots=True)
class RuleBook:
    """
    What could answer an account's events, at one version of its rules.

    `campaigns` are those set off by an event, in the owner's order; `by_intent`, those set off by
    an intent. `intents` are the ones worth asking about: recognised by the classifier and used.
    """

    version: int
    campaigns: tuple[Entry, ...]
    by_intent: tuple[Campaign, ...]
    intents: tuple[IntentOption, ...]


def compile_rules(
    version: int, campaigns: Iterable[Campaign], intents: Iterable[IntentOption]
) -> RuleBook:
    """Return the rule book of these live campaigns and intents."""
    ordered = sorted(campaigns, key=lambda campaign: (campaign.rank, campaign.id))
    by_intent = tuple(c for c in ordered if isinstance(c.definition.trigger, IntentTrigger))
    wanted = {
        c.definition.trigger.intent
        for c in by_intent
        if isinstance(c.definition.trigger, IntentTrigger)
    }
    return RuleBook(
        version=version,
        campaigns=tuple(
            Entry(campaign, _matcher(campaign)) for campaign in ordered if campaign not in by_intent
        ),
        by_intent=by_intent,
        intents=tuple(intent for intent in intents if intent.name in wanted),
    )


def _matcher(campaign: Campaign) -> Matcher | None:
    trigger = campaign.definition.trigger
    if isinstance(trigger, IntentTrigger) or trigger.keywords is None:
        return None
    return Matcher(trigger.keywords)
