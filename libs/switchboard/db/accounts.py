"""Instagram accounts as the members of their workspace see them. Run inside the envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db.pool import Queryable, Row

Status = Literal["connected", "reconnect_needed", "disconnected"]
Served = Literal["deadline", "newest", "oldest", "campaign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersSettings:
    """What an owner sets of an account: see the columns' comments."""

    time_zone: str
    takeover: timedelta
    paused_until: datetime | None
    first_served: Served
    reply_delay_min: timedelta
    reply_delay_max: timedelta
    private_replies_per_hour: int
    sends_per_second: int
    intent_threshold: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account; `holds` and the two beside it say whether Meta restricts it, and for how long."""

    id: UUID
    workspace_id: WorkspaceId
    instagram_id: AccountId
    username: str
    status: Status
    held_until: datetime | None
    hold_reason: str | None
    holds: int
    proved_at: datetime | None
    settings: OwnersSettings
    revision: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """
    How an account is connected, and when anything last came of it.

    What Instagram granted and sends is as it was seen at `probed_at`; `None`: nobody knows.
    """

    token_ends_at: datetime | None
    permissions: Sequence[str] | None
    subscribed_fields: Sequence[str] | None
    probed_at: datetime | None
    last_event_at: datetime | None


async def of_workspace(
    db: Queryable, workspace: WorkspaceId, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Account]:
    """Return up to `limit` of a workspace's accounts, the one connected first first."""
    rows = await db.fetch(_OF_WORKSPACE, workspace, *(after or (None, None)), limit)
    return [_account(row) for row in rows]


async def find(db: Queryable, account: UUID) -> Account | None:
    """Return an account."""
    row = await db.fetchrow(_FIND, account)
    return None if row is None else _account(row)


async def set_settings(
    db: Queryable, account: UUID, settings: OwnersSettings, *, revision: int
) -> bool:
    """Set an account that is at `revision`; false if it is not, or not the caller's to set."""
    values = [getattr(settings, name) for name in OwnersSettings.__slots__]
    return await db.fetchrow(_SET, account, revision, *values) is not None


async def owed(db: Queryable, account: UUID) -> dict[str, int]:
    """Return how many deliveries of an account are in each state that is not final."""
    rows = await db.fetch(_OWED, account)
    return {row["state"]: row["n"] for row in rows}


async def connection(db: Queryable, account: UUID) -> Connection:
    """Return how an account that the caller may see is connected."""
    row = await db.fetchrow(_CONNECTION, account)
    assert row is not None  # as it was seen
    return Connection(**{name: row[name] for name in Connection.__slots__})


async def connected(db: Queryable, workspace: WorkspaceId) -> dict[AccountId, datetime]:
    """Return the workspace's accounts that are not disconnected, and since when it has them."""
    rows = await db.fetch(_CONNECTED, workspace)
    return {AccountId(row["instagram_id"]): row["created_at"] for row in rows}


def _account(row: Row) -> Account:
    own = {name: row[name] for name in Account.__slots__ if name != "settings"}
    settings = {name: row[name] for name in OwnersSettings.__slots__}
    return Account(**own, settings=OwnersSettings(**settings))


_COLUMNS = """
select id, workspace_id, instagram_id, username, status, held_until, hold_reason, holds, proved_at,
       time_zone, takeover, paused_until, first_served, reply_delay_min, reply_delay_max,
       private_replies_per_hour, sends_per_second, intent_threshold, revision, created_at
  from public.instagram_accounts"""

_OF_WORKSPACE = f"""{_COLUMNS}
 where workspace_id = $1
   and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid))
 order by created_at, id
 limit $4
"""

_FIND = f"""{_COLUMNS} where id = $1
"""

_CONNECTION = """
select private.connection_ends(account.id) as token_ends_at, account.permissions,
       account.subscribed_fields, account.probed_at,
       (select max(event.received_at)
          from public.events event
         where event.account_id = account.id and event.workspace_id = account.workspace_id)
         as last_event_at
  from public.instagram_accounts account
 where account.id = $1
"""

# In the order of OwnersSettings.
_SET = """
update public.instagram_accounts
   set time_zone = $3, takeover = $4, paused_until = $5, first_served = $6,
       reply_delay_min = $7, reply_delay_max = $8, private_replies_per_hour = $9,
       sends_per_second = $10, intent_threshold = $11
 where id = $1 and revision = $2
returning id
"""

_OWED = """
select state, count(*)::int as n
  from public.deliveries
 where account_id = $1 and state in ('waiting', 'parked', 'ready', 'sending', 'uncertain')
 group by state
"""

_CONNECTED = """
select instagram_id, created_at
  from public.instagram_accounts
 where workspace_id = $1 and status <> 'disconnected'
"""
