"""What is said, as the call that says it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from pydantic import ValidationError

from switchboard.contracts import AccountId, CommentId, DeliveryId
from switchboard.db.deliveries import Claimed
from switchboard.graph import Message, NotSendable, message, private_reply
from switchboard.rules.saying import SaidButton, SaidLink, Saying
from switchboard.rules.variables import PUBLIC, render, values_of, variables

_NAMES: Final = frozenset({"first_name", "name"})


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


Composed: TypeAlias = Public | Private


def compose(delivery: Claimed, tracking: Tracking | None) -> Composed:
    """
    Return what `delivery` says, to its person by name where it says so.

    Raises:
        NotSendable: Its content is none we know, or none that Meta would take.
    """
    stored = _stored(delivery)
    match delivery:
        case Claimed(kind="public_reply", comment_id=str(comment_id)):
            return Public(comment_id, _public_text(delivery, stored))
        case Claimed(kind="private_reply", comment_id=str(comment_id)):
            return Private(private_reply(comment_id, _said(delivery, stored, tracking)))
        case Claimed(kind="message", person_id=str(person_id)):
            return Private(message(person_id, _said(delivery, stored, tracking)))
        case _:
            raise NotSendable(f"a {delivery.kind} cannot have this addressee and content")


def lacks_name(delivery: Claimed) -> bool:
    """
    Whether `delivery` calls its person by a name we do not know, and may ask Meta for it.

    Only for a message: who gets one has written or tapped, which is the consent Meta wants.
    """
    text = delivery.content.get("text")
    asks = delivery.kind == "message" and not (delivery.name or "").strip()
    return asks and isinstance(text, str) and any(v.name in _NAMES for v in variables(text))


def _public_text(delivery: Claimed, stored: Saying) -> str:
    """Return what stands under a comment, for all to see: so nothing told in private is in it."""
    if stored.text is None or stored.buttons or stored.quick_replies or stored.media:
        raise NotSendable("a public reply is a text and nothing else")
    known = values_of(delivery, stored.values)
    return render(stored.text, {name: known.get(name) for name in PUBLIC})


def _said(delivery: Claimed, stored: Saying, tracking: Tracking | None) -> Saying:
    """Return `stored` with its variables replaced and its links leading through us."""
    text = None if stored.text is None else render(stored.text, values_of(delivery, stored.values))
    buttons = tuple(_button(delivery, button, tracking) for button in stored.buttons)
    return stored.model_copy(update={"text": text, "buttons": buttons})


def _button(delivery: Claimed, button: SaidButton, tracking: Tracking | None) -> SaidButton:
    if tracking is None or not isinstance(button, SaidLink):
        return button
    return button.model_copy(update={"url": tracking.url(delivery, button.url)})


def _stored(delivery: Claimed) -> Saying:
    try:
        return Saying.model_validate(delivery.content)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        what = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults[:3])
        raise NotSendable(f"content: {what}") from None
