"""
What moves deliveries by themselves: their turn comes, a message was lost, a lease or time ran out.

Any number of pacers may run these at once: each takes rows nobody else is holding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from switchboard.contracts import AccountId, DeliveryId, TraceId
from switchboard.db.pool import Queryable, Row


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery and what its queue message says of it."""

    delivery_id: DeliveryId
    account_id: AccountId
    trace_id: TraceId


async def release_due(db: Queryable, *, limit: int) -> list[Due]:
    """
    Make up to `limit` parked deliveries ready, and return them in the order to publish them.

    Within an account the earliest deadline comes first; between accounts they take turns. An
    account that is held, or whose token died, has no turn.
    """
    return _due(await db.fetch(_RELEASE, limit))


async def republish_stale(db: Queryable, *, older_than_s: float, limit: int) -> list[Due]:
    """Return ready deliveries that nobody took for `older_than_s`: their messages were lost."""
    return _due(await db.fetch(_REPUBLISH, older_than_s, limit))


async def expire_leases(db: Queryable, *, limit: int = 1000) -> list[Due]:
    """Make uncertain what its sender did not settle in time: it may have been sent."""
    return _due(await db.fetch(_EXPIRE_LEASES, limit))


async def expire_overdue(db: Queryable, *, limit: int = 1000) -> list[Due]:
    """Expire what waits although its deadline has passed, with the reason `deadline_passed`."""
    return _due(await db.fetch(_EXPIRE_OVERDUE, limit))


def _due(rows: Sequence[Row]) -> list[Due]:
    return [Due(row["id"], row["instagram_id"], row["trace_id"]) for row in rows]


# `parked_accounts` hops through the index from account to account, so a backlog of 60,000 rows
# costs one step for its account. Of each, the most urgent are looked at, and of those the first of
# every account, then the second of every account, and so on. What another pacer holds, it keeps.
_RELEASE = """
with recursive parked_accounts as (
  (select account_id from public.deliveries where state = 'parked' order by account_id limit 1)
  union all
  select (select next.account_id
            from public.deliveries next
           where next.state = 'parked' and next.account_id > parked_accounts.account_id
           order by next.account_id
           limit 1)
    from parked_accounts
   where parked_accounts.account_id is not null
), turns as (
  select urgent.id, urgent.deadline, urgent.turn, account.instagram_id
    from parked_accounts
    join public.instagram_accounts account on account.id = parked_accounts.account_id
   cross join lateral (
     select id, deadline, row_number() over (order by deadline, id) as turn
       from (select id, deadline
               from public.deliveries
              where account_id = account.id and state = 'parked' and not_before <= now()
              order by deadline, id
              limit $1) first_ones
   ) urgent
   where account.status = 'connected'
     and (account.held_until is null or account.held_until <= now())
   order by urgent.turn, urgent.deadline, urgent.id
   limit $1
), taken as (
  select delivery.id, turns.instagram_id, turns.turn, turns.deadline
    from public.deliveries delivery
    join turns on turns.id = delivery.id
   where delivery.state = 'parked' and delivery.not_before <= now()
   order by turns.turn, turns.deadline, turns.id
     for update of delivery skip locked
), released as (
  update public.deliveries delivery
     set state = 'ready', published_at = now()
    from taken
   where delivery.id = taken.id
  returning delivery.id, delivery.trace_id, taken.instagram_id, taken.turn, taken.deadline
)
select id, trace_id, instagram_id from released order by turn, deadline, id
"""

_REPUBLISH = """
with taken as (
  select id
    from public.deliveries
   where state = 'ready' and published_at < now() - make_interval(secs => $1)
   order by published_at
   limit $2
     for update skip locked
)
update public.deliveries delivery
   set published_at = now()
  from taken, public.instagram_accounts account
 where delivery.id = taken.id and account.id = delivery.account_id
returning delivery.id, delivery.trace_id, account.instagram_id
"""

_EXPIRE_LEASES = """
with taken as (
  select id
    from public.deliveries
   where state = 'sending' and lease_until < now()
   order by lease_until
   limit $1
     for update skip locked
)
update public.deliveries delivery
   set state = 'uncertain', reason = 'lease_expired', lease_until = null
  from taken, public.instagram_accounts account
 where delivery.id = taken.id and account.id = delivery.account_id
returning delivery.id, delivery.trace_id, account.instagram_id
"""

_EXPIRE_OVERDUE = """
with taken as (
  select id
    from public.deliveries
   where state in ('waiting', 'parked', 'ready') and deadline < now()
   order by deadline
   limit $1
     for update skip locked
)
update public.deliveries delivery
   set state = 'expired', reason = 'deadline_passed'
  from taken, public.instagram_accounts account
 where delivery.id = taken.id and account.id = delivery.account_id
returning delivery.id, delivery.trace_id, account.instagram_id
"""
