"""Whole tenants, events and deliveries from only what a test is about."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from switchboard.contracts import (
    AccountId,
    CampaignId,
    CommentId,
    DeliveryId,
    PersonId,
    TraceId,
    WorkspaceId,
)
from switchboard.contracts.ids import delivery_id, event_id
from switchboard.db import connections, holds, ledger, tenancy
from switchboard.db.holds import Held
from switchboard.db.ledger import ContactKept, DeliveryDraft, Recorded
from switchboard.db.pool import Database
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION, CampaignDefinition
from switchboard.rules.contact import Contact

_numbers = itertools.count(1)
SOMEBODY = PersonId("1234567890")


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant with one account and one live campaign."""

    workspace: WorkspaceId
    account: UUID
    instagram_id: AccountId
    username: str
    campaign: CampaignId


def definition(*keywords: str) -> CampaignDefinition:
    """Return a campaign that answers a comment with one private reply."""
    return CAMPAIGN_DEFINITION.validate_python(
        {
            "trigger": {"kind": "comment", "keywords": {"include": keywords or ("link",)}},
            "steps": [{"kind": "private_reply", "variants": [{"text": "Here you are"}]}],
        }
    )


async def open_shop(owner: Database) -> Shop:
    """Set up a tenant."""
    number = next(_numbers)
    shop = Shop(
        WorkspaceId(uuid4()),
        uuid4(),
        AccountId(str(17841400000000000 + number)),
        f"shop_{number}",
        CampaignId(uuid4()),
    )
    await tenancy.create_workspace(owner, shop.workspace, f"shop {number}")
    await tenancy.connect_account(
        owner,
        shop.account,
        workspace=shop.workspace,
        instagram_id=shop.instagram_id,
        username=shop.username,
    )
    await tenancy.publish_campaign(
        owner,
        shop.campaign,
        workspace=shop.workspace,
        account=shop.account,
        name="link",
        rank=1,
        definition=definition(),
    )
    return shop


def now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def draft(shop: Shop, event: UUID, **fields: Any) -> DeliveryDraft:
    """Return a private reply that is ready."""
    step = fields.get("step", "0")
    whole: dict[str, Any] = {
        "id": delivery_id(event, shop.campaign, step),  # type: ignore[arg-type]  # an EventId is a UUID
        "campaign_id": shop.campaign,
        "campaign_version": 1,
        "step": step,
        "kind": "private_reply",
        "person_id": None,
        "comment_id": CommentId(f"c-{event}"),
        "content": json.dumps({"text": "Here you are"}),
        "state": "ready",
        "not_before": now(),
        "deadline": now() + timedelta(days=7),
    }
    return DeliveryDraft(**whole | fields)


def recorded(shop: Shop, identity: str, *, answered: bool = True, **fields: Any) -> Recorded:
    """Return an event of `shop`, which got the shop's private reply if `answered`."""
    event = event_id(identity)
    whole: dict[str, Any] = {
        "event_id": event,
        "workspace_id": shop.workspace,
        "account": shop.account,
        "instagram_id": shop.instagram_id,
        "kind": "comment.v1",
        "identity": identity,
        "person_id": SOMEBODY,
        "occurred_at": now(),
        "received_at": now(),
        "outcome": "matched" if answered else "no_match",
        "campaign_id": shop.campaign if answered else None,
        "decision": "{}",
        "event": "{}",
        "trace_id": TraceId("0" * 32),
        "deliveries": (draft(shop, event),) if answered else (),
    }
    return Recorded(**whole | fields)


def kept(
    shop: Shop, expected: int, after: Contact | None = None, *, person: PersonId = SOMEBODY
) -> ContactKept:
    """Return what was known of a person, and what becomes of it."""
    return ContactKept(
        account=shop.account,
        workspace_id=shop.workspace,
        person_id=person,
        expected=expected,
        after=after,
    )


async def owe(db: Database, shop: Shop, **fields: Any) -> DeliveryId:
    """Record an event and return the delivery it got; `fields` are the delivery's."""
    identity = uuid4().hex
    one = draft(shop, event_id(identity), **fields)
    await ledger.record(db, [recorded(shop, identity, deliveries=(one,))])
    return one.id


async def hold(
    db: Database,
    shop: Shop,
    *,
    by: DeliveryId | None = None,
    reason: str = "policy_block",
    first: timedelta = timedelta(hours=1),
    longest: timedelta = timedelta(hours=8),
) -> Held | None:
    """Let Meta restrict the shop's account because of a delivery; return the hold."""
    return await holds.hold(
        db,
        shop.account,
        by=by or DeliveryId(uuid4()),
        reason=reason,
        first=first,
        longest=longest,
    )


async def lose_token(db: Database, shop: Shop) -> bool:
    """Let Meta refuse the token of the shop's account, which has none stored."""
    return await connections.need_reconnect(db, shop.account, used=None, reason="token_expired")


async def force(owner: Database, delivery: DeliveryId, state: str) -> None:
    """Put a delivery into `state`, whatever it is in, past the trigger that forbids it."""
    async with owner.transaction() as tx:
        await tx.execute("alter table public.deliveries disable trigger watch_delivery")
        await tx.execute(_FORCE, delivery, state)
        await tx.execute("alter table public.deliveries enable trigger watch_delivery")


async def state_of(owner: Database, delivery: DeliveryId) -> str:
    """Return the state a delivery is in."""
    row = await owner.fetchrow("select state from public.deliveries where id = $1", delivery)
    assert row is not None
    state: str = row["state"]
    return state


_FORCE = """
update public.deliveries
   set state = $2::text,
       sent_at = case when $2::text = 'sent' then now() end,
       lease_owner = case when $2::text in ('sending', 'uncertain') then 'somebody' end,
       lease_until = case when $2::text = 'sending' then now() + interval '1 hour' end
 where id = $1
"""
