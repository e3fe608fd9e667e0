"""
Alerts: what a person should know or do about an account, while it is true.

Raising one that is open already only renews it, so whoever finds something true may say so each
time. Any number of services may raise and resolve the same one at once. What each kind says, and
whether the next thing that Meta takes of the account ends it, is in `rules.alerts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable
from switchboard.rules.alerts import ALERTS, AlertKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as it stands; `subject` is empty where an account has at most one of its kind."""

    id: UUID
    account: UUID
    kind: str
    subject: str
    detail: Mapping[str, Any]
    raised_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Over:
    """An alert that is over."""

    kind: str
    subject: str


async def raise_alert(
    db: Queryable, account: UUID, kind: AlertKind, *, subject: str = "", detail: Mapping[str, Any]
) -> bool:
    """Say that something is true of `account` now; true if nobody had said so yet."""
    row = await db.fetchrow(_RAISE, account, kind, subject, detail, ALERTS[kind].over_after)
    return row is not None and bool(row["new"])


async def resolve(db: Queryable, account: UUID, kind: AlertKind, *, subject: str = "") -> bool:
    """Say that it is no longer true; true if it was open."""
    return await db.fetchrow(_RESOLVE, account, kind, subject) is not None


async def end_by_success(db: Queryable, account: UUID) -> Sequence[Over]:
    """End, and return, what is over now that Meta has taken something of `account`."""
    return [Over(row["kind"], row["subject"]) for row in await db.fetch(_END, account)]


async def open_alerts(db: Queryable, account: UUID | None = None) -> Sequence[Alert]:
    """Return what is open of one account, or of all, oldest first."""
    rows = await db.fetch(_OPEN, account)
    return [Alert(**{name: row[name] for name in Alert.__slots__}) for row in rows]


async def of_workspace(
    db: Queryable,
    workspace: WorkspaceId,
    *,
    with_over: bool,
    account: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Alert]:
    """Return up to `limit` of a workspace's alerts, raised last first; on request those over."""
    rows = await db.fetch(
        _OF_WORKSPACE, workspace, with_over, account, *(after or (None, None)), limit
    )
    return [Alert(**{name: row[name] for name in Alert.__slots__}) for row in rows]


# A row that was there is seen later than it was raised.
_RAISE = """
insert into public.alerts as alert (workspace_id, account_id, kind, subject, detail, over_after)
select account.workspace_id, account.id, $2, $3, $4::jsonb, $5
  from public.instagram_accounts account
 where account.id = $1
on conflict (account_id, kind, subject) where resolved_at is null do update
   set detail = $4::jsonb, over_after = $5, seen_at = now()
returning alert.raised_at = alert.seen_at as new
"""

_RESOLVE = """
update public.alerts
   set resolved_at = now()
 where account_id = $1 and kind = $2 and subject = $3 and resolved_at is null
returning id
"""

_END = """
update public.alerts
   set resolved_at = now()
 where account_id = $1 and resolved_at is null and seen_at + over_after <= now()
returning kind, subject
"""

_OF_WORKSPACE = """
select id, account_id as account, kind, subject, detail, raised_at, resolved_at
  from public.alerts
 where workspace_id = $1
   and ($2 or resolved_at is null)
   and ($3::uuid is null or account_id = $3)
   and ($4::timestamptz is null or (raised_at, id) < ($4, $5::uuid))
 order by raised_at desc, id desc
 limit $6
"""

_OPEN = """
select id, account_id as account, kind, subject, detail, raised_at, resolved_at
  from public.alerts
 where resolved_at is null and ($1::uuid is null or account_id = $1)
 order by raised_at, id
"""
