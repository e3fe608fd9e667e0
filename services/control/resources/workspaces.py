"""Workspaces: which one is a member of, beginning one, renaming one."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.control.asked import Body
from services.control.envelope import Tx, Who, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import not_found
from services.control.repeats import IdempotencyKey
from services.control.revisions import EDITED, IfMatch, require, tag, unwritten
from services.control.tokens import Caller
from switchboard.contracts import WorkspaceId
from switchboard.db import workspaces
from switchboard.db.workspaces import Role

router = resource("/workspaces", "workspaces")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])


class Workspace(BaseModel):
    """A workspace, and what you are in it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    role: Role
    revision: int
    created_at: datetime


class WorkspaceWanted(Body):
    """A workspace as somebody wants it to be."""

    name: Name


@router.get("")
async def list_workspaces(
    tx: Tx, who: Who, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Workspace]:
    """List the workspaces you are a member of, the oldest first."""
    after = _CURSORS.read(cursor)
    found = await workspaces.mine(tx, who.user_id, after=after, limit=limit + 1)
    return _CURSORS.page(
        found, limit, lambda one: (one.created_at, one.id), Workspace.model_validate
    )


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


async def _shown(tx: Tx, who: Caller, workspace: WorkspaceId, response: Response) -> Workspace:
    found = await workspaces.find(tx, who.user_id, workspace)
    if found is None:
        raise not_found("workspace")
    tag(response, found.revision)
    return Workspace.model_validate(found)
