"""
Which campaigns an event sets off, and which of them is the best.

Of several campaigns one wins, by a total order: a named post before all posts, the exacter match,
the longer keyword, the owner's rank, the id. The others are in the explanation as `outranked`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from switchboard.contracts import (
    CommentWritten,
    InboundEvent,
    LiveCommentWritten,
    MediaId,
    MessageReceived,
    PostbackTapped,
    QuickReplyTapped,
    Referral,
    Referred,
    StoryMentioned,
    StoryReplied,
)
from switchboard.rules import conditions
from switchboard.rules.campaigns import (
    Campaign,
    CommentTrigger,
    IntentTrigger,
    LiveCommentTrigger,
    MessageTrigger,
    PostbackTrigger,
    QuickReplyTrigger,
    ReferralTrigger,
    StoryMentionTrigger,
    StoryReplyTrigger,
)
from switchboard.rules.contact import Contact
from switchboard.rules.decision import Bound, Considered, Failed
from switchboard.rules.flow import fits
from switchboard.rules.proof import EXACTNESS, Miss, Proof
from switchboard.rules.rulebook import Entry, RuleBook

# What Meta can be asked about an event.
Asked = Literal["posts", "follower"]
# What Meta once said of a person's following is taken for true this long.
_FOLLOWING_STAYS_KNOWN: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    An event with all that campaigns are tried on it with; `text` is normalised.

    `may_ask` is what Meta may still be asked about it: each thing once, and nothing for the sake
    of keywords once the classifier has answered, so that asking comes to an end.
    """

    event: InboundEvent
    text: str
    contact: Contact
    now: datetime
    rules: RuleBook
    may_ask: frozenset[Asked] = frozenset()


@dataclass(frozen=True, slots=True)
class Tried:
    """
    One campaign, tried on a case.

    `needs` is what must be asked of Meta before it can be told whether it is set off; `bound` that
    it was for the next post, and this is it.
    """

    campaign: Campaign
    considered: Considered
    needs: Asked | None = None
    bound: Bound | None = None

    @property
    def fits(self) -> bool:
        """Whether the event sets it off, as far as is known."""
        return self.considered.failed is None and self.needs is None


def tried(case: Case) -> list[Tried]:
    """Try every campaign that events set off, in the owner's order."""
    found = case.rules.keywords.find(case.text)
    return [_try(entry, case, found) for entry in case.rules.campaigns]


def best(fitting: list[Tried]) -> Tried:
    """Return the one that wins; there must be one."""
    return max(fitting, key=_precedence)


def tried_by_intent(case: Case, intent: str | None) -> list[Tried]:
    """Try every campaign that an intent sets off, in the owner's order."""
    return [_try_intent(campaign, case, intent) for campaign in case.rules.by_intent]


def tried_unsure(case: Case, guess: str | None) -> list[Tried]:
    """Try every campaign with something to do where its intent is only guessed."""
    return [
        _try_intent(campaign, case, guess, unsure=True)
        for campaign in case.rules.by_intent
        if getattr(campaign.definition.trigger, "when_unsure", None) is not None
    ]


def tried_unrecognised(case: Case) -> list[Tried]:
    """Try every campaign for what nobody recognised, in the owner's order."""
    return [
        _conditioned(campaign, case, None, None, None)
        if any(fits(step, case.event) for step in campaign.definition.steps)
        else Tried(campaign, _considered(campaign, "other_kind"))
        for campaign in case.rules.unrecognised
    ]


def asks_whether_follows(campaign: Campaign, case: Case) -> bool:
    """Whether `campaign` depends on the person's following, which is not known and can be asked."""
    wants = campaign.definition.conditions.follower is not None
    if not wants or not case.event.opens_window or "follower" not in case.may_ask:
        return False
    known_at = case.contact.follows_at
    is_known = case.contact.follows is not None and known_at is not None
    return not (is_known and known_at is not None and case.now - known_at < _FOLLOWING_STAYS_KNOWN)


def _try(entry: Entry, case: Case, found: Mapping[int, Proof | Miss]) -> Tried:
    campaign = entry.campaign
    failed, proof = _set_off(entry, case, found)
    if failed is not None:
        return Tried(campaign, _considered(campaign, failed))
    needs, bound = None, None
    if isinstance(campaign.definition.trigger, CommentTrigger):
        is_next, needs, bound = _next_post(campaign, campaign.definition.trigger, case)
        if not is_next:
            return Tried(campaign, _considered(campaign, "not_next_post"), bound=bound)
    return _conditioned(campaign, case, proof, needs, bound)


def _conditioned(
    campaign: Campaign, case: Case, proof: Proof | None, needs: Asked | None, bound: Bound | None
) -> Tried:
    """Return how the campaign fares with its conditions, its trigger having been met."""
    written = getattr(case.event, "text", None) or ""  # its case and accents tell the language
    failed = conditions.failed(
        campaign, case.event, case.contact, written, case.now, case.rules.settings
    )
    if failed in {None, "follower"} and asks_whether_follows(campaign, case):
        return Tried(campaign, _considered(campaign, None, proof), "follower", bound)
    if failed is not None:
        return Tried(campaign, _considered(campaign, failed, proof), bound=bound)
    return Tried(campaign, _considered(campaign, None, proof), needs, bound)


def _set_off(
    entry: Entry, case: Case, found: Mapping[int, Proof | Miss]
) -> tuple[Failed | None, Proof | None]:
    """Return why the trigger is not met, or the proof that it is."""
    trigger, event = entry.campaign.definition.trigger, case.event
    match trigger, event:
        case PostbackTrigger() | QuickReplyTrigger(), PostbackTapped() | QuickReplyTapped():
            if (trigger.kind == "postback") != isinstance(event, PostbackTapped):
                return "other_kind", None
            return _named(trigger.payloads, event.payload, "other_payload")
        case ReferralTrigger(), _ if (came := _referral(event)) is not None:
            return _named(trigger.refs, came.ref or "", "other_ref")
    failed = _other(entry.campaign, event)
    if failed is not None:
        return failed, None
    if entry.number is None:
        return None, Proof("", "any", 0, len(case.text))
    own = found.get(entry.number, Miss("no_keyword"))
    return (own.why, None) if isinstance(own, Miss) else (None, own)


def _other(campaign: Campaign, event: InboundEvent) -> Failed | None:
    """Return why the campaign is not about this event, or `None`: its keywords decide."""
    match campaign.definition.trigger, event:
        case CommentTrigger() as trigger, CommentWritten():
            if event.parent_id is not None and not trigger.include_replies:
                return "reply"
            return _other_post(trigger.media_ids, event.media_id, event.original_media_id)
        case StoryReplyTrigger() as trigger, StoryReplied():
            return _other_post(trigger.media_ids, event.story_id)
        case (
            (LiveCommentTrigger(), LiveCommentWritten())
            | (StoryMentionTrigger(), StoryMentioned())
            | (MessageTrigger(), MessageReceived() | QuickReplyTapped())
        ):
            return None
        case _:
            return "other_kind"


def _referral(event: InboundEvent) -> Referral | None:
    """Return how the person came, wherever Meta has put it."""
    match event:
        case Referred() | MessageReceived() | PostbackTapped():
            return event.referral
        case _:
            return None


def _named(
    wanted: tuple[str, ...] | None, given: str, otherwise: Failed
) -> tuple[Failed | None, Proof | None]:
    if wanted is None:
        return None, Proof("", "any", 0, 0)
    return (None, Proof(given, "exact", 0, 0)) if given in wanted else (otherwise, None)


def _other_post(named: tuple[MediaId, ...] | None, *posts: MediaId | None) -> Failed | None:
    return None if named is None or any(post in named for post in posts) else "other_post"


def _next_post(
    campaign: Campaign, trigger: CommentTrigger, case: Case
) -> tuple[bool, Asked | None, Bound | None]:
    """Return whether the comment may be under the campaign's post, what to ask, and the find."""
    post = conditions.post_of(case.event)
    if not trigger.next_post:
        return True, None, None
    if post is None or campaign.published_at is None:
        return False, None, None
    if campaign.next_media_id is not None:
        return post == campaign.next_media_id, None, None
    if post not in case.rules.posts:
        return "posts" in case.may_ask, "posts", None
    since = campaign.published_at.replace(microsecond=0)  # Meta tells whole seconds
    later = {media_id: at for media_id, at in case.rules.posts.items() if at >= since}
    first = min(later, key=lambda media_id: (later[media_id], media_id), default=None)
    return post == first, None, None if first is None else Bound(campaign.id, first)


def _try_intent(
    campaign: Campaign, case: Case, intent: str | None, *, unsure: bool = False
) -> Tried:
    trigger = campaign.definition.trigger
    if not isinstance(trigger, IntentTrigger) or trigger.intent != intent:
        return Tried(campaign, _considered(campaign, "intent"))
    if not unsure and not any(fits(step, case.event) for step in campaign.definition.steps):
        return Tried(campaign, _considered(campaign, "other_kind"))
    return _conditioned(campaign, case, None, None, None)


def _considered(
    campaign: Campaign, failed: Failed | None, proof: Proof | None = None
) -> Considered:
    return Considered(campaign.id, campaign.version, failed, proof)


def _precedence(one: Tried) -> tuple[bool, int, int, int, int]:
    """Return the place in the order of campaigns; the greatest wins. Ids differ, so it is total."""
    trigger, proof = one.campaign.definition.trigger, one.considered.proof
    names_a_post = getattr(trigger, "media_ids", None) is not None
    return (
        names_a_post or bool(getattr(trigger, "next_post", False)),
        EXACTNESS[proof.how] if proof else 0,
        proof.length if proof else 0,
        -one.campaign.rank,
        -one.campaign.id.int,
    )
