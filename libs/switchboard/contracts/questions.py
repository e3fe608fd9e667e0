"""What the router asks when no keyword decided, and what comes back."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from switchboard.contracts.base import Contract
from switchboard.contracts.events import InboundEvent
from switchboard.contracts.ids import AccountId, TraceId


class IntentOption(Contract):
    """One thing a person may want, as the account's owner described it."""

    name: str = Field(min_length=1, max_length=64)
    description: str = ""
    examples: tuple[str, ...] = ()


class Question(Contract):
    """
    Which of `intents`, if any, does `text` express?

    The whole event travels with it: the answer brings it back, so the router keeps nothing in
    mind between the two. After `answer_by` nobody waits any more and the answer is to abstain.
    `intents_version` names the set of intents as it was when asked.
    """

    kind: Literal["question.v1"] = "question.v1"
    event: InboundEvent
    text: str
    intents: tuple[IntentOption, ...] = Field(min_length=1)
    intents_version: int
    asked_at: AwareDatetime
    answer_by: AwareDatetime

    @property
    def account_id(self) -> AccountId:
        """The account that was written to."""
        return self.event.account_id

    @property
    def trace_id(self) -> TraceId:
        """The trace of the webhook that brought the event."""
        return self.event.trace_id


class Answer(Contract):
    """
    The intent recognised, or `None`: the classifier abstained, for the reason in `because`.

    `by` is who answered. The answer is stored with the decision, so that replaying it later needs
    no model.
    """

    kind: Literal["answer.v1"] = "answer.v1"
    event: InboundEvent
    intent: str | None = None
    because: Literal[
        "recognised", "none_fits", "unsure", "too_late", "unavailable", "timed_out", "nonsense"
    ]
    by: Literal["model", "examples", "cache", "nobody"]
    confidence: float | None = Field(default=None, ge=0, le=1)
    model: str | None = None
    intents_version: int
    answered_at: AwareDatetime

    @property
    def account_id(self) -> AccountId:
        """The account that was written to."""
        return self.event.account_id

    @property
    def trace_id(self) -> TraceId:
        """The trace of the webhook that brought the event."""
        return self.event.trace_id


QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
