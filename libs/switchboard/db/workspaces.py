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
    """
    A workspace, and what the one who asks is in it.

    `deletion_due_at`: from then on it is deleted, unless that is called off. Who asked for it is
    `None` if it was whoever runs the installation.
    """

    id: WorkspaceId
    name: str
    role: Role
    revision: int
    created_at: datetime
    deletion_asked_at: datetime | None
    deletion_asked_by: UUID | None
    deletion_due_at: datetime | None


async def mine(
    db: Queryable, user: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Workspace]:
    """Return up to `limit` of the workspaces that `user`, or a key, is in, the oldest first."""
    rows = await db.fetch(_MINE, user, *(after or (None, None)), limit)
    return [_workspace(row) for row in rows]


async def find(db: Queryable, user: UUID, workspace: WorkspaceId) -> Workspace | None:
    """Return a workspace that `user`, or a key, is in."""
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


# A key is no member; what it is there is told by where it may do what.
_COLUMNS = """
select workspace.id, workspace.name, workspace.revision, workspace.created_at,
       workspace.deletion_asked_at, workspace.deletion_asked_by, workspace.deletion_due_at,
       coalesce(membership.role,
                (select max(role)
                   from unnest(enum_range(null::public.member_role)) role
                  where workspace.id = any (private.my_workspace_ids(role))))::text as role
  from public.workspaces workspace
  left join public.memberships membership
    on membership.workspace_id = workspace.id and membership.user_id = $1
 where workspace.id = any ((select private.my_workspace_ids('viewer'))::uuid[])"""

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
