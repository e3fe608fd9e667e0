"""
What happened, in the words of Meta's webhook pages.

A comment is one `changes[]` value; everything in a conversation is one `messaging[]` item, from
`sender` to `recipient`, in milliseconds. Each builder returns the `Event` the envelope takes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from tools.metasim.ledger import Trigger
from tools.metasim.records import Account, Comment, Contact, Json, Media, Message
from tools.metasim.webhooks.options import WebhookOptions


@dataclass(frozen=True, slots=True)
class Event:
    """One update for one account. `field` is what an app subscribes to."""

    account_id: str
    field: str
    value: Json
    is_messaging: bool
    options: WebhookOptions = dataclasses.field(default_factory=WebhookOptions)
    trigger: Trigger | None = None


def comment_event(comment: Comment, media: Media, author: Json) -> Event:
    """Return the event of a comment; `author` is its `from`."""
    told = {
        "id": comment.id,
        "from": author,
        "text": comment.text,
        "media": _present(
            id=media.id,
            media_product_type="LIVE" if comment.is_live else media.product_type,
            ad_id=media.ad_id,
            ad_title=media.ad_title,
            original_media_id=media.original_media_id,
        ),
        "parent_id": comment.parent_id,
    }
    name = "live_comments" if comment.is_live else "comments"
    return Event(comment.account_id, name, _present(**told), is_messaging=False)


def person_as_author(contact: Contact) -> Json:
    """Return the `from` of a person's comment."""
    return {"id": contact.igsid, "username": contact.username}


def account_as_author(account: Account) -> Json:
    """Return the `from` of an account's comment on its own media."""
    return {
        "id": account.id,
        "username": account.username,
        "self_ig_scoped_id": account.self_igsid,
    }


def mention_event(account_id: str, media_id: str, comment_id: str | None) -> Event:
    """Return the event of a mention in a comment, or without one in a caption: ids, no words."""
    told = _present(media_id=media_id, comment_id=comment_id)
    return Event(account_id, "mentions", told, is_messaging=False)


def message_event(message: Message) -> Event:
    """Return the event of a person's message."""
    told = {"mid": message.mid, **message.message}
    return _from_person(message, "messages", message.created_at_s, message=told)


def echo_event(message: Message) -> Event:
    """Return the echo of what the account sent, by API or by hand."""
    told = {"mid": message.mid, **message.message, "is_echo": True}
    return _messaging(
        message.account_id,
        "messages",
        message.created_at_s,
        sender=message.account_id,
        recipient=message.igsid,
        message=told,
    )


def postback_event(contact: Contact, at_s: float, postback: Json) -> Event:
    """Return the event of a tap on a button."""
    return _from_person(contact, "messaging_postbacks", at_s, postback=postback)


def reaction_event(contact: Contact, at_s: float, reaction: Json) -> Event:
    """Return the event of a reaction, or of one taken back."""
    return _from_person(contact, "message_reactions", at_s, reaction=reaction)


def seen_event(contact: Contact, at_s: float, mid: str) -> Event:
    """Return the event of a message being seen."""
    return _from_person(contact, "messaging_seen", at_s, read={"mid": mid})


def edit_event(message: Message, at_s: float) -> Event:
    """Return the event of a message being rewritten."""
    edit = {"mid": message.mid, "text": message.text, "num_edit": message.num_edit}
    return _from_person(message, "message_edit", at_s, message_edit=edit)


def deletion_event(message: Message, at_s: float) -> Event:
    """Return the event of a message being unsent."""
    told = {"mid": message.mid, "is_deleted": True}
    return _from_person(message, "messages", at_s, message=told)


def referral_event(contact: Contact, at_s: float, referral: Json) -> Event:
    """Return the event of a conversation being entered through a link or an ad."""
    return _from_person(contact, "messaging_referral", at_s, referral=referral)


def handover_event(contact: Contact, at_s: float, action: str, told: Json) -> Event:
    """Return the event of a thread changing hands; `action` is its key in Meta's words."""
    return _from_person(contact, "messaging_handover", at_s, **{action: told})


def conversation_event(contact: Contact, name: str, at_s: float, told: Json) -> Event:
    """Return an event of a conversation that is of no kind known here."""
    return _from_person(contact, name, at_s, **told)


def _from_person(who: Contact | Message, name: str, at_s: float, **told: Any) -> Event:
    return _messaging(who.account_id, name, at_s, who.igsid, who.account_id, **told)


def _messaging(
    account_id: str, name: str, at_s: float, sender: str, recipient: str, **told: Any
) -> Event:
    value = {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": round(at_s * 1000),
        **told,
    }
    return Event(account_id, name, value, is_messaging=True)


def _present(**told: Any) -> Json:
    return {key: value for key, value in told.items() if value is not None}
