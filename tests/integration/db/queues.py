"""Who waits in an account's queue, and a pacer that moves them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from switchboard.contracts import CampaignId, DeliveryId
from switchboard.db import backlog, deliveries, tenancy
from switchboard.db.pacing import Due
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, definition, now, owe

_AT_ONCE: Final = 10_000  # rows that are written within a statement's budget on a slow machine

MARGIN = timedelta(minutes=5)


async def wait(db: Database, shop: Shop, *, hours: float = 24, **more: Any) -> DeliveryId:
    """Return a private reply that waits for its turn; its deadline is in `hours`."""
    whole: dict[str, Any] = {"state": "parked", "deadline": now() + timedelta(hours=hours)}
    return await owe(db, shop, **whole | more)


async def one_round(
    db: Database, *, free: int, limit: int = 100, admits: int = 100
) -> Sequence[Due]:
    """Let a pacer make a round in which each account's hour has `free` turns left."""
    async with db.transaction() as tx:
        queues = await backlog.take_queues(tx)
        accounts = [queue.account for queue in queues]
        await backlog.admit(tx, accounts, limit=admits)
        out = await backlog.out(tx, accounts)
        turns = {
            queue.account: max((1 if queue.on_probation else free) - out.get(queue.account, 0), 0)
            for queue in queues
        }
        return await backlog.release_queued(tx, turns, margin=MARGIN, limit=limit)


def ids(released: Sequence[Due]) -> list[DeliveryId]:
    """Return which were released."""
    return [one.delivery_id for one in released]


async def send(db: Database, delivery: DeliveryId) -> None:
    """Let a sender send it."""
    await deliveries.claim(db, delivery, owner="me", lease_s=30)
    assert await deliveries.record_sent(db, delivery, owner="me", message_id=str(delivery))


async def reason_of(owner: Database, delivery: DeliveryId) -> str | None:
    """Return why a delivery is in its state."""
    row = await owner.fetchrow("select reason from public.deliveries where id = $1", delivery)
    assert row is not None
    reason: str | None = row["reason"]
    return reason


async def add_campaign(owner: Database, shop: Shop, *, rank: int) -> CampaignId:
    """Publish another campaign of the shop's."""
    campaign = CampaignId(uuid4())
    await tenancy.publish_campaign(
        owner,
        campaign,
        workspace=shop.workspace,
        account=shop.account,
        name=f"rank {rank}",
        rank=rank,
        definition=definition("more"),
    )
    return campaign


async def serve_first(owner: Database, shop: Shop, whom: str) -> None:
    """Let the owner choose who goes first."""
    await owner.execute(
        "update public.instagram_accounts set first_served = $2 where id = $1", shop.account, whom
    )


async def next_of(pipeline: Database) -> DeliveryId:
    """Let four pacers at the queue with one turn free; send and return the one they release."""
    rounds = await asyncio.gather(*(one_round(pipeline, free=1) for _ in range(4)))
    (released,) = [one for each in rounds for one in ids(each)]
    await send(pipeline, released)
    return released


async def crowd(owner: Database, shop: Shop, count: int) -> None:
    """Let `count` private replies wait, spread over the account's campaigns."""
    await owe(owner, shop)
    began = now()
    for first in range(1, count + 1, _AT_ONCE):
        last = min(first + _AT_ONCE - 1, count)
        await owner.execute(_CROWD, shop.account, first, last, began)
    await owner.execute("vacuum analyze public.deliveries")


_CROWD = """
with numbered as (
  select id, row_number() over (order by rank) - 1 as number, count(*) over () as campaigns
    from public.campaigns where account_id = $1
)
insert into public.deliveries (
  id, workspace_id, account_id, event_id, campaign_id, campaign_version, step, kind, comment_id,
  content, state, reason, not_before, deadline, trace_id, created_at)
select gen_random_uuid(), one.workspace_id, one.account_id, one.event_id, numbered.id, 1, one.step,
       one.kind, 'crowd-' || at, one.content, 'parked', 'queued', $4,
       $4::timestamptz + interval '7 days' + at * interval '5 ms', one.trace_id,
       $4::timestamptz + at * interval '5 ms'
  from (select *
          from public.deliveries
         where account_id = $1 and comment_id not like 'crowd-%'
         limit 1) one,
       generate_series($2::int, $3::int) at
  join numbered on numbered.number = at % numbered.campaigns
"""
