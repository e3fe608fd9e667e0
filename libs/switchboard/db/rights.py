"""What the caller is in a workspace, as the policies see it. Run inside the envelope."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable
from switchboard.db.workspaces import Role


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the caller may see a workspace, and is all that was asked for in it."""

    seen: bool
    enough: bool


async def standing(db: Queryable, workspace: WorkspaceId, at_least: Role = "viewer") -> Standing:
    """Return how the caller, a user or a key, stands in `workspace`."""
    row = await db.fetchrow(_STANDING, workspace, at_least)
    assert row is not None  # a select without a table has one row
    return Standing(row["seen"], row["enough"])


async def signed_in(db: Queryable) -> bool:
    """Return whether the caller's session still is; what no session is of is never over."""
    row = await db.fetchrow("select private.is_signed_in() as holds")
    assert row is not None
    return bool(row["holds"])


async def is_operator(db: Queryable) -> bool:
    """Return whether the caller runs the installation."""
    row = await db.fetchrow("select private.is_operator() as holds")
    assert row is not None
    return bool(row["holds"])


_STANDING = """
select $1 = any (private.my_workspace_ids('viewer')) as seen,
       $1 = any (private.my_workspace_ids($2::public.member_role)) as enough
"""
