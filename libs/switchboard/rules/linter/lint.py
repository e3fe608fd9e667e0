"""All that is wrong with a campaign, in the order of its definition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from switchboard.contracts.ids import CampaignId
from switchboard.contracts.questions import IntentOption
from switchboard.rules.campaigns import Campaign, CampaignDefinition
from switchboard.rules.linter.findings import Code, Finding, finding
from switchboard.rules.linter.neighbours import (
    about_intent,
    about_limits,
    about_overlaps,
    about_starting,
)
from switchboard.rules.linter.setting_off import about_follower, about_keywords
from switchboard.rules.linter.walking import Walked, walk
from switchboard.rules.linter.windows import Open, starts
from switchboard.rules.linter.wording import MediaFound, about_links, about_media, about_variants

_PARTS = ("trigger", "conditions", "steps")


def lint(
    definition: CampaignDefinition,
    *,
    others: Iterable[Campaign] = (),
    media: Mapping[str, MediaFound] | None = None,
    own: CampaignId | None = None,
    intents: Iterable[IntentOption] | None = None,
    delay: timedelta = timedelta(),
) -> list[Finding]:
    """
    Return what is wrong with `definition`, in the order of its parts; the same list each time.

    `others` are the account's live campaigns; the one with the id `own` is what this definition
    will replace, and is left out. `media` has what was found at the addresses of its files; of one
    that is not there nothing is said. `delay` is the most by which what it says is put off.
    `intents` are the account's; `None`: nobody knows them.
    """
    neighbours = [other for other in others if other.id != own]
    found = [
        *about_keywords(definition),
        *about_limits(definition, neighbours),
        *about_overlaps(definition, neighbours, own),
        *about_follower(definition),
        *about_variants(definition),
        *about_links(definition),
        *about_media(definition, media or {}),
        *about_starting(definition, neighbours, own),
        *(() if intents is None else about_intent(definition, intents)),
        *_about_flow(definition, delay),
    ]
    return sorted(dict.fromkeys(found), key=_place)


def _about_flow(definition: CampaignDefinition, delay: timedelta) -> Iterator[Finding]:
    """Yield what is wrong on the ways through the steps, and the steps on none of them."""
    began = starts(definition.trigger.kind, definition.conditions, delay)
    walks = [walk(definition, start, delay=delay) for start in began]
    for walked in walks:
        yield from walked.findings
    silent = [start for start, walked in zip(began, walks, strict=True) if not walked.said]
    if len(silent) == 1 and len(began) > 1:
        where = "message" if isinstance(silent[0], Open) else "comment"
        yield finding(Code.INTENT_WITHOUT_ANSWER, "steps", f"found in a {where}, nothing is said")
    yield from _unreached(definition, walks)


def _unreached(definition: CampaignDefinition, walks: Iterable[Walked]) -> Iterator[Finding]:
    reached = frozenset[int]().union(*(walked.reached for walked in walks))
    for position in range(len(definition.steps)):
        if position not in reached:
            yield finding(Code.UNREACHABLE_STEP, f"steps.{position}")


def _place(one: Finding) -> tuple[int, list[tuple[int, str]], str, str]:
    """Return where a finding stands in the list: as its path does in the definition."""
    parts = one.path.split(".")
    within = [(int(part), "") if part.isdigit() else (-1, part) for part in parts[1:]]
    return _PARTS.index(parts[0]), within, one.code, one.message
