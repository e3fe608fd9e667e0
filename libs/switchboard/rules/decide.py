"""
Deciding what an event gets.

    may it be answered at all?  ─no─▶ ignored
        │yes
    which campaign does it set off?  ─one or more─▶ the best of them: matched
        │none
    does the account have intents?  ─yes─▶ asked; and when the answer is there, decided by it
        │no
    no_match

Of several campaigns one wins, by a total order: a named post before all posts, the exacter match,
the longer keyword, the owner's rank, the id. The others are in the explanation as `outranked`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from switchboard.contracts import (
    Answer,
    CommentWritten,
    Echoed,
    Event,
    EventNotUnderstood,
    MediaId,
    MessageReceived,
    StoryReplied,
    WebhookUnreadable,
)
from switchboard.contracts.events import Comment, InboundMessage
from switchboard.rules.campaigns import Campaign, CommentTrigger, MessageTrigger, StoryReplyTrigger
from switchboard.rules.decision import Answered, Because, Considered, Decision, Failed, Outcome
from switchboard.rules.drafts import drafts, fits
from switchboard.rules.matching import EXACTNESS, Miss, Proof
from switchboard.rules.rulebook import Entry, RuleBook
from switchboard.rules.text import normalise

# Meta, "Messaging API": 24 hours from each of the person's messages or taps.
WINDOW: Final = timedelta(hours=24)

Answerable = CommentWritten | MessageReceived | StoryReplied


@dataclass(frozen=True, slots=True)
class Contact:
    """What is remembered of a person: until when the bot leaves the conversation to a human."""

    paused_until: datetime | None = None


def decide(
    event: Event, rules: RuleBook, contact: Contact, now: datetime, answer: Answer | None = None
) -> Decision:
    """
    Return what `event` gets under `rules`, and why.

    `answer` is the classifier's, if it was asked. Pure: the same arguments give the same decision,
    to the byte.
    """
    decision = Decision("ignored", "kind_is_not_answered", now, rules.version)
    refusal = _not_for_answering(event, contact, now)
    if refusal is not None:
        return replace(decision, because=refusal, paused_until=contact.paused_until)
    if not isinstance(event, Answerable):
        return decision
    text = normalise(event.text or "")
    found = rules.keywords.find(text)
    looked_at = tuple(_consider(entry, event, text, found) for entry in rules.campaigns)
    decision = replace(decision, normalised=text, considered=looked_at)
    fitting = [(e, c) for e, c in zip(rules.campaigns, looked_at, strict=True) if c.failed is None]
    if fitting:
        best, _ = max(fitting, key=_precedence)
        return _matched(decision, best.campaign, event)
    if answer is not None:
        return _by_intent(decision, rules, event, answer)
    return _unmatched(decision, rules)


def opens_window_until(event: Event) -> datetime | None:
    """
    Return until when `event` lets the account write to the person, if it does.

    A message or a tap does. A comment, a reaction, a read receipt, an edit or an echo does not.
    Source: Meta, "Messaging API" and "Private replies"; what is undocumented counts as not.
    """
    return event.began_at + WINDOW if event.opens_window else None


def _not_for_answering(event: Event, contact: Contact, now: datetime) -> Because | None:
    """Return why `event` must not be answered, whatever the campaigns say."""
    checks: Iterator[tuple[bool, Because]] = iter(
        [
            (isinstance(event, WebhookUnreadable), "unreadable"),
            (isinstance(event, EventNotUnderstood), "not_understood"),
            (isinstance(event, Echoed), "echo"),
            (isinstance(event, Comment) and event.own, "own_comment"),
            (isinstance(event, InboundMessage) and event.self_message, "self_message"),
            (event.standby, "standby"),
            (contact.paused_until is not None and now < contact.paused_until, "paused"),
        ]
    )
    return next((because for applies, because in checks if applies), None)


def _consider(
    entry: Entry, event: Answerable, text: str, found: Mapping[int, Proof | Miss]
) -> Considered:
    """Look at one campaign: does it concern this event, and are its keywords among the found?"""
    campaign = entry.campaign
    failed = _other(campaign, event)
    if failed is not None:
        return Considered(campaign.id, campaign.version, failed)
    if entry.number is None:
        return Considered(campaign.id, campaign.version, None, Proof("", "any", 0, len(text)))
    own = found.get(entry.number, Miss("no_keyword"))
    if isinstance(own, Miss):
        return Considered(campaign.id, campaign.version, own.why)
    return Considered(campaign.id, campaign.version, None, own)


def _other(campaign: Campaign, event: Answerable) -> Failed | None:
    """Return why the campaign is not about this event, or `None`: its keywords decide."""
    match campaign.definition.trigger, event:
        case CommentTrigger() as trigger, CommentWritten():
            if event.parent_id is not None and not trigger.include_replies:
                return "reply"
            return _other_post(trigger.media_ids, event.media_id, event.original_media_id)
        case StoryReplyTrigger() as trigger, StoryReplied():
            return _other_post(trigger.media_ids, event.story_id)
        case MessageTrigger(), MessageReceived():
            return None
        case _:
            return "other_kind"


def _other_post(named: tuple[MediaId, ...] | None, *posts: MediaId | None) -> Failed | None:
    return None if named is None or any(post in named for post in posts) else "other_post"


def _precedence(fitting: tuple[Entry, Considered]) -> tuple[bool, int, int, int, int]:
    """Return the place in the order of campaigns; the greatest wins. Ids differ, so it is total."""
    entry, considered = fitting
    trigger = entry.campaign.definition.trigger
    proof = considered.proof
    return (
        getattr(trigger, "media_ids", None) is not None,
        EXACTNESS[proof.how] if proof else 0,
        proof.length if proof else 0,
        -entry.campaign.rank,
        -entry.campaign.id.int,
    )


def _matched(decision: Decision, campaign: Campaign, event: Answerable) -> Decision:
    """Return `decision` with `campaign` as the winner: what it sends, and whom it outranked."""
    considered = tuple(_outranked(one, campaign) for one in decision.considered)
    proof = next(one.proof for one in considered if one.campaign_id == campaign.id)
    return replace(
        decision,
        outcome="matched",
        because=_by_proof(proof),
        campaign_id=campaign.id,
        considered=considered,
        drafts=drafts(campaign, event, decision.decided_at),
    )


def _by_proof(proof: Proof | None) -> Because:
    if proof is None:
        return "intent"
    return "any_text" if proof.how == "any" else "keyword"


def _outranked(one: Considered, winner: Campaign) -> Considered:
    if one.failed is not None or one.campaign_id == winner.id:
        return one
    return replace(one, failed="outranked")


def _by_intent(decision: Decision, rules: RuleBook, event: Answerable, answer: Answer) -> Decision:
    """Decide by the classifier's answer: the owner's first campaign for that intent."""
    of_intent = tuple(_consider_intent(campaign, answer, event) for campaign in rules.by_intent)
    decision = replace(
        decision, considered=(*decision.considered, *of_intent), answer=Answered.of(answer)
    )
    for campaign, one in zip(rules.by_intent, of_intent, strict=True):
        if one.failed is None:
            return _matched(decision, campaign, event)
    return replace(decision, outcome="no_match", because="no_intent_recognised")


def _consider_intent(campaign: Campaign, answer: Answer, event: Answerable) -> Considered:
    trigger = campaign.definition.trigger
    if getattr(trigger, "intent", None) != answer.intent:
        return Considered(campaign.id, campaign.version, "intent")
    if not any(fits(step, event) for step in campaign.definition.steps):
        return Considered(campaign.id, campaign.version, "other_kind")
    return Considered(campaign.id, campaign.version, None)


def _unmatched(decision: Decision, rules: RuleBook) -> Decision:
    """Return `decision` where no campaign matched: asked, if there is something to ask about."""
    if not decision.normalised:
        return replace(decision, outcome="no_match", because="no_text")
    outcome: Outcome = "asked" if rules.intents else "no_match"
    return replace(decision, outcome=outcome, because="no_keyword_matched")
