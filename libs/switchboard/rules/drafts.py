"""What a step becomes for one event: rows for `deliveries`, with Meta's deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from switchboard.contracts import (
    CommentId,
    DeliveryId,
    InboundEvent,
    LiveCommentWritten,
    PersonId,
)
from switchboard.contracts.events import Comment
from switchboard.contracts.ids import delivery_id
from switchboard.rules.campaigns import Campaign, Content
from switchboard.rules.campaigns.content import Button
from switchboard.rules.contact import Contact
from switchboard.rules.decision import DeliveryKind, Draft
from switchboard.rules.delays import AT_ONCE, Delay
from switchboard.rules.payloads import ToCampaign, ToStep
from switchboard.rules.saying import SaidButton, SaidChip, SaidLink, SaidPostback, Saying
from switchboard.rules.variables import variables

# Meta, "Private replies": within 7 days of the comment. A public reply has no deadline of Meta's;
# one that comes later than the private one could is of no use to anybody.
COMMENT_DEADLINE: Final = timedelta(days=7)
# Meta, "Private replies": only during the broadcast; Instagram ends one after 4 hours.
LIVE_DEADLINE: Final = timedelta(hours=4)
# Meta, "Messaging API": 24 hours from each of the person's messages or taps.
WINDOW: Final = timedelta(hours=24)
# What is due so shortly before a deadline may be sent after it.
MARGIN: Final = timedelta(minutes=5)
# Ours: a receiver that is down for longer has been told of other things meanwhile.
_WEBHOOK_DEADLINE: Final = timedelta(hours=24)
# Ours: a timer that could not go off for a week has nobody waiting for it.
_TIMER_DEADLINE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """
    Makes the drafts of one campaign for one event.

    `base` is the moment from which they may be sent, and `delay` by how much later what is said to
    somebody goes; `values` are the variables that deciding knows. `within` stands before the names
    of steps that are not the campaign's usual ones.
    """

    campaign: Campaign
    event: InboundEvent
    person_id: PersonId | None
    contact: Contact
    base: datetime
    delay: Delay = AT_ONCE
    values: Mapping[str, str] = field(default_factory=dict)
    within: str = ""

    def id(self, name: str) -> DeliveryId:
        """Return the id of what this event makes of the step called `name`."""
        return delivery_id(self.event.event_id, self.campaign.id, self.within + name)

    def reply(self, name: str, kind: Literal["public_reply", "private_reply"], says: Says) -> Draft:
        """Return an answer to the comment; in a broadcast, which may end, there is no delay."""
        live, deadline = isinstance(self.event, LiveCommentWritten), comment_deadline(self.event)
        return self._draft(
            name,
            kind,
            self._saying(says),
            deadline=deadline,
            not_before=self.base if live else self._delayed(name, deadline),
            lane="live" if live else "usual",
        )

    def message(self, name: str, says: Says, *, after: DeliveryId | None) -> Draft:
        """Return a message within the window; there must be one."""
        window = self.window()
        if window is None:
            raise AssertionError("a message is drafted only where a window is open")
        return self._draft(
            name,
            "message",
            self._saying(says),
            deadline=window,
            not_before=self._delayed(name, window),
            after=after,
        )

    def timer(self, position: int, due: datetime) -> Draft:
        """Return what goes off when it is `due`, for the step at `position`."""
        name = f"{position}.timer"
        return self._draft(name, "timer", {}, deadline=due + _TIMER_DEADLINE, not_before=due)

    def webhook(self, name: str, url: str, body: Mapping[str, Any]) -> Draft:
        """Return a call to the owner's own server."""
        content = {"url": url, "body": body}
        return self._draft(name, "webhook", content, deadline=self.base + _WEBHOOK_DEADLINE)

    def lookup(self, about: Literal["follower", "posts"], earlier: Any = None) -> Draft:
        """Return a question to Meta; `earlier` is an answer that deciding had already."""
        event = self.event.model_dump(mode="json", exclude_none=True)
        content = {"about": about, "event": event, "campaign_id": str(self.campaign.id)}
        if earlier is not None:
            content["earlier"] = earlier
        deadline = self.window() if about == "follower" else comment_deadline(self.event)
        return self._draft(
            f"lookup.{about}", "lookup", content, deadline=deadline or self.base + WINDOW
        )

    def window(self) -> datetime | None:
        """Return until when the person may be written to, if a window is or was open."""
        return window_until(self.event, self.contact)

    def _delayed(self, name: str, deadline: datetime) -> datetime:
        return self.delay.after(self.base, self.id(name), deadline=deadline)

    def _saying(self, says: Says) -> Mapping[str, Any]:
        return says.stored(self.campaign, self.values)

    def _draft(
        self,
        name: str,
        kind: DeliveryKind,
        content: Mapping[str, Any],
        *,
        deadline: datetime,
        not_before: datetime | None = None,
        after: DeliveryId | None = None,
        lane: Literal["usual", "live"] = "usual",
    ) -> Draft:
        return Draft(
            id=self.id(name),
            campaign_id=self.campaign.id,
            campaign_version=self.campaign.version,
            step=self.within + name,
            kind=kind,
            person_id=self.person_id,
            comment_id=_comment(self.event) if kind != "message" else None,
            content=content,
            not_before=not_before or self.base,
            deadline=deadline,
            after=after,
            lane=lane,
        )


@dataclass(frozen=True, slots=True)
class Says:
    """What is to be said: a content, with what is added under it."""

    content: Content
    buttons: tuple[SaidButton, ...] = ()
    chips: tuple[SaidChip, ...] = ()

    def stored(self, campaign: Campaign, values: Mapping[str, str]) -> Mapping[str, Any]:
        """Return it as a `Saying`, as JSON without what says nothing."""
        asked_for = {variable.name for variable in variables(self.content.text or "")}
        saying = Saying(
            text=self.content.text,
            buttons=(*(_said(one, campaign) for one in self.content.buttons), *self.buttons),
            quick_replies=(
                *(_chip(one, campaign) for one in self.content.quick_replies),
                *self.chips,
            ),
            media=self.content.media,
            values={name: values[name] for name in sorted(asked_for & values.keys())},
        )
        dumped = saying.model_dump(mode="json", exclude_none=True)
        return {name: value for name, value in dumped.items() if value not in ([], {})}


def window_until(event: InboundEvent, contact: Contact) -> datetime | None:
    """Return until when `event` and what came before let the account write to the person."""
    opened = event.began_at + WINDOW if event.opens_window else None
    return max((one for one in (opened, contact.window_closes_at) if one), default=None)


def comment_deadline(event: InboundEvent) -> datetime:
    """Return the last moment at which Meta allows a private reply to the comment."""
    live = isinstance(event, LiveCommentWritten)
    return event.began_at + (LIVE_DEADLINE if live else COMMENT_DEADLINE)


def _said(button: Button, campaign: Campaign) -> SaidButton:
    if button.kind == "link":
        return SaidLink(title=button.title, url=str(button.url))
    return SaidPostback(title=button.title, payload=_payload(button, campaign))


def _chip(button: Button, campaign: Campaign) -> SaidChip:
    return SaidChip(title=button.title, payload=_payload(button, campaign))


def _payload(button: Button, campaign: Campaign) -> str:
    match button.kind:
        case "step":
            place = campaign.definition.places[button.step]
            return str(ToStep(campaign.id, campaign.version, place))
        case "campaign":
            return str(ToCampaign(button.campaign))
        case _:
            raise AssertionError("a link has no payload")


def _comment(event: InboundEvent) -> CommentId | None:
    return event.comment_id if isinstance(event, Comment) else None
