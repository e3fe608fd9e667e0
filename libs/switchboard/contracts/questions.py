"""What the router asks when no keyword decided, and what comes back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from switchboard.contracts.base import Contract
from switchboard.contracts.events import InboundEvent
from switchboard.contracts.ids import AccountId, CampaignId, MediaId, TraceId


class IntentOption(Contract):
    """One thing a person may want, as the account's owner described it."""

    name: str = Field(min_length=1, max_length=64)
    description: str = ""
    examples: tuple[str, ...] = ()


class Calibration(Contract):
    """
    What an account's labelled history says of the classifier's confidence.

    `slope` and `shift` change its log odds (1 and 0: it is right as it is), learnt from `labels`
    texts with the vectors called `measure`; of others they say nothing. `model_agrees` and
    `model_differs` are how often the chat model was right, where it chose what the examples had
    put first and where it chose something else.
    """

    measure: str = ""
    slope: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    shift: float = Field(default=0.0, allow_inf_nan=False)
    labels: int = Field(default=0, ge=0)
    model_agrees: float = Field(default=0.9, ge=0, le=1)
    model_differs: float = Field(default=0.65, ge=0, le=1)


class AboutEvent(Contract):
    """A message that carries the event it is about, so that nobody keeps it in mind meanwhile."""

    event: InboundEvent

    @property
    def account_id(self) -> AccountId:
        """The account that was written to."""
        return self.event.account_id

    @property
    def trace_id(self) -> TraceId:
        """The trace of the webhook that brought the event."""
        return self.event.trace_id


class Question(AboutEvent):
    """
    Which of `intents`, if any, does `text` express?

    The whole event travels with it: the answer brings it back, so the router keeps nothing in
    mind between the two. After `answer_by` nobody waits any more and the answer is to abstain.
    `intents_version` names the set of intents as it was when asked. An answer less sure than
    `threshold` is none; without one, the classifier's own holds.
    """

    kind: Literal["question.v1"] = "question.v1"
    text: str
    intents: tuple[IntentOption, ...] = Field(min_length=1)
    intents_version: int
    asked_at: AwareDatetime
    answer_by: AwareDatetime
    threshold: float | None = Field(default=None, ge=0, le=1)
    calibration: Calibration | None = None


class Answer(AboutEvent):
    """
    The intent recognised, or `None`: the classifier abstained, for the reason in `because`.

    `by` is who answered, `model` their name, and `prompt` the version of what a chat model was
    told. `guess` is the intent it would have been, where nobody was sure enough. The answer is
    stored with the decision, so that replaying it later needs no model.
    """

    kind: Literal["answer.v1"] = "answer.v1"
    intent: str | None = None
    because: Literal[
        "recognised", "none_fits", "unsure", "too_late", "unavailable", "timed_out", "nonsense"
    ]
    by: Literal["model", "examples", "cache", "nobody"]
    confidence: float | None = Field(default=None, ge=0, le=1)
    model: str | None = None
    prompt: int | None = None
    guess: str | None = None
    intents_version: int
    answered_at: AwareDatetime


class FollowerRead(AboutEvent):
    """
    What Meta says of the person behind `event`: whether they follow the account.

    `follows` is `None` where it could not be learnt, for the reason in `because`. `earlier` is what
    the classifier had answered about the event before, if it was asked; `campaign_id` is the
    campaign for whose sake Meta was.
    """

    kind: Literal["follower_read.v1"] = "follower_read.v1"
    follows: bool | None = None
    earlier: Answer | None = None
    campaign_id: CampaignId | None = None
    because: Literal["read", "not_told", "no_consent", "refused", "too_late"]
    answered_at: AwareDatetime


class PublishedPost(Contract):
    """A post of the account's, and when it was published."""

    media_id: MediaId
    posted_at: AwareDatetime


class PostsRead(AboutEvent):
    """The account's latest posts, newest first, read because of `event`; none if `refused`."""

    kind: Literal["posts_read.v1"] = "posts_read.v1"
    posts: tuple[PublishedPost, ...] = ()
    because: Literal["read", "refused", "too_late"]
    answered_at: AwareDatetime


AnyAnswer = Annotated[Answer | FollowerRead | PostsRead, Field(discriminator="kind")]
QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
ANSWER: TypeAdapter[AnyAnswer] = TypeAdapter(AnyAnswer)
