"""Who calls: what a dashboard, or a program with a key, asks first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.control.envelope import Tx, Who, resource
from services.control.problems import Declined
from services.control.resources.api_keys import KeyRole
from services.control.resources.workspaces import Workspace
from services.control.tokens import Caller
from switchboard.db import api_keys, workspaces
from switchboard.db.rights import is_operator

router = resource("/me", "me")

# Of somebody who is in more, an agency, the list of workspaces has the rest.
_MOST: Final = 100


class UserCalling(BaseModel):
    """Somebody who has logged in, and what is theirs."""

    kind: Literal["user"] = "user"
    id: UUID
    email: str | None = Field(description="As their access token has it.")
    is_operator: bool = Field(description="Whether they run the installation.")
    workspaces: list[Workspace] = Field(description="Those they are a member of, the oldest first.")
    has_more: bool = Field(description="There are further ones, which the list of workspaces has.")


class ProgramCalling(BaseModel):
    """A program with an API key: what the key is called, and what it may do where."""

    kind: Literal["api_key"] = "api_key"
    id: UUID
    name: str
    prefix: str = Field(description="Its first characters.")
    role: KeyRole
    expires_at: datetime | None
    workspace: Workspace


Calling = Annotated[UserCalling | ProgramCalling, Field(discriminator="kind")]


@router.get("")
async def read_me(tx: Tx, who: Who) -> Calling:
    """Read who you are: a user with their workspaces, or a program with its key."""
    key = await api_keys.own(tx)
    return await _user(tx, who) if key is None else await _program(tx, who, key)


async def _user(tx: Tx, who: Caller) -> UserCalling:
    found = await workspaces.mine(tx, who.user_id, after=None, limit=_MOST + 1)
    return UserCalling(
        id=who.user_id,
        email=who.email,
        is_operator=await is_operator(tx),
        workspaces=[Workspace.of(one) for one in found[:_MOST]],
        has_more=len(found) > _MOST,
    )


async def _program(tx: Tx, who: Caller, key: api_keys.OwnKey) -> ProgramCalling:
    workspace = await workspaces.find(tx, who.user_id, key.workspace_id)
    if workspace is None:  # revoked in this very moment
        raise Declined("unauthenticated", "There is no such API key any more.")
    return ProgramCalling(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        role=key.role,
        expires_at=key.expires_at,
        workspace=Workspace.of(workspace),
    )
