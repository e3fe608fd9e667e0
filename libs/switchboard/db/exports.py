"""
Exports that somebody asked for, as an admin of the workspace sees them. Run inside the envelope.

Whoever works on them does so through `export_work`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from switchboard.contracts import WorkspaceId
from switchboard.db.ledger import storable
from switchboard.db.pool import Queryable, Row

Kind = Literal["workspace", "person", "events"]
State = Literal["asked", "running", "done", "failed", "removed"]
Because = Literal["expired", "discarded", "erased"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export: what of, and how it stands. Nobody has asked for a `snapshot`."""

    id: UUID
    kind: Kind
    account_id: UUID | None
    person_id: str | None
    state: State
    asked_by: UUID | None
    snapshot: bool
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    rows: int | None
    size_bytes: int | None
    sha256: str | None
    failure: str | None
    expires_at: datetime | None
    removed_because: Because | None


async def ask(
    db: Queryable,
    workspace: WorkspaceId,
    *,
    kind: Kind,
    account: UUID | None,
    person: str | None,
    asked_by: UUID,
) -> Export:
    """
    Ask for an export.

    Raises:
        QueryFailed: The caller is no admin, or the account not the workspace's.
    """
    named = None if person is None else storable(person)
    row = await db.fetchrow(_ASK, workspace, kind, account, named, asked_by)
    assert row is not None  # an insert returns its row or raises
    asked = await find(db, workspace, row["id"])
    assert asked is not None  # whoever may ask may see
    return asked


async def under_way(db: Queryable, workspace: WorkspaceId) -> int:
    """Return how many of a workspace's exports are still to be done."""
    row = await db.fetchrow(_UNDER_WAY, workspace)
    return 0 if row is None else int(row["under_way"])


async def listed(
    db: Queryable, workspace: WorkspaceId, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Export]:
    """Return up to `limit` of a workspace's exports, the newest first."""
    rows = await db.fetch(_LISTED, workspace, *(after or (None, None)), limit)
    return [_export(row) for row in rows]


async def find(db: Queryable, workspace: WorkspaceId, export: UUID) -> Export | None:
    """Return one of a workspace's exports."""
    row = await db.fetchrow(_FIND, workspace, export)
    return None if row is None else _export(row)


async def discard(db: Queryable, export: UUID) -> bool:
    """Let nobody have it any more; false if the caller has none of that id to discard."""
    row = await db.fetchrow("select private.discard_export($1) as discarded", export)
    return row is not None and bool(row["discarded"])


def file_name(workspace: object, export: UUID, attempt: int) -> str:
    """Return what the file of an attempt is called where exports are kept."""
    return f"{workspace}/{export}.{attempt}.zip"


def _export(row: Row) -> Export:
    return Export(**{name: row[name] for name in Export.__slots__})


_ASK = """
insert into public.exports (workspace_id, kind, account_id, person_id, asked_by)
values ($1, $2, $3, $4, $5)
returning id
"""

_UNDER_WAY = """
select count(*) as under_way
  from public.exports
 where workspace_id = $1 and state in ('asked', 'running') and not snapshot
"""

_SHOWN: Final = """
select id, kind, account_id, person_id, state, asked_by, snapshot, asked_at, started_at,
       finished_at, attempts, rows, size_bytes, sha256, failure, expires_at, removed_because
  from public.exports
"""

_LISTED: Final = f"""{_SHOWN}
 where workspace_id = $1
   and ($2::timestamptz is null or (asked_at, id) < ($2, $3::uuid))
 order by asked_at desc, id desc
 limit $4
"""

_FIND: Final = f"""{_SHOWN}
 where workspace_id = $1 and id = $2
"""
