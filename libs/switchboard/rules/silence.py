"""
When nothing is said, whatever the campaigns say: to ourselves, to tests, to those who asked not to
be written to, and where a person has the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from switchboard.contracts import (
    Echoed,
    EventNotUnderstood,
    FlowDue,
    InboundEvent,
    MessageReceived,
    PostbackTapped,
    QuickReplyTapped,
    WebhookUnreadable,
)
from switchboard.contracts.events import Comment, InboundMessage
from switchboard.rules.accents import bare
from switchboard.rules.consent import opts_in, opts_out
from switchboard.rules.contact import Contact, Origin
from switchboard.rules.decision import Because
from switchboard.rules.flow import without_flow
from switchboard.rules.rulebook import AccountSettings


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nothing is said, and the contact as it is from now on."""

    because: Because
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """An event with what may forbid an answer to it. `text` is normalised."""

    event: InboundEvent
    text: str
    contact: Contact
    settings: AccountSettings
    now: datetime
    origin: Origin | None


def silence(heard: Hearing) -> Silence | None:
    """
    Return why nothing is said about the event, if so.

    A word that ends or resumes automatic messages counts even while a person has the conversation.
    """
    never = next((because for applies, because in _never(heard.event) if applies), None)
    if never is not None:
        return Silence(never, heard.contact)
    if isinstance(heard.event, Echoed):
        return _echoed(heard, heard.event)
    consent = _consent(heard)
    if consent is not None:
        return consent
    if heard.contact.opted_out_at is not None:
        return _meanwhile(heard, "opted_out")
    pauses = (heard.contact.paused_until, heard.settings.paused_until)
    if any(until is not None and heard.now < until for until in pauses):
        return _meanwhile(heard, "paused")
    return None


def _never(event: InboundEvent) -> Iterator[tuple[bool, Because]]:
    yield isinstance(event, WebhookUnreadable), "unreadable"
    yield isinstance(event, EventNotUnderstood), "not_understood"
    yield isinstance(event, Comment) and event.own, "own_comment"
    yield isinstance(event, InboundMessage | PostbackTapped) and event.self_message, "self_message"
    yield event.standby, "standby"


def _echoed(heard: Hearing, event: Echoed) -> Silence:
    """
    Return what a message of the account's own means: nothing, if we sent it.

    Else somebody typed it, and the automation leaves the conversation to them for a while.
    """
    contact = heard.contact
    if heard.origin is None or heard.origin.ours or event.self_message:
        return Silence("echo", contact)
    until = event.began_at + heard.settings.takeover
    known = contact.paused_until
    if until <= heard.now or (known is not None and known >= until):
        return Silence("taken_over", contact)
    taken = replace(contact, paused_until=until, paused_by=event.event_id, flows=())
    return Silence("taken_over", taken)


def _consent(heard: Hearing) -> Silence | None:
    """
    Return what a word that ends or resumes automatic messages does.

    One that resumes them counts only if it was written later than the one that ended them.
    """
    if not isinstance(heard.event, MessageReceived | QuickReplyTapped):
        return None
    contact, plain = heard.contact, bare(heard.text).text
    out_at, began_at = contact.opted_out_at, heard.event.began_at
    if opts_out(plain):
        latest = began_at if out_at is None else max(out_at, began_at)
        return Silence("opted_out", replace(contact, opted_out_at=latest, flows=()))
    if out_at is not None and opts_in(plain) and began_at > out_at:
        return Silence("opted_in", replace(contact, opted_out_at=None))
    return None


def _meanwhile(heard: Hearing, because: Because) -> Silence:
    """Return the silence; a flow whose timer went off during it is over."""
    if isinstance(heard.event, FlowDue):
        return Silence(because, without_flow(heard.contact, heard.event.campaign_id))
    return Silence(because, heard.contact)
