"""
What a campaign does, step by step.

Steps follow each other. A message with a button or chip that leads further waits there for the
tap; so does a question for its answer, a gate for its tap, a wait for its time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, model_validator

from switchboard.rules.campaigns.base import Duration, Rule, StepId, TagName
from switchboard.rules.campaigns.content import (
    MAX_TEMPLATE_CHARACTERS,
    MAX_URL_CHARACTERS,
    Content,
    Text,
    Title,
)
from switchboard.rules.variables import KNOWN, longest

Variants = Annotated[tuple[Content, ...], Field(min_length=1, max_length=50)]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


def _fits_above_a_button(text: str) -> str:
    characters, _ = longest(text)
    if characters > MAX_TEMPLATE_CHARACTERS:
        msg = f"{characters} characters; above a button Meta takes {MAX_TEMPLATE_CHARACTERS}"
        raise ValueError(msg)
    return text


class AnyStep(Rule):
    """What all steps share: a name that buttons can lead to."""

    id: StepId | None = None


class PublicReply(AnyStep):
    """A reply under the comment for all to see; one of `variants`, chosen by hash."""

    kind: Literal["public_reply"] = "public_reply"
    variants: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50)]


class PrivateReply(AnyStep):
    """The one private message Meta allows in answer to a comment."""

    kind: Literal["private_reply"] = "private_reply"
    variants: Variants


class Message(AnyStep):
    """A direct message to a person whose window is open."""

    kind: Literal["message"] = "message"
    variants: Variants


class Ask(AnyStep):
    """
    Ask for something and keep the answer with the contact.

    `variants` ask; where this is the first private step after a comment they are its private
    reply. An answer that is no e-mail address, no phone number, or longer than `max_characters` is
    asked for again with one of `retry`, until `attempts` answers were read; then `otherwise`
    applies. `field` names where a text is kept, and the variable it is known by.
    """

    kind: Literal["ask"] = "ask"
    what: Literal["email", "phone", "text"]
    field: FieldName | None = None
    variants: Variants
    retry: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50)]
    attempts: int = Field(3, ge=1, le=10)
    otherwise: Literal["stop", "continue"] = "stop"
    max_characters: int = Field(200, ge=1, le=1000)

    @model_validator(mode="after")
    def _knows_where_to_keep_it(self) -> Self:
        if (self.what == "text") != (self.field is not None):
            raise ValueError("field: needed for a text, and for nothing else")
        if self.field in KNOWN:
            raise ValueError(f"field: {self.field} is known by itself; choose another name")
        if any(content.waits or content.media for content in self.variants):
            raise ValueError("variants: a question has text, and no buttons that lead further")
        return self


class FollowGate(AnyStep):
    """
    Go on only with people who follow the account.

    Whether they do is asked of Meta when the gate is reached, which takes a tap or a message of
    theirs before. Who does not gets one of `variants` with a button, and each tap on it asks
    again. `when_unknown` says what happens when Meta does not tell.
    """

    kind: Literal["follow_gate"] = "follow_gate"
    variants: Annotated[
        tuple[Annotated[Text, AfterValidator(_fits_above_a_button)], ...],
        Field(min_length=1, max_length=50),
    ]
    button_title: Title
    when_unknown: Literal["pass", "ask", "stop"]


class Wait(AnyStep):
    """Go on after `duration`, with what is known of the person then."""

    kind: Literal["wait"] = "wait"
    duration: Duration


class FollowUp(AnyStep):
    """
    One more message if nobody has tapped (or opened the link) `after` that time.

    Stands right behind the message it follows up, or behind another follow-up.
    """

    kind: Literal["follow_up"] = "follow_up"
    after: Duration
    variants: Variants


class Tag(AnyStep):
    """Put tags on the contact, or take them off."""

    kind: Literal["tag"] = "tag"
    add: tuple[TagName, ...] = ()
    remove: tuple[TagName, ...] = ()

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.add and not self.remove:
            raise ValueError("add, remove: one of them must name a tag")
        return self


class Handover(AnyStep):
    """Leave the conversation to a person: the automation is silent for `pause`, and flows end."""

    kind: Literal["handover"] = "handover"
    pause: Duration = timedelta(hours=24)


class Webhook(AnyStep):
    """Tell `url` what happened, signed as Standard Webhooks has it."""

    kind: Literal["webhook"] = "webhook"
    url: Annotated[HttpUrl, Field(max_length=MAX_URL_CHARACTERS)]


Step = Annotated[
    PublicReply
    | PrivateReply
    | Message
    | Ask
    | FollowGate
    | Wait
    | FollowUp
    | Tag
    | Handover
    | Webhook,
    Field(discriminator="kind"),
]
