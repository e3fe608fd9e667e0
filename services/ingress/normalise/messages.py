"""What is written in a conversation, by the person or, as an echo, by the account."""

from __future__ import annotations

from typing import Any

from services.ingress.normalise.attachments import attachments
from services.ingress.normalise.origin import Origin
from services.ingress.normalise.parties import by_account, recipient, referral, sender, to_self
from services.ingress.reading import (
    Json,
    flag,
    id_in,
    inner,
    object_in,
    required_id,
    text_in,
    trimming,
)
from switchboard.contracts import (
    Echoed,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessageId,
    MessageReceived,
    QuickReplyTapped,
    StoryMentioned,
    StoryReplied,
)


def message(item: Json, origin: Origin) -> InboundEvent:
    """
    Return what a `message` is.

    A deletion comes before all else: it has the `mid` of what it deletes, echo or not. An echo
    comes before what it looks like: our own reply to a story is no story reply.
    """
    told = object_in(item, "message")
    if flag(told, "is_deleted"):
        return MessageDeleted(
            **origin.shared(item), sender_id=sender(item), message_id=_message_id(told)
        )
    if flag(told, "is_echo") or by_account(item, origin):
        return _echo(item, told, origin)
    return _inbound(item, told, origin)


def edit(item: Json, origin: Origin) -> MessageEdited:
    """Return the edit of a message; its number is how edits are told apart."""
    told = object_in(item, "message_edit")
    return MessageEdited(
        **origin.shared(item),
        sender_id=sender(item),
        message_id=_message_id(told),
        text=text_in(told, "text"),
        num_edit=required_id(told, "num_edit"),
    )


def _echo(item: Json, told: Json, origin: Origin) -> Echoed:
    return Echoed(
        **origin.shared(item),
        recipient_id=recipient(item),
        message_id=_message_id(told),
        text=text_in(told, "text"),
        attachments=attachments(told),
        self_message=to_self(item, told),
        app_id=id_in(told, "app_id"),
        metadata=trimming(told, "metadata"),
    )


def _inbound(item: Json, told: Json, origin: Origin) -> InboundEvent:
    """Return the message as the kind that says most: a tap, a story's, or simply a message."""
    common = _common(item, told, origin)
    payload = text_in(inner(told, "quick_reply"), "payload")
    if payload is not None:
        return QuickReplyTapped(**common, payload=payload)
    story = inner(inner(told, "reply_to"), "story")
    if story:
        return StoryReplied(
            **common,
            story_id=id_in(story, "id"),
            story_url=trimming(story, "url"),
            link_sticker_url=trimming(story, "link_sticker_url"),
        )
    mentions = [one for one in common["attachments"] if one.type == "story_mention"]
    if mentions:
        return StoryMentioned(**common, story_url=mentions[0].url)
    return MessageReceived(**common)


def _common(item: Json, told: Json, origin: Origin) -> dict[str, Any]:
    return {
        **origin.shared(item),
        "sender_id": sender(item),
        "message_id": _message_id(told),
        "text": text_in(told, "text"),
        "attachments": attachments(told),
        "reply_to": id_in(inner(told, "reply_to"), "mid"),
        "referral": referral(told, item),
        "unsupported": flag(told, "is_unsupported"),
        "self_message": to_self(item, told),
    }


def _message_id(told: Json) -> MessageId:
    return MessageId(required_id(told, "mid"))
