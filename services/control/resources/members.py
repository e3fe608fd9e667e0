"""Who belongs to a workspace, and who is asked into it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.control.asked import Body
from services.control.envelope import Afterwards, Tx, Who, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import forbidden, not_found
from services.control.repeats import IdempotencyKey
from services.control.sessions import SIGNED_IN
from switchboard.contracts import WorkspaceId
from switchboard.db import members, workspaces
from switchboard.db.workspaces import Role

router = resource("", "members")

_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])
_TOKEN_BYTES: Final = 32

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[^@\s\x00]{1,64}@[^@\s\x00]{1,190}$",
    ),
]


class Member(BaseModel):
    """Somebody who belongs to a workspace."""

    model_config = ConfigDict(from_attributes=True)

    user_id: UUID
    email: str | None
    role: Role
    joined_at: datetime


class RoleWanted(Body):
    """What a member is to be."""

    role: Role


class Invitation(BaseModel):
    """Somebody who was asked into a workspace and has not answered yet."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    role: Role
    invited_by: UUID
    created_at: datetime
    expires_at: datetime


class InvitationMade(Invitation):
    """
    An invitation, with what proves it: to be sent to their address.

    It is shown this once; null if the request is sent again.
    """

    token: str | None


class InvitationWanted(Body):
    """Somebody to ask into a workspace."""

    email: Email
    role: Role


class InvitationAnswered(Body):
    """What somebody was sent who was asked into a workspace."""

    token: str = Field(min_length=1, max_length=200)


class Joined(BaseModel):
    """The workspace somebody has come into."""

    workspace_id: UUID


@router.get("/workspaces/{workspace_id}/members")
async def list_members(
    workspace_id: UUID, tx: Tx, who: Who, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Member]:
    """List a workspace's members, the first one first."""
    workspace = await _required(tx, who.user_id, workspace_id)
    after = _CURSORS.read(cursor)
    found = await members.members(tx, workspace, after=after, limit=limit + 1)
    return _CURSORS.page(
        found, limit, lambda one: (one.joined_at, one.user_id), Member.model_validate
    )


@router.patch("/workspaces/{workspace_id}/members/{user_id}")
async def change_role(
    workspace_id: UUID, user_id: UUID, wanted: RoleWanted, tx: Tx, who: Who
) -> Member:
    """Give a member another role: an admin below owner, an owner any. One owner must remain."""
    workspace = await _required(tx, who.user_id, workspace_id)
    if await members.member(tx, workspace, user_id) is None:
        raise not_found("member")
    if not await members.set_role(tx, workspace, user_id, wanted.role):
        raise forbidden()
    found = await members.member(tx, workspace, user_id)
    return Member.model_validate(found)


@router.delete(
    "/workspaces/{workspace_id}/members/{user_id}",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[SIGNED_IN],
)
async def remove_member(workspace_id: UUID, user_id: UUID, tx: Tx, who: Who) -> None:
    """End a membership, one's own too. One owner must remain."""
    workspace = await _required(tx, who.user_id, workspace_id)
    if await members.member(tx, workspace, user_id) is None:
        raise not_found("member")
    if not await members.remove(tx, workspace, user_id):
        raise forbidden()


@router.get("/workspaces/{workspace_id}/invitations")
async def list_invitations(
    workspace_id: UUID, tx: Tx, who: Who, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Invitation]:
    """List who was asked into a workspace and has not answered; its admins may."""
    workspace = await _required(tx, who.user_id, workspace_id)
    after = _CURSORS.read(cursor)
    found = await members.invitations(tx, workspace, after=after, limit=limit + 1)
    return _CURSORS.page(
        found, limit, lambda one: (one.created_at, one.id), Invitation.model_validate
    )


@router.post("/workspaces/{workspace_id}/invitations", status_code=HTTPStatus.CREATED)
async def invite_member(
    workspace_id: UUID,
    wanted: InvitationWanted,
    *,
    tx: Tx,
    who: Who,
    afterwards: Afterwards,
    response: Response,
    _key: IdempotencyKey = None,
) -> InvitationMade:
    """
    Ask somebody into a workspace. The token is shown this once: send it to their address.

    It can be used once, by whoever has logged in with that address and confirmed it, for 7 days,
    while you could still make them a member yourself.
    """
    workspace = await _required(tx, who.user_id, workspace_id)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    made = await members.invite(
        tx,
        workspace,
        email=wanted.email,
        role=wanted.role,
        token_hash=_hash(token),
        invited_by=who.user_id,
    )
    afterwards.show_once(token)
    response.headers["Location"] = f"/v1/workspaces/{workspace}/invitations/{made.id}"
    shown = Invitation.model_validate(made)
    return InvitationMade(**shown.model_dump(), token=token)


@router.delete(
    "/workspaces/{workspace_id}/invitations/{invitation_id}", status_code=HTTPStatus.NO_CONTENT
)
async def withdraw_invitation(workspace_id: UUID, invitation_id: UUID, tx: Tx, who: Who) -> None:
    """Take an invitation back."""
    workspace = await _required(tx, who.user_id, workspace_id)
    if not await members.withdraw(tx, workspace, invitation_id):
        raise not_found("invitation")


@router.post("/invitations/accept")
async def accept_invitation(answered: InvitationAnswered, tx: Tx) -> Joined:
    """Come into the workspace you were asked into."""
    return Joined(workspace_id=await members.accept(tx, _hash(answered.token)))


async def _required(tx: Tx, user: UUID, workspace_id: UUID) -> WorkspaceId:
    workspace = WorkspaceId(workspace_id)
    if await workspaces.find(tx, user, workspace) is None:
        raise not_found("workspace")
    return workspace


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
