"""What is said, as the call that says it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pydantic import ValidationError

from switchboard.contracts import AccountId, CommentId, DeliveryId
from switchboard.db.deliveries import Claimed
from switchboard.graph import Link, Message, NotSendable, message, private_reply
from switchboard.rules.campaigns import Content, LinkButton


class Codes(Protocol):
    """Short, signed names for links."""

    def code(self, delivery_id: DeliveryId, account_id: AccountId, url: str) -> str:
        """Return the code that leads to `url`; `ValueError` if it is no address of a page."""
        ...


@dataclass(frozen=True, slots=True)
class Tracking:
    """Links that lead through us, so that clicks are seen."""

    codes: Codes
    public_url: str

    def url(self, delivery: Claimed, url: str) -> str:
        """
        Return the address that counts the click and then opens `url`.

        Raises:
            NotSendable: `url` is no address of a page, or too long to be one.
        """
        try:
            code = self.codes.code(delivery.id, delivery.instagram_id, url)
        except ValueError:
            raise NotSendable("a button's link cannot be tracked") from None
        return f"{self.public_url}/l/{code}"


@dataclass(frozen=True, slots=True)
class Public:
    """A reply under a comment."""

    comment_id: CommentId
    text: str


@dataclass(frozen=True, slots=True)
class Private:
    """A message, or a private reply."""

    message: Message


Saying: TypeAlias = Public | Private


def compose(delivery: Claimed, tracking: Tracking | None) -> Saying:
    """
    Return what `delivery` says.

    Raises:
        NotSendable: Its content is none we know, or none that Meta would take.
    """
    content = _content(delivery)
    link = None if content.button is None else _link(delivery, content.button, tracking)
    match delivery:
        case Claimed(kind="public_reply", comment_id=str(comment_id)) if link is None:
            return Public(comment_id, content.text)
        case Claimed(kind="private_reply", comment_id=str(comment_id)):
            return Private(private_reply(comment_id, content.text, link))
        case Claimed(kind="message", person_id=str(person_id)):
            return Private(message(person_id, content.text, link))
        case _:
            raise NotSendable(f"a {delivery.kind} cannot have this addressee and content")


def _content(delivery: Claimed) -> Content:
    try:
        return Content.model_validate(delivery.content)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        what = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults[:3])
        raise NotSendable(f"content: {what}") from None


def _link(delivery: Claimed, button: LinkButton, tracking: Tracking | None) -> Link:
    url = str(button.url)
    return Link(button.title, url if tracking is None else tracking.url(delivery, url))
