"""A campaign among the account's other live ones: whom it starts, with whom it competes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from uuid import UUID

from switchboard.contracts.ids import CampaignId
from switchboard.contracts.questions import IntentOption
from switchboard.rules.campaigns import Campaign, CampaignDefinition, IntentTrigger, Keywords
from switchboard.rules.linter.findings import Code, Finding, finding
from switchboard.rules.linter.walking import walk
from switchboard.rules.linter.windows import TAPPED
from switchboard.rules.overlaps import overlaps_with
from switchboard.rules.rulebook import keywords_of

# An index of 20,000 fuzzy keywords takes 107 MiB and 1.5 ms a text; a router has many accounts.
MAX_FUZZY_OF_ACCOUNT: Final = 5_000
# One automaton searches for all patterns; when it outgrows its memory, each is searched alone.
MAX_PATTERNS_OF_ACCOUNT: Final = 1_000

_UNPUBLISHED: Final = CampaignId(UUID(int=0))


def about_starting(
    definition: CampaignDefinition, others: Iterable[Campaign], own: CampaignId | None
) -> Iterator[Finding]:
    """Yield each button that starts a campaign which is not there, does nothing, or is this one."""
    known: Mapping[CampaignId, Campaign] = {other.id: other for other in others}
    for path, started in _started(definition):
        if started == own:
            yield finding(Code.STARTS_ITSELF, path)
        elif started not in known:
            yield finding(Code.STARTS_UNKNOWN_CAMPAIGN, path)
        elif _is_silent(known[started].definition):
            yield finding(Code.STARTS_SILENT_CAMPAIGN, path)


def about_intent(
    definition: CampaignDefinition, intents: Iterable[IntentOption]
) -> Iterator[Finding]:
    """Yield what keeps the campaign's intent, if it is for one, from being recognised."""
    if not isinstance(definition.trigger, IntentTrigger):
        return
    wanted = definition.trigger.intent
    known = next((one for one in intents if one.name == wanted), None)
    if known is None:
        yield finding(Code.UNKNOWN_INTENT, "trigger.intent")
    elif not known.examples:
        yield finding(Code.INTENT_WITHOUT_EXAMPLES, "trigger.intent")


def about_limits(definition: CampaignDefinition, others: Iterable[Campaign]) -> Iterator[Finding]:
    """Yield what the account would have too much of with this campaign."""
    own: Keywords | None = getattr(definition.trigger, "keywords", None)
    if own is None:
        return
    limits = {
        "fuzzy": (Code.FUZZY_LIMIT, MAX_FUZZY_OF_ACCOUNT),
        "regex": (Code.TOO_MANY_PATTERNS, MAX_PATTERNS_OF_ACCOUNT),
    }
    code, most = limits.get(own.how, (None, 0))
    if code is None:
        return
    all_of_them = [own, *(keywords for other in others if (keywords := keywords_of(other)))]
    count = sum(_size(keywords) for keywords in all_of_them if keywords.how == own.how)
    if count > most:
        what = f"{count:,} with those of the account's other campaigns; at most {most:,}"
        yield finding(code, "trigger.keywords", what)


def about_overlaps(
    definition: CampaignDefinition, others: Iterable[Campaign], own: CampaignId | None
) -> Iterator[Finding]:
    """Yield each campaign that one text sets off together with this one, with such a text."""
    candidate = Campaign(id=own or _UNPUBLISHED, version=0, rank=0, definition=definition)
    has_keywords = keywords_of(candidate) is not None
    for overlap in overlaps_with(candidate, others):
        other = overlap.second if overlap.first == candidate.id else overlap.first
        names = f"this campaign ({own}) and" if own else "this campaign and"
        what = f"{overlap.text!r} sets off {names} {other}; only one of them will answer"
        yield finding(Code.OVERLAP, "trigger.keywords" if has_keywords else "trigger", what)


def _started(definition: CampaignDefinition) -> Iterator[tuple[str, CampaignId]]:
    for path, content in definition.contents():
        for name in ("buttons", "quick_replies"):
            for number, one in enumerate(getattr(content, name)):
                if one.kind == "campaign":
                    yield f"{path}.{name}.{number}.campaign", one.campaign


def _is_silent(definition: CampaignDefinition) -> bool:
    """Whether a campaign that a tap starts neither says nor does anything."""
    walked = walk(definition, TAPPED)
    return not walked.said and not walked.done


def _size(keywords: Keywords) -> int:
    return len(keywords.include) + sum(map(len, keywords.all_of))
