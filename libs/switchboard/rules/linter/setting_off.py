"""Whether anything sets a campaign off, and for whom."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.rules.campaigns import (
    CampaignDefinition,
    Keywords,
    MessageTrigger,
    StoryReplyTrigger,
)
from switchboard.rules.consent import opts_out
from switchboard.rules.linter.findings import Code, Finding, finding
from switchboard.rules.matching import Matcher, Miss
from switchboard.rules.text import normalise


def about_keywords(definition: CampaignDefinition) -> Iterator[Finding]:
    """Yield each keyword that sets nothing off, alone in a text as the owner wrote it."""
    keywords: Keywords | None = getattr(definition.trigger, "keywords", None)
    if keywords is None or keywords.how == "regex":
        return
    matcher = Matcher(keywords)
    is_message = isinstance(definition.trigger, MessageTrigger | StoryReplyTrigger)
    alone = [(f"include.{at}", keyword) for at, keyword in enumerate(keywords.include)]
    together = [(f"all_of.{at}", " ".join(group)) for at, group in enumerate(keywords.all_of)]
    for path, text in (*alone, *together):
        why = _silent(matcher, text, is_message=is_message)
        if why is not None:
            yield finding(Code.NEVER_FIRES, f"trigger.keywords.{path}", why)


def about_follower(definition: CampaignDefinition) -> Iterator[Finding]:
    """Yield a condition nobody can be known to fulfil."""
    follower = definition.conditions.follower
    is_comment = definition.trigger.kind in {"comment", "live_comment"}
    if is_comment and follower is not None and follower.when_unknown == "fail":
        yield finding(Code.FOLLOWER_UNKNOWN, "conditions.follower.when_unknown")


def _silent(matcher: Matcher, text: str, *, is_message: bool) -> str | None:
    """Return why `text` sets nothing off, if it does not."""
    normalised = normalise(text)
    if is_message and opts_out(normalised):
        return f"{text!r} is how people ask not to be written to; they are not answered"
    found = matcher.find(normalised)
    if not isinstance(found, Miss):
        return None
    if found.why == "excluded":
        return f"{text!r} has the excluded {found.keyword!r} in it"
    return f"of {text!r} nothing is left to be compared"
