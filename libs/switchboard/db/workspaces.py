"""Workspaces as their members see them. Run inside the envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable, Row

Role = Literal["viewer", "editor", "admin", "owner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace, and what the one who asks is in it."""

    id: WorkspaceId
    name: str
    role: Role
    revision: int
    created_at: datetime


async def mine(
    db: Queryable, user: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Workspace]:
    """Return up to `limit` of the workspaces that `user` is a member of, the oldest first."""
    rows = await db.fetch(_MINE, user, *(after or (None, None)), limit)
    return [_workspace(row) for row in rows]


async def find(db: Queryable, user: UUID, workspace: WorkspaceId) -> Workspace | None:
    """Return a workspace that `user` is a member of."""
    row = await db.fetchrow(_FIND, user, workspace)
    return None if row is None else _workspace(row)


async def begin(db: Queryable, name: str) -> WorkspaceId:
    """Begin a workspace, which the one who asks owns."""
    row = await db.fetchrow("select private.create_workspace($1) as id", name)
    assert row is not None  # a function returns or raises
    return WorkspaceId(row["id"])


async def rename(db: Queryable, workspace: WorkspaceId, name: str, *, revision: int) -> bool:
    """Rename a workspace that is at `revision`; false if it is not, or not theirs to rename."""
    return await db.fetchrow(_RENAME, workspace, name, revision) is not None


def _workspace(row: Row) -> Workspace:
    return Workspace(**{name: row[name] for name in Workspace.__slots__})


_COLUMNS = """
select workspace.id, workspace.name, membership.role::text, workspace.revision,
       workspace.created_at
  from public.memberships membership
  join public.workspaces workspace on workspace.id = membership.workspace_id
 where membership.user_id = $1"""

_MINE = f"""{_COLUMNS}
   and ($2::timestamptz is null or (workspace.created_at, workspace.id) > ($2, $3::uuid))
 order by workspace.created_at, workspace.id
 limit $4
"""

_FIND = f"""{_COLUMNS} and workspace.id = $2
"""

_RENAME = """
update public.workspaces set name = $2 where id = $1 and revision = $3 returning id
"""
