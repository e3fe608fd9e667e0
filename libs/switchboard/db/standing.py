"""
How the connected accounts stand: token, subscription, holds, alerts, what is owed.

For the role that owns the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db.credentials import Sealed
from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    An account as it is now.

    `owed` counts its deliveries by state, those that have not ended; `alerts` are the kinds that
    are open. `permissions` and `subscribed_fields` are what was last seen of them; `None`: nothing.
    """

    id: UUID
    workspace_id: WorkspaceId
    workspace: str
    instagram_id: AccountId
    app_scoped_id: str | None
    username: str
    status: str
    held_until: datetime | None
    hold_reason: str | None
    has_token: bool
    token_issued_at: datetime | None
    token_expires_at: datetime | None
    permissions: Sequence[str] | None
    subscribed_fields: Sequence[str] | None
    probed_at: datetime | None
    private_replies_per_hour: int
    sends_per_second: int
    last_event_at: datetime | None
    proved_at: datetime | None
    owed: Mapping[str, int]
    alerts: Sequence[str]


async def accounts(db: Queryable, account: UUID | None = None) -> Sequence[Standing]:
    """Return how one account stands, or all of them, by workspace and name."""
    rows = await db.fetch(_STANDING, account)
    return [Standing(**{name: row[name] for name in Standing.__slots__}) for row in rows]


async def credential(db: Queryable, account: UUID) -> Sealed | None:
    """Return an account's token, sealed, if it ever had one."""
    row = await db.fetchrow(_CREDENTIAL, account)
    return None if row is None else Sealed(row["key_id"], row["nonce"], row["ciphertext"])


_CREDENTIAL = """
select key_id, nonce, ciphertext from private.instagram_credentials where account_id = $1
"""

_STANDING = """
select account.id, account.workspace_id, workspace.name as workspace, account.instagram_id,
       account.app_scoped_id, account.username, account.status, account.held_until,
       account.hold_reason, credential.account_id is not null as has_token,
       credential.issued_at as token_issued_at, credential.expires_at as token_expires_at,
       account.permissions, account.subscribed_fields, account.probed_at,
       account.private_replies_per_hour, account.sends_per_second, account.proved_at,
       (select max(received_at) from public.events where account_id = account.id)
         as last_event_at,
       (select coalesce(jsonb_object_agg(open.state, open.many), '{}')
          from (select state, count(*) as many
                  from public.deliveries
                 where account_id = account.id
                   and state in ('waiting', 'parked', 'ready', 'sending', 'uncertain')
                 group by state) open) as owed,
       array(select kind from public.alerts
              where account_id = account.id and resolved_at is null order by raised_at) as alerts
  from public.instagram_accounts account
  join public.workspaces workspace on workspace.id = account.workspace_id
  left join private.instagram_credentials credential on credential.account_id = account.id
 where $1::uuid is null or account.id = $1
 order by workspace.name, account.username, account.id
"""
