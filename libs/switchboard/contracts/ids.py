"""The names of things. Meta's are text; ours are UUIDs, derived so that the same thing has one."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NewType
from uuid import UUID, uuid5

# Meta's
AccountId = NewType("AccountId", str)  # the professional account: `entry[].id`, `user_id` of /me
PersonId = NewType("PersonId", str)  # Instagram-scoped: the same person has another id elsewhere
CommentId = NewType("CommentId", str)
MediaId = NewType("MediaId", str)
MessageId = NewType("MessageId", str)  # `mid`, opaque, 150 characters and more
AttachmentId = NewType("AttachmentId", str)  # a file that was uploaded for one account

# Ours
EventId = NewType("EventId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
CampaignId = NewType("CampaignId", UUID)
WorkspaceId = NewType("WorkspaceId", UUID)
TraceId = NewType("TraceId", str)  # 32 hex digits, from the webhook to the Graph call

# The root of every derived id. It was drawn once and must never change: another root would give
# an event that Meta repeats another id, and a person a second reply.
NAMESPACE: Final = UUID("8b0f6f0e-64a1-4e0c-9d35-3a6c1b6f2c57")


def event_id(identity: str) -> EventId:
    """Return the id of the event with this identity (see `Event.identity`)."""
    return EventId(_derived(identity))


def delivery_id(event: EventId, campaign: CampaignId, step: str) -> DeliveryId:
    """Return the id of what `campaign`'s `step` sends because of `event`."""
    return DeliveryId(_delivery(event, campaign, step))


# An event is asked for its id ten times on its way through a router, a delivery three times, and a
# SHA-1 in Python, or an id as text, costs more than most of what is asked in between. Enough for
# what one has in hand: 100 messages of each of two queues, each with its event and a few
# deliveries. Both are full after some hundred events, and then have 0.3 MiB each.
@lru_cache(maxsize=1024)
def _derived(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


@lru_cache(maxsize=1024)
def _delivery(event: UUID, campaign: UUID, step: str) -> UUID:
    return uuid5(NAMESPACE, f"{event}:{campaign}:{step}")
