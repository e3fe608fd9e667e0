"""
A campaign: what sets it off, and what it does then.

Published versions are stored as this model's JSON and never change; an owner's edit is a new
version. Limits that Meta would enforce by refusing are enforced here, with the field's path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    TypeAdapter,
    model_validator,
)

from switchboard.contracts.ids import CampaignId, MediaId

# Meta, "Messaging API": text is UTF-8, at most 1000 bytes (not characters).
MAX_TEXT_BYTES = 1000
# Meta, "Button template": text at most 640 characters.
MAX_TEMPLATE_CHARACTERS = 640
# What open implementations keep to; Meta cuts longer titles off.
MAX_BUTTON_TITLE_CHARACTERS = 20


def _fits_in_a_message(text: str) -> str:
    size_bytes = len(text.encode())
    if size_bytes > MAX_TEXT_BYTES:
        msg = f"{size_bytes} bytes of UTF-8; Meta takes {MAX_TEXT_BYTES}"
        raise ValueError(msg)
    return text


Text = Annotated[str, Field(min_length=1), AfterValidator(_fits_in_a_message)]


class Rule(BaseModel):
    """Part of a campaign: frozen, and strict, because an owner's typo must not pass in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# A group is a phrase in no order; an index of slips and one of patterns have their price.
MAX_GROUP_KEYWORDS = 10
MAX_FUZZY_KEYWORDS = 1000
MAX_PATTERNS = 20


class Keywords(Rule):
    """
    Words that set a campaign off, and words that keep it from being set off.

    Any one of `include` is enough, and so is any group of `all_of` of which every keyword is there,
    in any order. `whole_word` finds a keyword between word boundaries, `contains` anywhere,
    `exact` only where it is all there is, `fuzzy` as a whole word with slips of the finger; all are
    compared as `normalise` leaves them: case, width and decoration do not matter, and with
    `fold_accents` neither do accents. With `regex` they are patterns in RE2's syntax, searched in
    the normalised text. `exclude` is whole words always. docs/matching.md has the rules.
    """

    include: tuple[str, ...] = ()
    all_of: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = ()
    exclude: tuple[str, ...] = ()
    how: Literal["whole_word", "contains", "exact", "fuzzy", "regex"] = "whole_word"
    fold_accents: bool = False

    @model_validator(mode="after")
    def _wants_something(self) -> Self:
        if not self.include and not self.all_of:
            msg = "include: at least 1 item is needed here, or a group in all_of"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _is_within_bounds(self) -> Self:
        for position, group in enumerate(self.all_of):
            if len(group) > MAX_GROUP_KEYWORDS:
                msg = f"all_of.{position}: {len(group)} keywords; at most {MAX_GROUP_KEYWORDS}"
                raise ValueError(msg)
        most = {"fuzzy": MAX_FUZZY_KEYWORDS, "regex": MAX_PATTERNS}.get(self.how)
        wanted = len(self.include) + sum(map(len, self.all_of))
        if most is not None and wanted > most:
            msg = f"include, all_of: {wanted} keywords; {self.how} takes at most {most}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _patterns_can_be_searched(self) -> Self:
        if self.how != "regex":
            return self
        # Only where there is a pattern: the sender reads campaigns too, and has no RE2.
        from switchboard.rules.patterns import fault  # noqa: PLC0415

        for path, pattern in self._placed():
            wrong = fault(pattern)
            if wrong is not None:
                raise ValueError(f"{path}: {wrong}")
        return self

    def _placed(self) -> Iterator[tuple[str, str]]:
        """Yield each keyword that can set the campaign off, with its place in this model."""
        for position, keyword in enumerate(self.include):
            yield f"include.{position}", keyword
        for position, group in enumerate(self.all_of):
            for member, keyword in enumerate(group):
                yield f"all_of.{position}.{member}", keyword


class CommentTrigger(Rule):
    """
    A comment: under one of `media_ids`, or under any post. Ads count as the post behind them.

    Answers people give each other under a comment set nothing off unless `include_replies`.
    """

    kind: Literal["comment"] = "comment"
    media_ids: tuple[MediaId, ...] | None = None
    keywords: Keywords
    include_replies: bool = False


class MessageTrigger(Rule):
    """A direct message with a keyword."""

    kind: Literal["message"] = "message"
    keywords: Keywords


class StoryReplyTrigger(Rule):
    """An answer to a story: to one of `media_ids`, or to any; any text, or a keyword."""

    kind: Literal["story_reply"] = "story_reply"
    media_ids: tuple[MediaId, ...] | None = None
    keywords: Keywords | None = None


class IntentTrigger(Rule):
    """A comment or message no keyword matched, in which the classifier recognised `intent`."""

    kind: Literal["intent"] = "intent"
    intent: str = Field(min_length=1, max_length=64)


Trigger = Annotated[
    CommentTrigger | MessageTrigger | StoryReplyTrigger | IntentTrigger,
    Field(discriminator="kind"),
]


class LinkButton(Rule):
    """A button under a message that opens a page."""

    title: str = Field(min_length=1, max_length=MAX_BUTTON_TITLE_CHARACTERS)
    url: HttpUrl


class Content(Rule):
    """What a message says: text, and at most one link under it."""

    text: Text
    button: LinkButton | None = None

    @model_validator(mode="after")
    def _fits_in_a_template(self) -> Self:
        if self.button is not None and len(self.text) > MAX_TEMPLATE_CHARACTERS:
            size = len(self.text)
            msg = f"text: {size} characters; with a button Meta takes {MAX_TEMPLATE_CHARACTERS}"
            raise ValueError(msg)
        return self


class PublicReply(Rule):
    """A reply under the comment for all to see; one of `variants`, chosen by hash."""

    kind: Literal["public_reply"] = "public_reply"
    variants: tuple[Text, ...] = Field(min_length=1)


class PrivateReply(Rule):
    """The one private message Meta allows in answer to a comment."""

    kind: Literal["private_reply"] = "private_reply"
    variants: tuple[Content, ...] = Field(min_length=1)


class Message(Rule):
    """A direct message to a person whose window is open."""

    kind: Literal["message"] = "message"
    variants: tuple[Content, ...] = Field(min_length=1)


Step = Annotated[PublicReply | PrivateReply | Message, Field(discriminator="kind")]


class CampaignDefinition(Rule):
    """
    What an owner writes: a trigger and what follows.

    A comment can be answered in public and with one private reply, a message with messages; an
    intent, which may be found in either, with both.
    """

    trigger: Trigger
    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps_can_follow(self) -> Self:
        private = sum(isinstance(step, PrivateReply) for step in self.steps)
        if private > 1:
            msg = "steps: Meta allows one private reply to a comment, for ever"
            raise ValueError(msg)
        for position, step in enumerate(self.steps):
            if step.kind not in _STEPS_AFTER[self.trigger.kind]:
                msg = f"steps.{position}: a {step.kind} cannot follow a {self.trigger.kind} trigger"
                raise ValueError(msg)
        return self


_STEPS_AFTER = {
    "comment": {"public_reply", "private_reply"},
    "message": {"message"},
    "story_reply": {"message"},
    "intent": {"public_reply", "private_reply", "message"},
}


class Campaign(Rule):
    """A published version, as the router holds it. `rank` is the owner's order, least first."""

    id: CampaignId
    version: int
    rank: int
    definition: CampaignDefinition


CAMPAIGN_DEFINITION: TypeAdapter[CampaignDefinition] = TypeAdapter(CampaignDefinition)
