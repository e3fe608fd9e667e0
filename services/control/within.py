"""
The workspace that an operation is within: its caller sees it, and is in it what is asked for.

What a caller may read and write is decided by policies, row by row; but a list of which they see
no row looks like an empty one. So it is asked first whether there is a workspace for them at all,
and whether such a list is theirs to see; the database answers that, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends

from services.control.envelope import Tx
from services.control.problems import forbidden, not_found
from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable
from switchboard.db.rights import standing
from switchboard.db.workspaces import Role

_WHO: Final = {
    "viewer": "Its members",
    "editor": "Its editors, admins and owners",
    "admin": "Its admins and owners",
    "owner": "Its owners",
}


def _within(at_least: Role) -> Callable[[UUID, Tx], Awaitable[WorkspaceId]]:
    """Return what gives the workspace of the path to a caller who is `at_least` that in it."""

    async def workspace(workspace_id: UUID, tx: Tx) -> WorkspaceId:
        return await require(tx, workspace_id, at_least)

    return workspace


async def require(tx: Queryable, workspace_id: UUID, at_least: Role) -> WorkspaceId:
    """
    Return the workspace, for a caller who is `at_least` that in it.

    Raises:
        Declined: They are not.
    """
    found = await standing(tx, WorkspaceId(workspace_id), at_least)
    if not found.seen:
        raise not_found("workspace")
    if not found.enough:
        raise forbidden(f"{_WHO[at_least]} may.")
    return WorkspaceId(workspace_id)


Within = Annotated[WorkspaceId, Depends(_within("viewer"))]
WithinAsEditor = Annotated[WorkspaceId, Depends(_within("editor"))]
WithinAsAdmin = Annotated[WorkspaceId, Depends(_within("admin"))]
