"""
What we say, as Meta wants it written. Pure.

Limits are those of Meta's pages "Messaging API", "Button template" and "Quick replies"; what they
do not name is what integrators keep to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias
from urllib.parse import urlsplit

from switchboard.contracts import AttachmentId, CommentId, PersonId
from switchboard.errors import Refused
from switchboard.rules.campaigns import (
    MAX_BUTTON_TITLE_CHARACTERS,
    MAX_BUTTONS,
    MAX_QUICK_REPLIES,
    MAX_TEMPLATE_CHARACTERS,
    MAX_TEXT_BYTES,
    Media,
    Post,
)
from switchboard.rules.saying import SaidButton, SaidChip, SaidLink, SaidPostback, Saying

# Messenger's figure for what a button carries, which Instagram's pages do not repeat.
_MAX_PAYLOAD_CHARACTERS: Final = 1000
_CONTENT_TYPES: Final = {"text": "text", "email": "user_email", "phone": "user_phone_number"}

Body: TypeAlias = Mapping[str, Any]


class NotSendable(Refused):
    """Something Meta would refuse, found before it cost a call (or a comment's only reply)."""

    reason: ClassVar[str] = "not_sendable"


@dataclass(frozen=True, slots=True)
class Message:
    """The body of a call to `/messages`."""

    body: Body


@dataclass(frozen=True, slots=True)
class File:
    """A file that Meta fetches from `url`."""

    kind: str
    url: str


def message(person_id: PersonId, saying: Saying) -> Message:
    """
    Return `saying`, its variables replaced, to a person whose window is open.

    Raises:
        NotSendable: Meta takes no such message.
    """
    return Message({"recipient": {"id": person_id}, "message": _content(saying)})


def private_reply(comment_id: CommentId, saying: Saying) -> Message:
    """
    Return the one private message in answer to a comment.

    Raises:
        NotSendable: Meta takes no such message; no file or post is taken here at all.
    """
    if saying.media is not None:
        raise NotSendable("a private reply to a comment cannot be a file or a post")
    return Message({"recipient": {"comment_id": comment_id}, "message": _content(saying)})


def file_of(message: Message) -> File | None:
    """Return the file that Meta would have to fetch to send `message`, if there is one."""
    match message.body:
        case {"message": {"attachment": {"type": str(kind), "payload": {"url": str(url)}}}}:
            return File(kind, url)
        case _:
            return None


def attachment_of(message: Message) -> AttachmentId | None:
    """Return the id of the uploaded file that `message` sends, if it does."""
    match message.body:
        case {"message": {"attachment": {"payload": {"attachment_id": str(found)}}}}:
            return AttachmentId(found)
        case _:
            return None


def by_attachment(message: Message, attachment_id: AttachmentId) -> Message:
    """Return `message`, which sends a file, with the uploaded file in its place."""
    file = file_of(message)
    if file is None:
        raise ValueError("a message without a file has none to replace")
    attachment = {"type": file.kind, "payload": {"attachment_id": attachment_id}}
    return Message({**message.body, "message": {"attachment": attachment}})


def upload(file: File) -> Body:
    """
    Return the body of a call to `/message_attachments`.

    Source: Meta, "Attachment Upload API": without `is_reusable` the id is good for nothing.
    """
    payload = {"url": file.url, "is_reusable": True}
    return {"message": {"attachment": {"type": file.kind, "payload": payload}}}


def require_text(text: str) -> None:
    """
    Refuse a text Meta would refuse.

    Raises:
        NotSendable: It is empty or over 1000 bytes of UTF-8.

    Source: Meta, "Messaging API": UTF-8, 1000 bytes.
    """
    if not text.strip():
        raise NotSendable("the text is empty")
    size_bytes = len(text.encode(errors="surrogatepass"))
    if size_bytes > MAX_TEXT_BYTES:
        raise NotSendable(f"the text is {size_bytes} bytes of UTF-8; Meta takes {MAX_TEXT_BYTES}")


def _content(saying: Saying) -> Body:
    """Return the message itself: a file or post alone, or text with one thing under it."""
    under = (saying.buttons, saying.quick_replies)
    match saying:
        case Saying(text=None, media=Media() | Post() as media) if not any(under):
            return {"attachment": _attachment(media)}
        case Saying(text=str(text), media=None) if not all(under):
            require_text(text)
            return _text(text, saying)
        case _:
            raise NotSendable("a message is one file or post, or text with buttons or chips")


def _text(text: str, saying: Saying) -> Body:
    if saying.buttons:
        return {"attachment": _button_template(text, saying.buttons)}
    if saying.quick_replies:
        _require_count("quick replies", saying.quick_replies, MAX_QUICK_REPLIES)
        return {"text": text, "quick_replies": [_chip(chip) for chip in saying.quick_replies]}
    return {"text": text}


def _attachment(media: Media | Post) -> Body:
    """Return a file that Meta fetches, or a post of the account's own."""
    if isinstance(media, Post):
        if not media.media_id.strip():
            raise NotSendable("a shared post needs its id")
        return {"type": "MEDIA_SHARE", "payload": {"id": media.media_id}}
    url = str(media.url)
    _require_page("a file's address", url)
    return {"type": media.kind, "payload": {"url": url}}


def _button_template(text: str, buttons: Sequence[SaidButton]) -> Body:
    """
    Return text with buttons under it.

    Not quick replies, which people do not see in the folder where strangers' messages land.
    """
    _require_characters("the text above a button", text, MAX_TEMPLATE_CHARACTERS)
    _require_count("buttons", buttons, MAX_BUTTONS)
    written = [_button(button) for button in buttons]
    payload = {"template_type": "button", "text": text, "buttons": written}
    return {"type": "template", "payload": payload}


def _button(button: SaidLink | SaidPostback) -> Body:
    _require_title("a button's title", button.title)
    if isinstance(button, SaidLink):
        _require_page("a button's link", button.url)
        return {"type": "web_url", "title": button.title, "url": button.url}
    _require_payload(button.payload)
    return {"type": "postback", "title": button.title, "payload": button.payload}


def _chip(chip: SaidChip) -> Body:
    """Return a quick reply; Instagram itself writes the title of an address or a number."""
    _require_payload(chip.payload)
    if chip.kind == "text":
        _require_title("a quick reply's title", chip.title)
    elif chip.title:
        raise NotSendable(f"a quick reply with the person's {chip.kind} has no title")
    content_type = _CONTENT_TYPES[chip.kind]
    return {"content_type": content_type, "title": chip.title, "payload": chip.payload}


def _require_title(what: str, title: str) -> None:
    """Refuse a title Meta refuses, or cuts off (over 20 characters)."""
    _require_characters(what, title, MAX_BUTTON_TITLE_CHARACTERS)
    if not title.strip():
        raise NotSendable(f"{what} is nothing but white space")


def _require_payload(payload: str) -> None:
    _require_characters("what a button carries", payload, _MAX_PAYLOAD_CHARACTERS)


def _require_page(what: str, url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise NotSendable(f"{what} is no URL") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise NotSendable(f"{what} must be an http or https URL")


def _require_characters(what: str, text: str, most: int) -> None:
    if not 0 < len(text) <= most:
        raise NotSendable(f"{what} has {len(text)} characters; Meta takes 1 to {most}")


def _require_count(what: str, things: Sequence[object], most: int) -> None:
    if len(things) > most:
        raise NotSendable(f"{len(things)} {what}; Meta takes {most}")
