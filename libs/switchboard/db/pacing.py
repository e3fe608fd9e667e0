"""
What moves deliveries by themselves: their time comes, a message was lost, a lease or time ran out.

Any number of pacers may run these at once: each takes rows nobody else is holding. Private replies
that wait for their turn in an account's hour have queues of their own (`backlog`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from switchboard.contracts import DeliveryId
from switchboard.db.chains import CANCEL, Due, read_due
from switchboard.db.holds import HAS_PLACE, HAS_TURN, PROBING
from switchboard.db.pool import Queryable

__all__ = [
    "Due",
    "OverdueLookup",
    "expire",
    "expire_leases",
    "expire_overdue",
    "overdue_lookups",
    "release_due",
    "republish_stale",
    "settle_waiting",
]


@dataclass(frozen=True, slots=True)
class OverdueLookup:
    """A question to Meta that nobody got to ask in time; `content` is the delivery's."""

    due: Due
    content: Mapping[str, Any]


async def release_due(db: Queryable, *, limit: int) -> list[Due]:
    """
    Make up to `limit` parked deliveries ready, and return them in the order to publish them.

    Within an account the earliest deadline comes first; between accounts they take turns. An
    account that is held, or whose token died, has no turn, and one on probation has one at a time:
    but its timers go off and its owner's server is told, for neither is a call to Meta. Of one that
    its owner has paused only questions to Meta go. Private replies are not among them, but for
    those in a broadcast (`backlog`).
    """
    timed = read_due(await db.fetch(_RELEASE_TIMED, limit))
    return timed + read_due(await db.fetch(_RELEASE, limit - len(timed)))


async def republish_stale(db: Queryable, *, older_than_s: float, limit: int) -> list[Due]:
    """Return ready deliveries that nobody took for `older_than_s`: their messages were lost."""
    return read_due(await db.fetch(_REPUBLISH, older_than_s, limit))


async def expire_leases(db: Queryable, *, limit: int = 1000) -> list[Due]:
    """
    Make uncertain, and return, what its sender did not settle in time: it may have been sent.

    A webhook, lookup or timer is made ready instead, because a second time does no harm:
    `republish_stale` returns it at once.
    """
    return read_due(await db.fetch(_EXPIRE_LEASES, limit))


async def expire_overdue(
    db: Queryable, *, margin: timedelta = timedelta(), limit: int = 1000
) -> list[Due]:
    """
    Expire what waits although its deadline has passed, with the reason why it still waited.

    Replies to comments are expired `margin` before it, when no sender would send them any more: a
    comment's deadline does not move, and who is too late must not be in the way of who is not.
    What waits for it is cancelled. Lookups are left: an event waits for their answer
    (`overdue_lookups`). So are messages to somebody who has written since: their window is open for
    longer, and its end is the deadline now.
    """
    return read_due(await db.fetch(_EXPIRE_OVERDUE, limit, margin))


async def overdue_lookups(db: Queryable, *, limit: int) -> list[OverdueLookup]:
    """
    Return lookups whose deadline has passed before a sender had them.

    Each must be answered, and then be ended with `expire`. Another pacer may be at the same ones,
    and its answers do no harm; inside a transaction none gets what another has.
    """
    rows = await db.fetch(_OVERDUE_LOOKUPS, limit)
    return [
        OverdueLookup(due, row["content"]) for due, row in zip(read_due(rows), rows, strict=True)
    ]


async def expire(db: Queryable, deliveries: Sequence[DeliveryId]) -> list[Due]:
    """Expire those of `deliveries` that nobody has taken yet, as `expire_overdue` does."""
    return read_due(await db.fetch(_EXPIRE, list(deliveries)))


async def settle_waiting(db: Queryable, *, limit: int = 1000) -> list[Due]:
    """
    Move what waits for a delivery that has ended, or was never stored; return what is ready now.

    Ending a delivery moves what waits for it (`deliveries`). This is for what was being recorded
    or ended by somebody else in that very moment, and is rare: once a minute is enough.
    """
    return read_due(await db.fetch(_SETTLE_WAITING, limit))


# `parked_accounts` hops through the index from account to account, so a backlog of 60,000 rows
# costs one step for its account. Of each, the most urgent are looked at, and of those the first of
# every account, then the second of every account, and so on. What another pacer holds, it keeps.
_CHOOSE: Final = """
with recursive parked_accounts as (
  (select account_id
     from public.deliveries
    where state = 'parked' and kind not in ('timer', 'webhook')
      and not (kind = 'private_reply' and lane = 'usual')
    order by account_id
    limit 1)
  union all
  select (select next.account_id
            from public.deliveries next
           where next.state = 'parked' and next.kind not in ('timer', 'webhook')
             and not (next.kind = 'private_reply' and next.lane = 'usual')
             and next.account_id > parked_accounts.account_id
           order by next.account_id
           limit 1)
    from parked_accounts
   where parked_accounts.account_id is not null
), turns as (
  select urgent.id, urgent.deadline, urgent.turn, account.instagram_id,
         account.holds > 0 as on_probation
    from parked_accounts
    join public.instagram_accounts account on account.id = parked_accounts.account_id
   cross join lateral (
     select id, deadline, row_number() over (order by deadline, id) as turn
       from (select id, deadline
               from public.deliveries
              where account_id = account.id and state = 'parked'
                and kind not in ('timer', 'webhook')
                and not (kind = 'private_reply' and lane = 'usual')
                and not_before <= now()
                and (account.paused_until is null or account.paused_until <= now()
                     or kind = 'lookup')
              order by deadline, id
              limit $1) first_ones
   ) urgent
   where """
_TAKE_CHOSEN: Final = """
     and (account.holds = 0 or urgent.turn = 1)
   order by urgent.turn, urgent.deadline, urgent.id
   limit $1
), taken as (
  select delivery.id, delivery.account_id, turns.instagram_id, turns.turn, turns.deadline,
         turns.on_probation
    from public.deliveries delivery
    join turns on turns.id = delivery.id
   where delivery.state = 'parked' and delivery.not_before <= now()
   order by turns.turn, turns.deadline, turns.id
     for update of delivery skip locked
)"""
_RELEASE_TAKEN: Final = """, released as (
  update public.deliveries delivery
     set state = 'ready', moved_by = 'pacer', published_at = now()
    from taken
   where delivery.id = taken.id and """
_RELEASED: Final = """
  returning delivery.id, delivery.trace_id, taken.instagram_id, taken.turn, taken.deadline
)
select id, trace_id, instagram_id from released order by turn, deadline, id
"""
_RELEASE: Final = (
    _CHOOSE + HAS_TURN + _TAKE_CHOSEN + PROBING + _RELEASE_TAKEN + HAS_PLACE + _RELEASED
)

_RELEASE_TIMED = """
with taken as (
  select id
    from public.deliveries
   where state = 'parked' and kind in ('timer', 'webhook') and not_before <= now()
   order by not_before
   limit $1
     for update skip locked
)
update public.deliveries delivery
   set state = 'ready', moved_by = 'pacer', published_at = now()
  from taken, public.instagram_accounts account
 where delivery.id = taken.id and account.id = delivery.account_id
returning delivery.id, delivery.trace_id, account.instagram_id
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
), repeatable as (
  update public.deliveries delivery
     set state = 'ready', moved_by = 'pacer', reason = 'lease_expired', lease_until = null,
         lease_owner = null,
         published_at = to_timestamp(0) -- as long ago as can be: of this attempt nobody was told
    from taken
   where delivery.id = taken.id and delivery.kind in ('webhook', 'lookup', 'timer')
)
update public.deliveries delivery
   set state = 'uncertain', moved_by = 'pacer', reason = 'lease_expired', lease_until = null
  from taken, public.instagram_accounts account
 where delivery.id = taken.id and account.id = delivery.account_id
   and delivery.kind not in ('webhook', 'lookup', 'timer')
returning delivery.id, delivery.trace_id, account.instagram_id
"""

# Whom a message is for may have written again since it was decided; a comment's days do not move.
_TAKE_OVERDUE: Final = """
with taken as (
  select delivery.id, contact.window_closes_at as open_until
    from public.deliveries delivery
    left join public.contacts contact
      on delivery.kind = 'message' and contact.account_id = delivery.account_id
     and contact.person_id = delivery.person_id and contact.window_closes_at > now()
   where delivery.state in ('waiting', 'parked', 'ready')
     and delivery.deadline < now() + $2
     and (delivery.deadline < now() or delivery.kind in ('private_reply', 'public_reply'))
     and delivery.kind <> 'lookup'
   order by delivery.deadline
   limit $1
     for update of delivery skip locked
), prolonged as (
  update public.deliveries delivery
     set deadline = taken.open_until
    from taken
   where delivery.id = taken.id and taken.open_until is not null
)"""
_TAKE: Final = """
with taken as (
  select id, null::timestamptz as open_until
    from public.deliveries
   where id = any ($1::uuid[]) and state in ('waiting', 'parked', 'ready')
     for update skip locked
)"""
_END: Final = """, ended as (
  update public.deliveries delivery
     set state = 'expired',
         moved_by = 'pacer',
         reason = case when delivery.kind in ('timer', 'webhook') then 'deadline_passed'
                       when account.status <> 'connected' then 'not_reconnected_in_time'
                       when account.holds > 0 then 'held_too_long'
                       else 'deadline_passed' end
    from taken, public.instagram_accounts account
   where delivery.id = taken.id and taken.open_until is null and account.id = delivery.account_id
  returning delivery.id, delivery.trace_id, account.instagram_id
)"""
_TELL: Final = """
select ended.id, ended.trace_id, ended.instagram_id from ended, cancelled
"""
_EXPIRE_OVERDUE: Final = _TAKE_OVERDUE + _END + CANCEL + _TELL
_EXPIRE: Final = _TAKE + _END + CANCEL + _TELL

_OVERDUE_LOOKUPS = """
select delivery.id, delivery.trace_id, account.instagram_id, delivery.content
  from public.deliveries delivery
  join public.instagram_accounts account on account.id = delivery.account_id
 where delivery.state in ('waiting', 'parked', 'ready')
   and delivery.deadline < now()
   and delivery.kind = 'lookup'
 order by delivery.deadline
 limit $1
   for update of delivery skip locked
"""

_SETTLE_WAITING = """
with stranded as (
  select waiting.id,
         case when earlier.state is distinct from 'sent' then 'cancelled'
              when waiting.not_before <= now() then 'ready'
              else 'parked' end as state
    from public.deliveries waiting
    left join public.deliveries earlier on earlier.id = waiting.after_id
   where waiting.state = 'waiting'
     and waiting.after_id is not null
     and (earlier.id is null or earlier.state in ('sent', 'refused', 'expired', 'cancelled'))
   limit $1
     for update of waiting skip locked
), settled as (
  update public.deliveries delivery
     set state = stranded.state,
         moved_by = 'chain',
         reason = case when stranded.state = 'cancelled' then 'earlier_not_sent' end,
         published_at = case when stranded.state = 'ready' then now() end
    from stranded, public.instagram_accounts account
   where delivery.id = stranded.id and account.id = delivery.account_id
  returning delivery.id, delivery.trace_id, delivery.state, account.instagram_id
)
select id, trace_id, instagram_id from settled where state = 'ready'
"""
