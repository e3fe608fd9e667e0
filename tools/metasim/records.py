"""What the small Meta remembers: accounts, people, media, comments, messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Via = Literal["api", "hand", "app"]  # the account by API, the account by hand, the person


def words_of(message: Json) -> str | None:
    """Return the words of a message in Meta's form, or those of its button template."""
    payload = (message.get("attachment") or {}).get("payload") or {}
    text = message.get("text") or payload.get("text")
    return str(text) if text is not None else None


@dataclass(slots=True)
class Account:
    """A professional account. `id` is the one in webhooks, `app_scoped_id` the one of `/me`."""

    id: str
    app_scoped_id: str
    username: str
    self_igsid: str
    subscribed_fields: set[str] = field(default_factory=set)
    messenger_profile: Json = field(default_factory=dict)
    may_send_many_images: bool = True  # several in one message


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, of one account, for some permissions, for some time."""

    value: str
    account_id: str
    issued_at_s: float
    expires_at_s: float
    scopes: frozenset[str]
    is_long_lived: bool


@dataclass(frozen=True, slots=True)
class LoginCode:
    """What the consent page hands to the app, to be exchanged once for a token."""

    value: str
    account_id: str
    redirect_uri: str
    scopes: frozenset[str]
    expires_at_s: float


@dataclass(slots=True)
class Person:
    """Somebody with an Instagram account of their own, known by username everywhere."""

    username: str
    name: str | None = None
    follows: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Media:
    """A post, reel, story, ad or broadcast of an account."""

    id: str
    account_id: str
    created_at_s: float
    caption: str = ""
    product_type: str = "FEED"
    original_media_id: str | None = None
    ad_id: str | None = None
    ad_title: str | None = None
    is_live: bool = False


@dataclass(slots=True)
class Attachment:
    """Media an account has uploaded, to be sent by id. `uses` is how often it was."""

    id: str
    account_id: str
    kind: str
    url: str
    uses: int = 0


@dataclass(slots=True)
class Reply:
    """What the account answered to a comment, in private or in public."""

    id: str
    message: Json
    created_at_s: float
    latency_ms: float | None


@dataclass(slots=True)
class Comment:
    """
    A comment under a media of the account.

    `author_id` is the person's IGSID, or the account's id when the account wrote it. The replies
    are those the API was asked to give to this very comment, wherever Meta then attached them.
    """

    id: str
    account_id: str
    media_id: str
    author_id: str
    username: str
    text: str | None
    created_at_s: float
    parent_id: str | None = None
    is_own: bool = False
    is_live: bool = False
    is_hidden: bool = False
    is_deleted: bool = False
    private_replies: list[Reply] = field(default_factory=list)
    public_replies: list[Reply] = field(default_factory=list)
    children: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """One message of a conversation. `message` is Meta's form of it, as sent or received."""

    mid: str
    account_id: str
    igsid: str
    message: Json
    created_at_s: float
    via: Via
    latency_ms: float | None = None
    comment_id: str | None = None  # set: a private reply to this comment
    num_edit: int = 0
    is_deleted: bool = False
    reaction: Json | None = None  # the account's own, given by API

    @property
    def is_from_account(self) -> bool:
        """Whether the account wrote it, by API or by hand."""
        return self.via != "app"

    @property
    def text(self) -> str | None:
        """The words, or those of a button template."""
        return words_of(self.message)


@dataclass(slots=True)
class Contact:
    """
    A person as one account knows them, and their one conversation.

    `window_opened_at_s` is when the person last wrote or tapped; `has_consented` is whether they
    ever did, which is what Meta asks before it shows their profile.
    """

    account_id: str
    username: str
    igsid: str
    conversation_id: str
    messages: list[Message] = field(default_factory=list)
    window_opened_at_s: float | None = None
    has_consented: bool = False
