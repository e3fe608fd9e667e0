"""
Holds: when Meta restricts an account, nothing of it goes out for a while, and then one delivery.

    free ──refused──▶ held ──its time──▶ on probation ──▶ one probe is out ─┬─ sent ──▶ free
                       ▲                  ▲                                 │
                       │                  └────────── anything else ────────┤
                       └───────── the same refusal: twice as long ──────────┘

All of it is in the account's row, so all senders and pacers agree. `holds` counts refusals in a row
for one reason, and 0 is free. On probation there is one place, which a delivery takes before its
call (`take_probe`) and leaves when its outcome is known (`lift`, `hold`, `leave_probe`). It is the
delivery's until `probe_until`, so the place of one that died becomes free by itself.

What was under way when another was refused changes nothing: it is neither a further refusal nor a
sign that the account is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from switchboard.contracts import DeliveryId
from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True)
class Held:
    """An account that sends nothing: for the `number`th time in a row, and until when."""

    number: int
    until: datetime


async def hold(
    db: Queryable,
    account: UUID,
    *,
    by: DeliveryId,
    reason: str,
    first: timedelta,
    longest: timedelta,
) -> Held | None:
    """
    Send nothing of `account` because Meta refused `by` for `reason`; return the hold as it is then.

    For `first`, and each time in a row for twice as long, up to `longest`. `None`: the account is
    disconnected, or was let free in this very moment.
    """
    row = await db.fetchrow(_HOLD, account, by, reason, first, longest)
    if row is None or row["held_until"] is None:
        return None
    return Held(row["holds"], row["held_until"])


async def take_probe(
    db: Queryable, account: UUID, delivery: DeliveryId, *, within: timedelta
) -> bool:
    """
    Take the one place of an account on probation for `delivery`, for as long as `within`.

    True too if the account is free by now; false while it is held, or another has the place.
    """
    return await db.fetchrow(_TAKE_PROBE, account, delivery, within) is not None


async def leave_probe(db: Queryable, account: UUID, delivery: DeliveryId) -> None:
    """Leave the place to the next one, if `delivery` has it: its outcome said nothing."""
    await db.execute(_LEAVE_PROBE, account, delivery)


async def lift(db: Queryable, account: UUID, delivery: DeliveryId) -> bool:
    """Let `account` send freely again if `delivery`, which Meta took, was its probe."""
    return await db.fetchrow(_LIFT, account, delivery) is not None


async def try_now(db: Queryable, account: UUID) -> bool:
    """Let the next delivery of a held account be its probe at once; true if it was held."""
    return await db.fetchrow(_TRY_NOW, account) is not None


async def try_as_caller(db: Queryable, account: UUID) -> bool:
    """
    Do as `try_now`, for the caller whose claims the transaction has.

    Raises:
        QueryFailed: They are no editor of its workspace.
    """
    row = await db.fetchrow("select private.try_account_again($1) as tried", account)
    return row is not None and bool(row["tried"])


async def prove(db: Queryable, account: UUID) -> None:
    """Record that Meta takes what `account` sends, if nothing had shown it since it connected."""
    await db.execute(_PROVE, account)


# A part of statements about `account`: whether a delivery of it may be released now. On probation
# it is one (`account.holds > 0`), which must take the place: `PROBING`.
HAS_TURN: Final = """account.status = 'connected'
     and (account.held_until is null or account.held_until <= now())
     and (account.holds = 0 or account.probe_until is null or account.probe_until <= now())"""

# Parts of the statement that releases: the place of an account on probation is taken for what is to
# be released (`HAS_PLACE`), unless somebody else has taken it meanwhile for something else. Follows
# `taken` with `id`, `account_id` and `on_probation`, at most one of an account that is. The place
# is kept for as long as it may take until a sender has heard of it.
PROBING: Final = """, probing as (
  update public.instagram_accounts account
     set probe_id = taken.id, probe_until = now() + interval '1 minute'
    from taken
   where account.id = taken.account_id and taken.on_probation and account.holds > 0
     and (account.probe_until is null or account.probe_until <= now())
  returning taken.id
)"""
HAS_PLACE: Final = "(not taken.on_probation or taken.id in (select id from probing))"

# Refused anew: the account was free, or its hold was over, or it is the probe that says so. Another
# refusal while it is held only counts if it holds for longer, for a reason of its own.
_HOLD: Final = """
with held as (
  update public.instagram_accounts
     set holds = case when hold_reason = $3 then holds + 1 else 1 end,
         held_until = now() + least(
           $4::interval * case when hold_reason = $3 then power(2, least(holds, 20)) else 1 end,
           $5::interval),
         hold_reason = $3,
         probe_id = null,
         probe_until = null
   where id = $1 and status <> 'disconnected'
     and (holds = 0 or held_until is null or held_until <= now() or probe_id = $2
          or hold_reason <> $3 and held_until < now() + least($4::interval, $5::interval))
  returning holds, held_until
)
select holds, held_until from held
 union all
select holds, held_until
  from public.instagram_accounts
 where id = $1 and status <> 'disconnected' and not exists (select from held)
"""

_TAKE_PROBE: Final = """
with taken as (
  update public.instagram_accounts
     set probe_id = $2, probe_until = now() + $3::interval
   where id = $1 and holds > 0 and (held_until is null or held_until <= now())
     and (probe_until is null or probe_until <= now() or probe_id = $2)
  returning id
)
select id from taken
 union all
select id from public.instagram_accounts where id = $1 and holds = 0
"""

_LEAVE_PROBE: Final = """
update public.instagram_accounts
   set probe_id = null, probe_until = null
 where id = $1 and probe_id = $2
"""

_LIFT: Final = """
update public.instagram_accounts
   set holds = 0, held_until = null, hold_reason = null, probe_id = null, probe_until = null
 where id = $1 and probe_id = $2 and holds > 0
returning id
"""

_TRY_NOW: Final = """
update public.instagram_accounts
   set held_until = now()
 where id = $1 and held_until > now()
returning id
"""

_PROVE: Final = """
update public.instagram_accounts set proved_at = now() where id = $1 and proved_at is null
"""
