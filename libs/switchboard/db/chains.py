"""
What becomes of the deliveries that wait for another one: parts of the statements that end it.

Each part follows a `with recursive ended as (...)` that returns the `id` of what was ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from switchboard.contracts import AccountId, DeliveryId, TraceId
from switchboard.db.pool import Row


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery and what its queue message says of it."""

    delivery_id: DeliveryId
    account_id: AccountId
    trace_id: TraceId


def read_due(rows: Sequence[Row]) -> list[Due]:
    """Return rows of `id`, `instagram_id` and `trace_id` as deliveries to tell of."""
    return [Due(row["id"], row["instagram_id"], row["trace_id"]) for row in rows]


# What was ended was sent: what waits for it is ready, or parked until its time.
RELEASE: Final = """, next as (
  select waiting.id, waiting.not_before <= now() + interval '5 s' as due
    from public.deliveries waiting
    join ended on ended.id = waiting.after_id
   where waiting.state = 'waiting'
     for update of waiting skip locked
), released as (
  update public.deliveries delivery
     set state = case when next.due then 'ready' else 'parked' end,
         moved_by = 'chain',
         not_before = case when next.due then least(delivery.not_before, now())
                           else delivery.not_before end,
         published_at = case when next.due then now() else delivery.published_at end
    from next, public.instagram_accounts account
   where delivery.id = next.id and account.id = delivery.account_id
  returning delivery.id, delivery.trace_id, delivery.state, account.instagram_id
)"""

# What was ended was not sent: what waits for it never will be, nor what waits for that.
CANCEL: Final = """, followers (id) as (
  select waiting.id
    from public.deliveries waiting
    join ended on ended.id = waiting.after_id
   where waiting.state = 'waiting'
  union
  select waiting.id
    from public.deliveries waiting
    join followers on followers.id = waiting.after_id
   where waiting.state = 'waiting'
), doomed as (
  select waiting.id
    from public.deliveries waiting
    join followers on followers.id = waiting.id
   where waiting.state = 'waiting'
     and not exists (select from ended where ended.id = waiting.id)
     for update of waiting skip locked
), cancelled as (
  update public.deliveries delivery
     set state = 'cancelled', moved_by = 'chain', reason = 'earlier_not_sent'
    from doomed
   where delivery.id = doomed.id
)"""
