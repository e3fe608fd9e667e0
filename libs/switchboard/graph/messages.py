"""What we say, as Meta wants it written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from switchboard.contracts import CommentId, PersonId
from switchboard.errors import Refused
from switchboard.rules.campaigns import (
    MAX_BUTTON_TITLE_CHARACTERS,
    MAX_TEMPLATE_CHARACTERS,
    MAX_TEXT_BYTES,
)


class NotSendable(Refused):
    """Something Meta would refuse, found before it cost a call (or a comment's only reply)."""

    reason: ClassVar[str] = "not_sendable"


@dataclass(frozen=True, slots=True)
class Link:
    """A button that opens a page."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """The body of a call to `/messages`."""

    body: Mapping[str, Any]


def message(person_id: PersonId, text: str, link: Link | None = None) -> Message:
    """
    Return a message to a person whose window is open.

    Raises:
        NotSendable: Meta takes no such text or link.
    """
    return Message({"recipient": {"id": person_id}, "message": _content(text, link)})


def private_reply(comment_id: CommentId, text: str, link: Link | None = None) -> Message:
    """
    Return the one private message in answer to a comment.

    Raises:
        NotSendable: Meta takes no such text or link.
    """
    return Message({"recipient": {"comment_id": comment_id}, "message": _content(text, link)})


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


def _content(text: str, link: Link | None) -> dict[str, Any]:
    require_text(text)
    return {"text": text} if link is None else {"attachment": _button_template(text, link)}


def _button_template(text: str, link: Link) -> dict[str, Any]:
    """
    Return text with a button under it.

    Not a quick reply, which people do not see in the folder where strangers' messages land.
    """
    _require_characters("the text above a button", text, MAX_TEMPLATE_CHARACTERS)
    _require_characters("a button's title", link.title, MAX_BUTTON_TITLE_CHARACTERS)
    parts = urlsplit(link.url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise NotSendable("a button's link must be an http or https URL")
    button = {"type": "web_url", "title": link.title, "url": link.url}
    payload = {"template_type": "button", "text": text, "buttons": [button]}
    return {"type": "template", "payload": payload}


def _require_characters(what: str, text: str, most: int) -> None:
    if not 0 < len(text) <= most:
        raise NotSendable(f"{what} has {len(text)} characters; Meta takes 1 to {most}")
