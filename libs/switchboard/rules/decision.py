"""What was decided about an event, and why: enough to explain it to its owner years later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic_core import to_json

from switchboard.contracts import Answer
from switchboard.contracts.ids import CampaignId, CommentId, DeliveryId, PersonId
from switchboard.rules.matching import Proof

# matched: a campaign answers.       asked: the classifier was asked; its answer decides.
# no_match: nothing applied.         ignored: not for answering, whatever the campaigns say.
Outcome = Literal["matched", "asked", "no_match", "ignored"]

Because = Literal[
    "keyword",
    "any_text",
    "intent",
    "no_keyword_matched",
    "no_intent_recognised",
    "no_text",
    "own_comment",
    "echo",
    "self_message",
    "standby",
    "paused",
    "kind_is_not_answered",
    "not_understood",
    "unreadable",
    "account_unknown",
    "account_disconnected",
]

Failed = Literal[
    "other_kind", "other_post", "reply", "no_keyword", "excluded", "outranked", "intent"
]


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
    Something to send: a row for `deliveries`.

    `content` is `{"text": ..., "button": {"title": ..., "url": ...}}`, the button optional.
    `deadline` is the last moment Meta allows it, before any margin.
    """

    id: DeliveryId
    campaign_id: CampaignId
    campaign_version: int
    step: str
    kind: Literal["public_reply", "private_reply", "message"]
    person_id: PersonId | None
    comment_id: CommentId | None
    content: Mapping[str, Any]
    not_before: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The classifier's part in a decision, kept so that replaying it needs no model."""

    intent: str | None
    because: str
    by: str
    model: str | None
    confidence: float | None
    intents_version: int

    @classmethod
    def of(cls, answer: Answer) -> Answered:
        """Return what `answer` said, without the event it brought back."""
        return cls(
            intent=answer.intent,
            because=answer.because,
            by=answer.by,
            model=answer.model,
            confidence=answer.confidence,
            intents_version=answer.intents_version,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """
    The outcome for one event.

    `normalised` is the text the keywords were compared with; it is stored, because proofs count
    its characters. `rules_version` names the rules as they were; with `decided_at`, `paused_until`
    and `answer` beside the stored event, it is all that was decided by.
    """

    outcome: Outcome
    because: Because
    decided_at: datetime
    rules_version: int | None = None
    normalised: str | None = None
    campaign_id: CampaignId | None = None
    considered: tuple[Considered, ...] = ()
    paused_until: datetime | None = None
    answer: Answered | None = None
    drafts: tuple[Draft, ...] = ()

    def explanation(self) -> str:
        """Return the decision as JSON, the same bytes each time, without what it sends."""
        told = {
            "outcome": self.outcome,
            "because": self.because,
            "decided_at": self.decided_at,
            "rules_version": self.rules_version,
            "normalised": self.normalised,
            "campaign_id": self.campaign_id,
            "considered": self.considered,
            "paused_until": self.paused_until,
            "answer": self.answer,
            "deliveries": [draft.id for draft in self.drafts],
        }
        return to_json(told).decode()
