"""
What is remembered of a person, as far as deciding depends on it.

A `Contact` is a value: deciding returns another one, and whoever records the decision replaces the
stored one with it only if it is still the one that was decided by (`revision`). So two routers that
decide about one person at once cannot both be right, whatever they had cached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from pydantic import TypeAdapter

from switchboard.contracts.ids import CampaignId, DeliveryId, EventId, MediaId


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """
    Where a person is in a campaign: at the step `step` of `version`, and what it waits for.

    `since` is when the flow came there: what the person wrote before is no answer to it. `timer`
    is the delivery that will go off, for a wait or a follow-up. `tries` counts answers that would
    not do. One person has at most one flow in each campaign.
    """

    campaign_id: CampaignId
    version: int
    step: int
    awaits: Literal["answer", "tap", "time"]
    since: datetime
    event_id: EventId
    timer: DeliveryId | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredBefore:
    """A campaign answered the person because of `event_id`, under the post `media_id` if any."""

    campaign_id: CampaignId
    media_id: MediaId | None
    at: datetime
    event_id: EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """
    A person as one account knows them.

    `revision` counts the changes; 0 is somebody of whom nothing was ever decided. `paused_until`
    is until when a human has the conversation, and `paused_by` the event that began it: what that
    very event sends is not held back by it. `follows` is as Meta said at `follows_at`. `fields` are
    answers to questions, by name. `window_closes_at` is kept apart (`revision` does not count it),
    because every message moves it.
    """

    revision: int = 0
    paused_until: datetime | None = None
    paused_by: EventId | None = None
    opted_out_at: datetime | None = None
    tags: tuple[str, ...] = ()
    follows: bool | None = None
    follows_at: datetime | None = None
    email: str | None = None
    phone: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    flows: tuple[Flow, ...] = ()
    answered: tuple[AnsweredBefore, ...] = ()
    window_closes_at: datetime | None = None


STRANGER: Final = Contact()
CONTACT: Final[TypeAdapter[Contact]] = TypeAdapter(Contact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """
    Whom and what an echo or a click belongs to, looked up among our own deliveries.

    For an echo, `ours` says that the message was one of ours; the rest is what the delivery says.
    A click's delivery that we do not know has no person.
    """

    ours: bool
    person_id: str | None = None
    campaign_id: CampaignId | None = None
    campaign_version: int | None = None
    step: str | None = None
