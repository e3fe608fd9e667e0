"""
What can happen on Instagram, one class for each kind of event.

An event is what a webhook said, tidied: ids as text, times aware and in UTC, Meta's several
spellings of one thing folded into one. `identity` names the happening itself, whoever reports it
and however often; two events with one identity are the same event.

The identities follow what Meta keeps unique: a comment by its id; a message by its `mid`, which
its echo, deletion, edits, reactions and read receipts share and so must not collide with it; a tap
by its `mid` where there is one, else by who, when and what.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter

from switchboard.contracts import ids
from switchboard.contracts.base import Contract
from switchboard.contracts.ids import (
    AccountId,
    CampaignId,
    CommentId,
    DeliveryId,
    EventId,
    MediaId,
    MessageId,
    PersonId,
    TraceId,
)


class Event(Contract):
    """
    What all events share.

    `occurred_at` is Meta's own time for it where the webhook gives one, else `received_at`, when
    our ingress took it. `standby` marks a conversation that another app controls: it is recorded
    and never answered.
    """

    account_id: AccountId
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    trace_id: TraceId
    standby: bool = False

    @abstractmethod
    def identity(self) -> str:
        """Return the name of the happening, the same in every report of it."""

    @property
    def event_id(self) -> EventId:
        """The id of the happening: a UUID made of its identity."""
        return ids.event_id(self.identity())

    @property
    def began_at(self) -> datetime:
        """
        The moment every window counts from.

        The earlier of Meta's clock and ours: a window may be thought to close too soon, never
        too late.
        """
        return min(self.occurred_at, self.received_at)

    @property
    def person(self) -> PersonId | None:
        """The person on the other side, if there is one."""
        return None

    @property
    def opens_window(self) -> bool:
        """Whether it lets the account write to the person: only a message or a tap does."""
        return False


class Comment(Event):
    """
    What a comment under a post and one during a broadcast share.

    `own` is the account itself commenting, which must never be answered. `text` is absent for a
    comment that is only a picture. For an ad, `media_id` is the ad's and `original_media_id` the
    post behind it. `told_by` is set where it was no webhook that told of it: it was read at Meta.
    """

    comment_id: CommentId
    author_id: PersonId
    author_username: str | None = None
    own: bool = False
    text: str | None = None
    media_id: MediaId | None = None
    media_product_type: str | None = None
    original_media_id: MediaId | None = None
    ad_id: str | None = None
    ad_title: str | None = None
    parent_id: CommentId | None = None
    told_by: Literal["backfill"] | None = None

    def identity(self) -> str:
        """Return the comment's name: Meta repeats a comment, above all under ads."""
        return f"c:{self.account_id}:{self.comment_id}"

    @property
    def person(self) -> PersonId | None:
        """The author, unless it is the account itself."""
        return None if self.own else self.author_id


class CommentWritten(Comment):
    """Someone commented under one of the account's posts, reels, stories or ads."""

    kind: Literal["comment.v1"] = "comment.v1"


class LiveCommentWritten(Comment):
    """Someone commented during a broadcast; only a private reply, and only while it is live."""

    kind: Literal["live_comment.v1"] = "live_comment.v1"


class Mentioned(Event):
    """Someone named the account in a caption, or in comment `comment_id`. No text, no author."""

    kind: Literal["mention.v1"] = "mention.v1"
    media_id: MediaId
    comment_id: CommentId | None = None

    def identity(self) -> str:
        """Return the mention's name: the place where the account was named."""
        return f"mn:{self.account_id}:{self.media_id}:{self.comment_id or ''}"


class Attachment(Contract):
    """Something sent with a message. The URL is Meta's and dies; the media is never stored."""

    type: str
    url: str | None = None
    media_id: MediaId | None = None
    title: str | None = None


class Referral(Contract):
    """How a person came to the conversation: an `ig.me` link's `ref`, or an ad."""

    ref: str | None = None
    source: str | None = None
    type: str | None = None
    ad_id: str | None = None
    ad_title: str | None = None


class PersonEvent(Event):
    """Something done in the conversation, by the person or, as with a deletion, by the account."""

    sender_id: PersonId

    @property
    def person(self) -> PersonId | None:
        """The one who did it, unless it is the account itself."""
        return None if str(self.sender_id) == self.account_id else self.sender_id


class InboundMessage(PersonEvent):
    """
    What every message from a person has in common.

    `self_message` is the account's owner trying it out on themselves. `unsupported` is content
    Meta does not show to apps: no text, nothing to match.
    """

    message_id: MessageId
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: MessageId | None = None
    referral: Referral | None = None
    unsupported: bool = False
    self_message: bool = False

    def identity(self) -> str:
        """Return the message's name: its `mid`."""
        return f"m:{self.account_id}:{self.message_id}"

    @property
    def opens_window(self) -> bool:
        """Whether it lets the account write to the person: every message does."""
        return True


class MessageReceived(InboundMessage):
    """Someone wrote a direct message."""

    kind: Literal["message.v1"] = "message.v1"


class StoryReplied(InboundMessage):
    """Someone answered one of the account's stories. A quick emoji reaction arrives so, too."""

    kind: Literal["story_reply.v1"] = "story_reply.v1"
    story_id: MediaId | None = None
    story_url: str | None = None
    link_sticker_url: str | None = None


class StoryMentioned(InboundMessage):
    """Someone tagged the account in their story; the URL dies with the story."""

    kind: Literal["story_mention.v1"] = "story_mention.v1"
    story_url: str | None = None


class QuickReplyTapped(InboundMessage):
    """Someone tapped one of the chips under a message of ours."""

    kind: Literal["quick_reply.v1"] = "quick_reply.v1"
    payload: str


class PostbackTapped(PersonEvent):
    """Someone tapped a button, an ice breaker or the persistent menu."""

    kind: Literal["postback.v1"] = "postback.v1"
    message_id: MessageId | None = None
    title: str | None = None
    payload: str
    referral: Referral | None = None
    self_message: bool = False

    @property
    def opens_window(self) -> bool:
        """Whether it lets the account write to the person: a tap does."""
        return True

    def identity(self) -> str:
        """Return the tap's name: its `mid`, or who, when and what (ice breakers bring none)."""
        if self.message_id is not None:
            return f"p:{self.account_id}:{self.message_id}"
        digest = hashlib.sha256(self.payload.encode()).hexdigest()[:16]
        return f"p:{self.account_id}:{self.sender_id}:{_millis(self.occurred_at)}:{digest}"


class Referred(PersonEvent):
    """Someone reopened the conversation through an `ig.me` link or an ad."""

    kind: Literal["referral.v1"] = "referral.v1"
    referral: Referral

    def identity(self) -> str:
        """Return the visit's name: who, when, by which link."""
        when, ref = _millis(self.occurred_at), self.referral.ref or ""
        return f"f:{self.account_id}:{self.sender_id}:{when}:{ref}"


class Reacted(PersonEvent):
    """Someone put an emoji on a message, or took it away."""

    kind: Literal["reaction.v1"] = "reaction.v1"
    message_id: MessageId
    action: str
    reaction: str | None = None
    emoji: str | None = None

    def identity(self) -> str:
        """Return the reaction's name; the same emoji can be put, taken away and put again."""
        when, emoji = _millis(self.occurred_at), self.emoji or ""
        return (
            f"r:{self.account_id}:{self.message_id}:{self.sender_id}:{self.action}:{emoji}:{when}"
        )


class MessageSeen(PersonEvent):
    """Someone read a message of ours. It opens no window."""

    kind: Literal["seen.v1"] = "seen.v1"
    message_id: MessageId

    def identity(self) -> str:
        """Return the receipt's name: who read what."""
        return f"s:{self.account_id}:{self.sender_id}:{self.message_id}"


class MessageEdited(PersonEvent):
    """Someone changed what they had written. It starts nothing by itself."""

    kind: Literal["edited.v1"] = "edited.v1"
    message_id: MessageId
    text: str | None = None
    num_edit: str

    def identity(self) -> str:
        """Return the edit's name: which message, which time."""
        return f"ed:{self.account_id}:{self.message_id}:{self.num_edit}"


class MessageDeleted(PersonEvent):
    """Someone took a message back: neither a duplicate of it nor a new one; its text is erased."""

    kind: Literal["deleted.v1"] = "deleted.v1"
    message_id: MessageId

    def identity(self) -> str:
        """Return the deletion's name."""
        return f"d:{self.account_id}:{self.message_id}"


class Echoed(Event):
    """
    The account wrote to a person, through us, through another tool, or by hand.

    Meta does not promise echoes, so nothing may depend on one. `app_id` and `metadata` are
    Messenger's and rarely there.
    """

    kind: Literal["echo.v1"] = "echo.v1"
    recipient_id: PersonId
    message_id: MessageId
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    self_message: bool = False
    app_id: str | None = None
    metadata: str | None = None

    def identity(self) -> str:
        """Return the echo's name, apart from the message it echoes."""
        return f"e:{self.account_id}:{self.message_id}"

    @property
    def person(self) -> PersonId | None:
        """The one who was written to."""
        return self.recipient_id


class ThreadControlChanged(PersonEvent):
    """Another app, or a person in Meta's inbox, took, gave or asked for the conversation."""

    kind: Literal["thread_control.v1"] = "thread_control.v1"
    action: Literal["pass", "take", "request", "roles"]
    previous_owner_app_id: str | None = None
    new_owner_app_id: str | None = None
    metadata: str | None = None

    def identity(self) -> str:
        """Return the change's name: who, when, what."""
        return f"t:{self.account_id}:{self.sender_id}:{_millis(self.occurred_at)}:{self.action}"


class OptedIn(PersonEvent):
    """Someone agreed to notifications. Undocumented for Instagram, so kept as it came."""

    kind: Literal["optin.v1"] = "optin.v1"
    type: str | None = None
    payload: str | None = None
    raw: str

    def identity(self) -> str:
        """Return the agreement's name: who, when, which."""
        when = _millis(self.occurred_at)
        return f"o:{self.account_id}:{self.sender_id}:{when}:{self.type or ''}:{self.payload or ''}"


class LinkClicked(Event):
    """Someone opened a tracked link. `click_id` is drawn per click: two clicks are two events."""

    kind: Literal["link_clicked.v1"] = "link_clicked.v1"
    click_id: UUID
    delivery_id: UUID
    url: str

    def identity(self) -> str:
        """Return the click's name."""
        return f"l:{self.account_id}:{self.click_id}"


class FlowDue(Event):
    """
    A wait in a campaign's flow is over, or nobody tapped in time: our own event, not Meta's.

    The sender publishes it when the timer `delivery_id` goes off; `step` is the position of the
    step that waits. It opens no window.
    """

    kind: Literal["flow_due.v1"] = "flow_due.v1"
    person_id: PersonId
    delivery_id: DeliveryId
    campaign_id: CampaignId
    campaign_version: int
    step: int = Field(ge=0)

    def identity(self) -> str:
        """Return the timer's name: it goes off once."""
        return f"w:{self.account_id}:{self.delivery_id}"

    @property
    def person(self) -> PersonId | None:
        """The one whose flow goes on."""
        return self.person_id


class EventNotUnderstood(Event):
    """A field or a kind we do not know yet. `what` names it, `raw` is its JSON as Meta sent it."""

    kind: Literal["not_understood.v1"] = "not_understood.v1"
    what: str
    raw: str

    def identity(self) -> str:
        """Return its name: what it says, since nothing in it is known to be unique."""
        return f"u:{self.account_id}:{_digest(self.raw)}"


class WebhookUnreadable(Event):
    """
    A body with a good signature that we could not read, or a part of one too large for one message.

    `body_base64` is the `part`-th of `parts` pieces (from 1); `digest` is the SHA-256 of the whole.
    `account_id` is empty where no account could be read.
    """

    kind: Literal["unreadable.v1"] = "unreadable.v1"
    because: str
    digest: str
    part: int = Field(ge=1)
    parts: int = Field(ge=1)
    body_base64: str

    def identity(self) -> str:
        """Return its name: the bytes it is made of."""
        return f"x:{self.digest}:{self.part}"


EventKind = Literal[
    "comment.v1",
    "live_comment.v1",
    "mention.v1",
    "message.v1",
    "story_reply.v1",
    "story_mention.v1",
    "quick_reply.v1",
    "postback.v1",
    "referral.v1",
    "reaction.v1",
    "seen.v1",
    "edited.v1",
    "deleted.v1",
    "echo.v1",
    "thread_control.v1",
    "optin.v1",
    "link_clicked.v1",
    "flow_due.v1",
    "not_understood.v1",
    "unreadable.v1",
]
InboundEvent = Annotated[
    CommentWritten
    | LiveCommentWritten
    | Mentioned
    | MessageReceived
    | StoryReplied
    | StoryMentioned
    | QuickReplyTapped
    | PostbackTapped
    | Referred
    | Reacted
    | MessageSeen
    | MessageEdited
    | MessageDeleted
    | Echoed
    | ThreadControlChanged
    | OptedIn
    | LinkClicked
    | FlowDue
    | EventNotUnderstood
    | WebhookUnreadable,
    Field(discriminator="kind"),
]
INBOUND_EVENT: TypeAdapter[InboundEvent] = TypeAdapter(InboundEvent)


def _millis(moment: AwareDatetime) -> int:
    """Return `moment` in milliseconds since the epoch: the finest unit Meta uses."""
    return round(moment.timestamp() * 1000)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
