"""
What people and accounts do, as the control API takes it.

A model per request, strict, so that a typo is told and not lost; `controls` has the rest.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from tools.metasim.ledger import EffectKind, Opting
from tools.metasim.records import Json
from tools.metasim.webhooks.envelope import UPDATES_MAX
from tools.metasim.webhooks.options import WebhookOptions

Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[a-zA-Z0-9._]{1,60}$"),
]
NumericId = Annotated[str, StringConstraints(pattern=r"^\d{1,25}$")]
Text = Annotated[str, StringConstraints(min_length=1)]


class Strict(BaseModel):
    """A request; what it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AccountBody(Strict):
    """An account. Without a token it keeps the one it has, or is given one."""

    username: Username
    token: Text | None = None
    app_scoped_id: NumericId | None = None
    token_issued_at: AwareDatetime | None = None
    token_expires_at: AwareDatetime | None = None
    token_scopes: tuple[Text, ...] | None = None  # None: everything an app asks for
    many_images: bool | None = None  # in one message; None: as before, at first they may be sent


class MediaBody(Strict):
    """A post, reel, story, ad or broadcast."""

    caption: str = ""
    media_product_type: Literal["FEED", "REELS", "STORY", "AD", "LIVE"] = "FEED"
    original_media_id: NumericId | None = None
    ad_id: NumericId | None = None
    ad_title: str | None = None
    is_live: bool = False  # on the air


class PersonBody(Strict):
    """Somebody, and whom they follow."""

    name: str | None = None
    follows: list[NumericId] = Field(default_factory=list)


class CommentExpectation(Strict):
    """How many answers must come of a comment; what is not named is not judged."""

    private_reply: int | None = Field(None, ge=0)
    public_reply: int | None = Field(None, ge=0)

    def counts(self) -> dict[EffectKind, int]:
        """Return what is named, by kind."""
        named: dict[EffectKind, int | None] = {
            "private_reply": self.private_reply,
            "public_reply": self.public_reply,
        }
        return {kind: count for kind, count in named.items() if count is not None}


class MessageExpectation(Strict):
    """
    How many messages must come of something done in a conversation.

    `in_order` says how they must begin, if they must come in an order.
    """

    message: int | None = Field(None, ge=0)
    in_order: list[Text] = Field(default_factory=list)

    def counts(self) -> dict[EffectKind, int]:
        """Return what is named, by kind."""
        return {} if self.message is None else {"message": self.message}


class Happening(Strict):
    """Something that happens to an account, now unless said otherwise."""

    account_id: NumericId
    created_at: AwareDatetime | None = None
    webhook: WebhookOptions = Field(default_factory=WebhookOptions)


class CommentBody(Happening):
    """A person comments."""

    media_id: NumericId
    username: Username
    text: Text | None = None  # None: a GIF or a sticker
    parent_id: NumericId | None = None
    live: bool = False
    comment_id: NumericId | None = None
    as_original_too: bool = False  # an ad's: told once more, as one on the post behind the ad
    expect: CommentExpectation = Field(default_factory=CommentExpectation)


class BurstBody(Happening):
    """
    Many people comment at once, each once: `username` with a number.

    Some `per_post` comments share a webhook. With `webhook.wait` false they are told in the
    background.
    """

    media_id: NumericId
    count: int = Field(ge=1, le=10_000)
    username: Username = "fan"
    text: Text = "LINK"
    live: bool = False
    per_post: int = Field(1, ge=1, le=UPDATES_MAX)
    expect: CommentExpectation = Field(default_factory=CommentExpectation)


class OwnCommentBody(Happening):
    """The account comments on its own media."""

    media_id: NumericId
    text: Text
    parent_id: NumericId | None = None
    expect: CommentExpectation = Field(default_factory=CommentExpectation)


class _InThread(Happening):
    username: Username
    expect: MessageExpectation = Field(default_factory=MessageExpectation)


class _ByPerson(_InThread):
    """With `opts_out` the person asks for no more messages, with `opts_in` for messages again."""

    opts_out: bool = False
    opts_in: bool = False

    @model_validator(mode="after")
    def _wishes_one_thing(self) -> Self:
        if self.opts_out and self.opts_in:
            raise ValueError("opts_out and opts_in exclude each other")
        return self

    @property
    def opts(self) -> Opting | None:
        """What the person wishes, if they say so."""
        if self.opts_out:
            return "out"
        return "in" if self.opts_in else None


class MessageBody(_ByPerson):
    """A person writes: words, an answer to a story, a mention, a tap on a quick reply."""

    text: Text | None = None
    story_id: NumericId | None = None
    story_mention: bool = False
    attachments: list[Json] | None = None
    quick_reply: Text | None = None
    reply_to_mid: Text | None = None
    referral: Json | None = None
    is_unsupported: bool = False
    mid: Text | None = None


class PostbackBody(_ByPerson):
    """A person taps a button. `mid` null: the event carries none."""

    payload: Text
    title: Text
    mid: Text | None = None
    referral: Json | None = None


class ReactionBody(_ByPerson):
    """A person reacts to a message, or takes it back."""

    mid: Text
    action: Literal["react", "unreact"] = "react"
    reaction: Text = "love"
    emoji: Text = "\u2764\ufe0f"


class SeenBody(_ByPerson):
    """A person has seen a message."""

    mid: Text


class ReferralBody(_ByPerson):
    """A person enters the conversation through an `ig.me` link or an ad."""

    ref: Text
    source: Text | None = None
    type: Text = "OPEN_THREAD"
    ad_id: NumericId | None = None


class MentionBody(Happening):
    """
    Somebody mentions the account under or in a post that is not its own.

    With a `comment_id` in a comment, without one in the caption. Meta tells only the ids.
    """

    username: Username
    media_id: NumericId | None = None
    comment_id: NumericId | None = None


class HandoverBody(_InThread):
    """
    A thread changes hands between apps, or an app asks for it.

    The apps are named by id: `previous` had it, `new` has it or, for a request, wants it.
    """

    action: Literal["pass_thread_control", "take_thread_control", "request_thread_control"] = (
        "pass_thread_control"
    )
    new_owner_app_id: NumericId
    previous_owner_app_id: NumericId | None = None
    metadata: str | None = None

    @model_validator(mode="after")
    def _names_the_previous_owner(self) -> Self:
        if self.action != "request_thread_control" and self.previous_owner_app_id is None:
            raise ValueError(f"{self.action} needs a previous_owner_app_id")
        return self

    def told(self) -> Json:
        """Return what Meta tells of it."""
        if self.action == "request_thread_control":
            told: Json = {"requested_owner_app_id": self.new_owner_app_id}
        else:
            told = {
                "previous_owner_app_id": self.previous_owner_app_id,
                "new_owner_app_id": self.new_owner_app_id,
            }
        return told if self.metadata is None else {**told, "metadata": self.metadata}


class EditBody(Strict):
    """A person rewrites a message."""

    mid: Text
    text: Text
    expect: MessageExpectation = Field(default_factory=MessageExpectation)
    webhook: WebhookOptions = Field(default_factory=WebhookOptions)


class DeletionBody(Strict):
    """A person unsends a message."""

    mid: Text
    expect: MessageExpectation = Field(default_factory=MessageExpectation)
    webhook: WebhookOptions = Field(default_factory=WebhookOptions)


class HandTypedBody(Happening):
    """The account's owner writes in the Instagram app."""

    username: Username
    text: Text
