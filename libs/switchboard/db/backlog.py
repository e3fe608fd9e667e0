"""
The queues of private replies: who waits for their turn in an account's hour, and who goes next.

    delayed ─admit─▶ queued ─release─▶ ready
    (its moment)     (its turn)

An account has one queue, in the order its owner chose, apart from everything else it sends. Only
as many leave it as there are turns, so one that waits for days costs one row, which is read when it
goes. That makes the order exact, too: the first of the queue is released, and nobody else, because
no two pacers are at one queue (`take_queues`), and because whoever comes while others wait is put
behind them (`recording`).

A broadcast's private replies are not here: other limits apply to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from switchboard.contracts import AccountId
from switchboard.db.chains import Due, read_due
from switchboard.db.holds import HAS_PLACE, HAS_TURN, PROBING
from switchboard.db.pool import Queryable, Transaction

# What a parked private reply's reason is while it waits for its turn, and for no moment.
QUEUED: Final = "queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """
    The queue of one account.

    `has_due`: for somebody delayed, the moment has come. `on_probation`: the account was held, and
    one delivery is tried before the others.
    """

    account: UUID
    instagram_id: AccountId
    private_replies_per_hour: int
    has_due: bool
    on_probation: bool


async def take_queues(tx: Transaction) -> list[Queue]:
    """
    Return the queues that may move, and that nobody else is at; they are ours until `tx` ends.

    An account that is held, paused, or must be connected again has none that may, nor has one
    whose probe is out.
    """
    return [
        Queue(
            account=row["id"],
            instagram_id=AccountId(row["instagram_id"]),
            private_replies_per_hour=row["private_replies_per_hour"],
            has_due=row["has_due"],
            on_probation=row["on_probation"],
        )
        for row in await tx.fetch(_TAKE_QUEUES)
    ]


async def admit(db: Queryable, accounts: Sequence[UUID], *, limit: int) -> int:
    """Queue up to `limit` private replies of `accounts` whose moment has come; return how many."""
    return len(await db.fetch(_ADMIT, accounts, limit))


async def out(db: Queryable, accounts: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many private replies of each account senders were told of, or have."""
    return {row["account_id"]: row["out"] for row in await db.fetch(_OUT, accounts)}


async def release_queued(
    db: Queryable, turns: Mapping[UUID, int], *, margin: timedelta, limit: int
) -> list[Due]:
    """
    Make the first of each account's queue ready, as many as it has `turns`; return up to `limit`.

    In the order to publish them: the first of every account, then the second of every account, and
    so on. What may only go until less than `margin` from now is passed over, for it would come too
    late. An account that still has somebody to admit waits: they may be first.
    """
    rows = await db.fetch(_RELEASE, list(turns), list(turns.values()), margin, limit)
    return read_due(rows)


# The accounts where somebody waits, for their turn or for a moment. Hops through an index from
# account to account: one step for each, however many wait.
BACKLOGGED: Final = """
with recursive queued as (
  (select account_id
     from public.deliveries
    where state = 'parked' and kind = 'private_reply' and lane = 'usual' and reason = 'queued'
    order by account_id
    limit 1)
  union all
  select (select next.account_id
            from public.deliveries next
           where next.state = 'parked' and next.kind = 'private_reply' and next.lane = 'usual'
             and next.reason = 'queued'
             and next.account_id > queued.account_id
           order by next.account_id
           limit 1)
    from queued
   where queued.account_id is not null
), delayed as (
  (select account_id
     from public.deliveries
    where state = 'parked' and kind = 'private_reply' and lane = 'usual'
      and reason is distinct from 'queued'
    order by account_id
    limit 1)
  union all
  select (select next.account_id
            from public.deliveries next
           where next.state = 'parked' and next.kind = 'private_reply' and next.lane = 'usual'
             and next.reason is distinct from 'queued'
             and next.account_id > delayed.account_id
           order by next.account_id
           limit 1)
    from delayed
   where delayed.account_id is not null
), backlogged as (
  select account_id from queued where account_id is not null
   union
  select account_id from delayed where account_id is not null
)"""

# A lock is tried for those that may move and no others, and only once that is known.
_TAKE: Final = """, movable as materialized (
  select account.id, account.instagram_id, account.private_replies_per_hour,
         account.holds > 0 as on_probation,
         exists (
           select from public.deliveries
            where account_id = account.id
              and state = 'parked' and kind = 'private_reply' and lane = 'usual'
              and reason is distinct from 'queued' and not_before <= now()
         ) as has_due
    from backlogged
    join public.instagram_accounts account on account.id = backlogged.account_id
   where """
_OPEN: Final = """
     and (account.paused_until is null or account.paused_until <= now())
)
select id, instagram_id, private_replies_per_hour, has_due, on_probation
  from movable
 where pg_try_advisory_xact_lock(hashtextextended('queue ' || id::text, 0))
"""
_TAKE_QUEUES: Final = BACKLOGGED + _TAKE + HAS_TURN + _OPEN

_ADMIT: Final = """
with due as (
  select delivery.id
    from unnest($1::uuid[]) as wanted (account_id)
   cross join lateral (
     select id
       from public.deliveries
      where account_id = wanted.account_id
        and state = 'parked' and kind = 'private_reply' and lane = 'usual'
        and reason is distinct from 'queued' and not_before <= now()
      order by not_before, deadline, id
      limit $2
   ) delivery
   limit $2
), taken as (
  select id
    from public.deliveries
   where id in (select id from due)
     and state = 'parked' and reason is distinct from 'queued' and not_before <= now()
     for update skip locked
)
update public.deliveries delivery
   set reason = 'queued'
  from taken
 where delivery.id = taken.id
returning delivery.id
"""

_OUT: Final = """
select account_id, count(*) as out
  from public.deliveries
 where account_id = any ($1::uuid[])
   and state in ('ready', 'sending') and kind = 'private_reply' and lane = 'usual'
 group by account_id
"""

# Of the four orders one is looked at, from its index's beginning, and the others not at all.
_CHOOSE: Final = """
with first_ones as (
  select one.id, one.turn, account.holds > 0 as on_probation
    from unnest($1::uuid[], $2::int[]) as queue (account_id, turns)
    join public.instagram_accounts account on account.id = queue.account_id
   cross join lateral (
     (select id, row_number() over (order by deadline, id) as turn
        from (select id, deadline
                from public.deliveries
               where account.first_served = 'deadline' and account_id = account.id
                 and state = 'parked' and kind = 'private_reply' and lane = 'usual'
                 and reason = 'queued' and deadline > now() + $3
               order by deadline, id
               limit queue.turns) by_deadline)
      union all
     (select id, row_number() over (order by created_at desc, id desc) as turn
        from (select id, created_at
                from public.deliveries
               where account.first_served = 'newest' and account_id = account.id
                 and state = 'parked' and kind = 'private_reply' and lane = 'usual'
                 and reason = 'queued' and deadline > now() + $3
               order by created_at desc, id desc
               limit queue.turns) by_arrival)
      union all
     (select id, row_number() over (order by created_at, id) as turn
        from (select id, created_at
                from public.deliveries
               where account.first_served = 'oldest' and account_id = account.id
                 and state = 'parked' and kind = 'private_reply' and lane = 'usual'
                 and reason = 'queued' and deadline > now() + $3
               order by created_at, id
               limit queue.turns) by_arrival)
      union all
     (select id, row_number() over (order by rank, campaign_id, deadline, id) as turn
        from (select first.id, first.deadline, campaign.rank, campaign.id as campaign_id
                from public.campaigns campaign
               cross join lateral (
                 select id, deadline
                   from public.deliveries
                  where account_id = account.id and campaign_id = campaign.id
                    and state = 'parked' and kind = 'private_reply' and lane = 'usual'
                    and reason = 'queued' and deadline > now() + $3
                  order by deadline, id
                  limit queue.turns
               ) first
               where account.first_served = 'campaign' and campaign.account_id = account.id
               order by campaign.rank, campaign.id, first.deadline, first.id
               limit queue.turns) by_campaign)
   ) one
   where not exists (
     select from public.deliveries
      where account_id = account.id
        and state = 'parked' and kind = 'private_reply' and lane = 'usual'
        and reason is distinct from 'queued' and not_before <= now()
   )
   order by one.turn, one.id
   limit $4
), taken as (
  select delivery.id, delivery.account_id, first_ones.turn, first_ones.on_probation
    from public.deliveries delivery
    join first_ones on first_ones.id = delivery.id
   where delivery.state = 'parked' and delivery.reason = 'queued'
     for update of delivery skip locked
)"""
_RELEASE_CHOSEN: Final = """, released as (
  update public.deliveries delivery
     set state = 'ready', moved_by = 'pacer', published_at = now()
    from taken, public.instagram_accounts account
   where delivery.id = taken.id and account.id = delivery.account_id and """
_RELEASED: Final = """
  returning delivery.id, delivery.trace_id, account.instagram_id, taken.turn
)
select id, trace_id, instagram_id from released order by turn, id
"""
_RELEASE: Final = _CHOOSE + PROBING + _RELEASE_CHOSEN + HAS_PLACE + _RELEASED

# For the statement that records a batch, after its `batch`: the accounts of which somebody waits
# for their turn, or has waited for a moment that has come.
CROWDED: Final = """, crowded as (
  select account_id
    from (select distinct account_id from batch) one
   where (
           select true
             from public.deliveries
            where account_id = one.account_id
              and state = 'parked' and kind = 'private_reply' and lane = 'usual'
              and reason = 'queued'
            limit 1
         ) or (
           select true
             from public.deliveries
            where account_id = one.account_id
              and state = 'parked' and kind = 'private_reply' and lane = 'usual'
              and reason is distinct from 'queued' and not_before <= now()
            limit 1
         )
)"""
