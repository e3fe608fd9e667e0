"""A person of whom everything is known."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from switchboard.contracts import AccountId, CampaignId, DeliveryId, EventId, MediaId, PersonId
from switchboard.rules.contact import AnsweredBefore, Contact, Flow
from switchboard.state import Remembered, keys
from switchboard.state.client import Redis

ACCOUNT, PERSON = AccountId("17841400000000001"), PersonId("1234567890123456")
_STANDING = "since then nobody"
_NOON = datetime(2026, 11, 2, 12, 0, 0, 123456, tzinfo=UTC)
_CAMPAIGN, _EVENT = CampaignId(UUID(int=1)), EventId(UUID(int=2))

KNOWN = Contact(
    revision=12,
    paused_until=_NOON,
    paused_by=_EVENT,
    opted_out_at=_NOON,
    tags=("buyer", "größe m"),
    follows=False,
    follows_at=_NOON,
    email="ada@example.org",
    phone="+49 30 1234567",
    fields={"size": "M", "wish": "„rot“ 🔴"},
    flows=(
        Flow(
            campaign_id=_CAMPAIGN,
            version=3,
            step=2,
            awaits="tap",
            since=_NOON,
            event_id=_EVENT,
            timer=DeliveryId(UUID(int=3)),
            tries=1,
        ),
    ),
    answered=(
        AnsweredBefore(
            campaign_id=_CAMPAIGN, media_id=MediaId("18000000000000001"), at=_NOON, event_id=_EVENT
        ),
    ),
    window_closes_at=_NOON,
)


def remembered(contact: Contact, *, instead_of: int | None = None) -> Remembered:
    """Return what Redis is told of PERSON by who has seen `standing`."""
    return Remembered(
        account_id=ACCOUNT,
        person_id=PERSON,
        contact=contact,
        instead_of=instead_of,
        erasings=_STANDING,
    )


async def standing(redis: Redis, account_id: AccountId = ACCOUNT) -> str:
    """Let erasings of an account stand as they are seen to; return how."""
    await redis.set(keys.erasings(account_id), _STANDING)
    return _STANDING
