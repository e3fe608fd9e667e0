"""
Whether we may act for an account at Instagram: its token works, or its owner must connect it again.

While they must, what people write is kept and decided, and what is owed to them waits in its rows,
each until its own deadline.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from switchboard.db.credentials import Sealed
from switchboard.db.pool import Queryable


async def need_reconnect(db: Queryable, account: UUID, *, used: Sealed | None, reason: str) -> bool:
    """
    Record that Meta wants no more calls with the token `used`, for `reason`. True if that is news.

    Not if `account` has another token by now: what it says came too late. A hold for the same
    reason, of which this is the end, is forgotten.
    """
    nonce = None if used is None else used.nonce
    return await db.fetchrow(_NEED, account, reason, nonce) is not None


async def reconnect(
    db: Queryable, account: UUID, sealed: Sealed, expires_at: datetime | None
) -> bool:
    """
    Keep `sealed` as the token of `account` and let it send again; true if its alert is over by it.

    One statement: there is never a new token that nobody uses, nor a connected account with the old
    one. A hold stays: Instagram's restriction is not lifted by a login. Run as the role that owns
    the schema.

    Raises:
        QueryFailed: There is no such account, or another one is connected to its Instagram account.
    """
    row = await db.fetchrow(
        _RECONNECT, account, sealed.key_id, sealed.nonce, sealed.ciphertext, expires_at
    )
    return row is not None and bool(row["over"])


_NEED = """
update public.instagram_accounts
   set status = 'reconnect_needed',
       holds = case when hold_reason = $2 then 0 else holds end,
       held_until = case when hold_reason = $2 then null else held_until end,
       probe_id = case when hold_reason = $2 then null else probe_id end,
       probe_until = case when hold_reason = $2 then null else probe_until end,
       hold_reason = case when hold_reason = $2 then null else hold_reason end
 where id = $1 and status = 'connected'
   and $3::bytea is not distinct from (
     select nonce from private.instagram_credentials where account_id = $1)
returning id
"""

_RECONNECT = """
with kept as (
  insert into private.instagram_credentials (account_id, key_id, nonce, ciphertext, expires_at)
  values ($1, $2, $3, $4, $5)
  on conflict (account_id) do update
     set key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext,
         expires_at = excluded.expires_at, issued_at = now()
), connected as (
  update public.instagram_accounts
     set status = 'connected', proved_at = null
   where id = $1
), resolved as (
  update public.alerts
     set resolved_at = now()
   where account_id = $1 and kind = 'reconnect_needed' and resolved_at is null
  returning id
)
select exists (select from resolved) as over
"""
