"""Workspaces: which one is a member of, beginning one, renaming one, ending one."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field, StringConstraints

from services.control.asked import Body
from services.control.envelope import DeletionGrace, Tx, Who, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import not_found
from services.control.repeats import IdempotencyKey
from services.control.revisions import EDITED, IfMatch, require, tag, unwritten
from services.control.sessions import SIGNED_IN
from services.control.tokens import Caller
from switchboard.contracts import WorkspaceId
from switchboard.db import removals, workspaces
from switchboard.db.workspaces import Role

router = resource("/workspaces", "workspaces")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])


class Deletion(BaseModel):
    """The wish to end a workspace, until it is done or called off."""

    asked_at: datetime
    asked_by: UUID | None = Field(description="An owner; null: whoever runs the installation.")
    due_at: datetime = Field(description="Until then an owner can call it off.")


class Workspace(BaseModel):
    """A workspace, and what you are in it."""

    id: UUID
    name: str
    role: Role
    revision: int
    created_at: datetime
    deletion: Deletion | None = Field(description="Null: nobody has asked for it.")

    @classmethod
    def of(cls, stored: workspaces.Workspace) -> Self:
        """Return it as callers see it."""
        return cls(
            id=stored.id,
            name=stored.name,
            role=stored.role,
            revision=stored.revision,
            created_at=stored.created_at,
            deletion=_deletion(stored),
        )


class WorkspaceWanted(Body):
    """A workspace as somebody wants it to be."""

    name: Name


class DeletionWanted(Body):
    """That a workspace is to end: its name, typed, says which."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


@router.get("")
async def list_workspaces(
    tx: Tx, who: Who, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Workspace]:
    """List the workspaces you are a member of, the oldest first."""
    after = _CURSORS.read(cursor)
    found = await workspaces.mine(tx, who.user_id, after=after, limit=limit + 1)
    return _CURSORS.page(found, limit, lambda one: (one.created_at, one.id), Workspace.of)


@router.post("", status_code=HTTPStatus.CREATED)
async def create_workspace(
    wanted: WorkspaceWanted, tx: Tx, who: Who, response: Response, _key: IdempotencyKey = None
) -> Workspace:
    """Begin a workspace, which you own."""
    workspace = await workspaces.begin(tx, wanted.name)
    response.headers["Location"] = f"/v1/workspaces/{workspace}"
    return await _shown(tx, who, workspace, response)


@router.get("/{workspace_id}")
async def read_workspace(workspace_id: UUID, tx: Tx, who: Who, response: Response) -> Workspace:
    """Read a workspace."""
    return await _shown(tx, who, WorkspaceId(workspace_id), response)


@router.patch("/{workspace_id}", responses=EDITED)
async def rename_workspace(
    workspace_id: UUID,
    wanted: WorkspaceWanted,
    *,
    tx: Tx,
    who: Who,
    response: Response,
    if_match: IfMatch = None,
) -> Workspace:
    """Rename a workspace; its owners may."""
    workspace = WorkspaceId(workspace_id)
    stored = await _shown(tx, who, workspace, response)
    require(
        if_match,
        revision=stored.revision,
        stored=stored.model_dump(mode="json"),
        yours=wanted.model_dump(mode="json"),
    )
    if not await workspaces.rename(tx, workspace, wanted.name, revision=stored.revision):
        now = await workspaces.find(tx, who.user_id, workspace)
        raise unwritten(stored, now, "Only an owner renames a workspace.")
    return await _shown(tx, who, workspace, response)


@router.post("/{workspace_id}/deletion", dependencies=[SIGNED_IN])
async def delete_workspace(
    workspace_id: UUID,
    wanted: DeletionWanted,
    *,
    tx: Tx,
    who: Who,
    grace: DeletionGrace,
    response: Response,
    _key: IdempotencyKey = None,
) -> Workspace:
    """
    Ask for the end of a workspace, by its name; its owners may.

    At once its campaigns are paused and its accounts disconnected, and nothing more is sent. Until
    `due_at` an owner can call it off; then everything it owns is deleted, for ever.
    """
    workspace = WorkspaceId(workspace_id)
    await _shown(tx, who, workspace, response)
    await removals.ask(tx, workspace, name=wanted.name, grace=grace)
    return await _shown(tx, who, workspace, response)


@router.delete("/{workspace_id}/deletion", dependencies=[SIGNED_IN])
async def keep_workspace(workspace_id: UUID, tx: Tx, who: Who, response: Response) -> Workspace:
    """
    Call off the deletion of a workspace; its owners may. Nothing happens if nobody asked for it.

    Its accounts are to be connected again, and its campaigns resumed.
    """
    workspace = WorkspaceId(workspace_id)
    await _shown(tx, who, workspace, response)
    await removals.call_off(tx, workspace)
    return await _shown(tx, who, workspace, response)


async def _shown(tx: Tx, who: Caller, workspace: WorkspaceId, response: Response) -> Workspace:
    found = await workspaces.find(tx, who.user_id, workspace)
    if found is None:
        raise not_found("workspace")
    tag(response, found.revision)
    return Workspace.of(found)


def _deletion(stored: workspaces.Workspace) -> Deletion | None:
    if stored.deletion_asked_at is None or stored.deletion_due_at is None:
        return None
    return Deletion(
        asked_at=stored.deletion_asked_at,
        asked_by=stored.deletion_asked_by,
        due_at=stored.deletion_due_at,
    )
