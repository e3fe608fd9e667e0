"""What was decided about an event, and why: enough to explain it to its owner years later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal

from pydantic_core import to_json

from switchboard.contracts.ids import CampaignId, CommentId, DeliveryId, MediaId, PersonId
from switchboard.rules.contact import STRANGER, Contact, Origin
from switchboard.rules.proof import Proof

# matched: a campaign answers.       asked: the classifier was asked; its answer decides.
# no_match: nothing applied.         ignored: not for answering, whatever the campaigns say.
Outcome = Literal["matched", "asked", "no_match", "ignored"]

# What a decision goes by. The first group are reasons to answer, the second reasons not to.
Because = Literal[
    "keyword",
    "any_text",
    "payload",
    "referral",
    "intent",
    "intent_guessed",
    "unrecognised",
    "tap",
    "answer_given",
    "time",
    # nothing matched
    "no_keyword_matched",
    "no_intent_recognised",
    "no_text",
    "nothing_matched",
    "flow_over",
    # asked: what is asked of whom
    "asks_classifier",
    "asks_follower",
    "asks_posts",
    # not for answering
    "own_comment",
    "echo",
    "taken_over",
    "self_message",
    "standby",
    "paused",
    "opted_out",
    "opted_in",
    "kind_is_not_answered",
    "clicked",
    "not_understood",
    "unreadable",
    "account_unknown",
    "account_disconnected",
    "erased",
]

Failed = Literal[
    "other_kind",
    "other_post",
    "not_next_post",
    "reply",
    "no_keyword",
    "excluded",
    "other_payload",
    "other_ref",
    "intent",
    "once",
    "follower",
    "tags",
    "hours",
    "opens_too_late",
    "language",
    "outranked",
]

# Why the steps of a campaign ended before the last one, where they did.
Stopped = Literal[
    "waits_for_tap",
    "waits_for_answer",
    "waits_for_time",
    "gate_closed",
    "no_window",
    "too_late",
    "follow_up_too_late",
    "answer_missing",
    "handed_over",
    "does_not_fit",
]

DeliveryKind = Literal["public_reply", "private_reply", "message", "webhook", "lookup", "timer"]


@dataclass(frozen=True, slots=True)
class Considered:
    """One campaign that was looked at: the condition that failed, or the proof that none did."""

    campaign_id: CampaignId
    version: int
    failed: Failed | None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """
    Something to be done once, later or at once: a row for `deliveries`.

    `content` is, by `kind`: a `Saying` for a reply or message; `{"url": ..., "body": {...}}` for a
    webhook; `{"about": "follower" | "posts", "event": {...}}` for a lookup; empty for a timer,
    which goes off at `not_before`. `deadline` is the last moment Meta allows it, before any margin.
    `after` is the delivery that must have been sent before this one may be. `lane` is `live` for
    an answer to a broadcast's comment, whose limits are others.
    """

    id: DeliveryId
    campaign_id: CampaignId
    campaign_version: int
    step: str
    kind: DeliveryKind
    person_id: PersonId | None
    comment_id: CommentId | None
    content: Mapping[str, Any]
    not_before: datetime
    deadline: datetime
    after: DeliveryId | None = None
    lane: Literal["usual", "live"] = "usual"


@dataclass(frozen=True, slots=True)
class Answered:
    """The classifier's part in a decision, kept so that replaying it needs no model."""

    intent: str | None
    because: str
    by: str
    model: str | None
    confidence: float | None
    intents_version: int
    prompt: int | None = None
    guess: str | None = None
    kind: Literal["intent"] = "intent"


@dataclass(frozen=True, slots=True)
class FollowerAnswered:
    """What Meta said of the person's following."""

    follows: bool | None
    because: str
    answered_at: datetime
    campaign_id: CampaignId | None = None
    kind: Literal["follower"] = "follower"


@dataclass(frozen=True, slots=True)
class PostsAnswered:
    """The posts that Meta listed."""

    posts: tuple[tuple[MediaId, datetime], ...]
    because: str
    kind: Literal["posts"] = "posts"


@dataclass(frozen=True, slots=True)
class OriginAnswered:
    """Whose an echo or a click is, by our own deliveries."""

    origin: Origin
    kind: Literal["origin"] = "origin"


Known = Answered | FollowerAnswered | PostsAnswered | OriginAnswered


@dataclass(frozen=True, slots=True)
class Bound:
    """A campaign for the next post has found it."""

    campaign_id: CampaignId
    media_id: MediaId


@dataclass(frozen=True, slots=True)
class Decision:
    """
    The outcome for one event.

    `normalised` is the text the keywords were compared with; it is stored, because proofs count
    its characters. `rules_version` names the rules as they were (`rule_books`); with `decided_at`,
    `contact` (as it was before) and `answer` beside the stored event, that is all that was decided
    by.
    `earlier` is what the classifier had said before Meta was asked, `answer` the last answer.
    `after` is the contact as it must be from now on, if that is another. `stopped` is why the
    winner's steps ended where they did; `step` is where they began.
    """

    outcome: Outcome
    because: Because
    decided_at: datetime
    rules_version: int | None = None
    normalised: str | None = None
    campaign_id: CampaignId | None = None
    campaign_version: int | None = None
    step: int | None = None
    considered: tuple[Considered, ...] = ()
    contact: Contact = STRANGER
    answer: Known | None = None
    earlier: Answered | None = None
    stopped: Stopped | None = None
    drafts: tuple[Draft, ...] = ()
    after: Contact | None = None
    bound: tuple[Bound, ...] = ()

    def explanation(self) -> str:
        """Return the decision as JSON, the same bytes each time, without what it sends."""
        told = {
            "outcome": self.outcome,
            "because": self.because,
            "decided_at": self.decided_at,
            "rules_version": self.rules_version,
            "normalised": self.normalised,
            "campaign_id": self.campaign_id,
            "campaign_version": self.campaign_version,
            "step": self.step,
            "considered": self.considered,
            "contact": _told(self.contact),
            "answer": _said(self.answer),
            "earlier": _said(self.earlier),
            "stopped": self.stopped,
            "changes": None if self.after is None else _told(self.after),
            "bound": self.bound,
            "deliveries": [draft.id for draft in self.drafts],
        }
        return to_json(told).decode()


def _said(answer: Known | None) -> Known | Mapping[str, Any] | None:
    """Return what was answered; what earlier releases did not know is left out where it is none."""
    if not isinstance(answer, Answered):
        return answer
    said = {one.name: getattr(answer, one.name) for one in fields(answer)}
    return {name: value for name, value in said.items() if value is not None or name not in _NEWER}


_NEWER = frozenset({"prompt", "guess"})


def _told(contact: Contact) -> Mapping[str, Any]:
    """Return what is known of `contact`, without what is not."""
    return {
        name: value
        for name, unknown in _UNKNOWN.items()
        if (value := getattr(contact, name)) != unknown
    }


_UNKNOWN: Final = {one.name: getattr(STRANGER, one.name) for one in fields(STRANGER)}
