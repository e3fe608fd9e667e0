"""Who belongs to a workspace, and who is asked into it. Run inside the envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable, Row
from switchboard.db.workspaces import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who belongs to a workspace."""

    user_id: UUID
    email: str | None
    role: Role
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Somebody who was asked into a workspace; what proves it was shown once, to who asked."""

    id: UUID
    email: str
    role: Role
    invited_by: UUID
    created_at: datetime
    expires_at: datetime


async def members(
    db: Queryable, workspace: WorkspaceId, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Member]:
    """Return up to `limit` of a workspace's members, the first one first."""
    rows = await db.fetch(_MEMBERS, workspace, *(after or (None, None)), limit)
    return [_member(row) for row in rows]


async def member(db: Queryable, workspace: WorkspaceId, user: UUID) -> Member | None:
    """Return one member of a workspace."""
    row = await db.fetchrow(_MEMBER, workspace, user)
    return None if row is None else _member(row)


async def set_role(db: Queryable, workspace: WorkspaceId, user: UUID, role: Role) -> bool:
    """Make a member `role`; false if there is none whose role is the caller's to change."""
    return await db.fetchrow(_SET_ROLE, workspace, user, role) is not None


async def remove(db: Queryable, workspace: WorkspaceId, user: UUID) -> bool:
    """End a membership; false if there is none that the caller may end."""
    return await db.fetchrow(_REMOVE, workspace, user) is not None


async def invite(
    db: Queryable,
    workspace: WorkspaceId,
    *,
    email: str,
    role: Role,
    token_hash: bytes,
    invited_by: UUID,
) -> Invitation:
    """Ask the owner of `email` into a workspace; an invitation that is over makes place for it."""
    await db.execute(_CLEAR, workspace, email)
    row = await db.fetchrow(_INVITE, workspace, email, role, token_hash, invited_by)
    assert row is not None  # an insert returns or raises
    return _invitation(row)


async def invitations(
    db: Queryable, workspace: WorkspaceId, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Invitation]:
    """Return up to `limit` of those who have not answered yet, the first one first."""
    rows = await db.fetch(_INVITATIONS, workspace, *(after or (None, None)), limit)
    return [_invitation(row) for row in rows]


async def withdraw(db: Queryable, workspace: WorkspaceId, invitation: UUID) -> bool:
    """Take an invitation back; false if there is none that the caller may take back."""
    return await db.fetchrow(_WITHDRAW, workspace, invitation) is not None


async def accept(db: Queryable, token_hash: bytes) -> WorkspaceId:
    """
    Make the caller a member by an invitation; return of which workspace.

    Raises:
        QueryFailed: It is over, or for another address than the caller's own.
    """
    row = await db.fetchrow("select private.accept_invitation($1) as workspace_id", token_hash)
    assert row is not None  # a function returns or raises
    return WorkspaceId(row["workspace_id"])


def _member(row: Row) -> Member:
    return Member(**{name: row[name] for name in Member.__slots__})


def _invitation(row: Row) -> Invitation:
    return Invitation(**{name: row[name] for name in Invitation.__slots__})


_COLUMNS = """
select membership.user_id, known.email, membership.role::text, membership.created_at as joined_at
  from public.memberships membership
  left join private.emails_of_members($1) known on known.user_id = membership.user_id
 where membership.workspace_id = $1"""

_MEMBERS = f"""{_COLUMNS}
   and ($2::timestamptz is null or (membership.created_at, membership.user_id) > ($2, $3::uuid))
 order by membership.created_at, membership.user_id
 limit $4
"""

_MEMBER = f"""{_COLUMNS} and membership.user_id = $2
"""

_SET_ROLE = """
update public.memberships
   set role = $3::public.member_role
 where workspace_id = $1 and user_id = $2
returning user_id
"""

_REMOVE = """
delete from public.memberships where workspace_id = $1 and user_id = $2 returning user_id
"""

_CLEAR = """
delete from public.invitations
 where workspace_id = $1 and email = $2 and accepted_at is null and expires_at <= now()
"""

_INVITE = """
insert into public.invitations (workspace_id, email, role, token_hash, invited_by)
values ($1, $2, $3::public.member_role, $4, $5)
returning id, email, role::text, invited_by, created_at, expires_at
"""

_INVITATIONS = """
select id, email, role::text, invited_by, created_at, expires_at
  from public.invitations
 where workspace_id = $1 and accepted_at is null
   and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid))
 order by created_at, id
 limit $4
"""

_WITHDRAW = """
delete from public.invitations
 where workspace_id = $1 and id = $2 and accepted_at is null
returning id
"""
