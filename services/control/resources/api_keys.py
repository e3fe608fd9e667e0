"""API keys: what a workspace's own programs call with."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from services.control.asked import Body, Moment
from services.control.envelope import Afterwards, Tx, Who, resource
from services.control.keys import NewKey
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import Fault, invalid, not_found
from services.control.repeats import IdempotencyKey
from services.control.resources.workspaces import Name
from services.control.sessions import SIGNED_IN
from services.control.within import WithinAsAdmin
from switchboard.clock import utc_now
from switchboard.db import api_keys

router = resource("/workspaces/{workspace_id}/api-keys", "API keys")

_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])
KeyRole = Literal["viewer", "editor", "admin"]


class ApiKey(BaseModel):
    """A key, by its first characters; `last_used_at` is true to about a minute."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    prefix: str
    role: KeyRole
    created_by: UUID
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeyMade(ApiKey):
    """A new key, with the `key` itself: shown this once; null if the request is sent again."""

    key: str | None


class ApiKeyWanted(Body):
    """A key as somebody wants it: what it may do is what a member of its role may."""

    name: Name
    role: KeyRole = "viewer"
    expires_at: Moment | None = None


@router.get("")
async def list_api_keys(
    workspace: WithinAsAdmin, tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[ApiKey]:
    """List a workspace's keys, revoked ones too, the newest first; an admin may."""
    found = await api_keys.listed(tx, workspace, after=_CURSORS.read(cursor), limit=limit + 1)
    return _CURSORS.page(found, limit, lambda one: (one.created_at, one.id), ApiKey.model_validate)


@router.post("", status_code=HTTPStatus.CREATED, dependencies=[SIGNED_IN])
async def make_api_key(
    workspace: WithinAsAdmin,
    wanted: ApiKeyWanted,
    *,
    tx: Tx,
    who: Who,
    afterwards: Afterwards,
    response: Response,
    _key: IdempotencyKey = None,
) -> ApiKeyMade:
    """
    Make a key, which is shown this once: send it as `Authorization: Bearer sb_...`.

    It belongs to the workspace and goes on when you leave. An admin makes keys; a key makes none.
    """
    if wanted.expires_at is not None and wanted.expires_at <= utc_now():
        raise invalid(Fault(pointer="/expires_at", message="It would be over already."))
    drawn = NewKey.draw()
    made = await api_keys.make(
        tx,
        workspace,
        name=wanted.name,
        role=wanted.role,
        prefix=drawn.prefix,
        key_hash=drawn.hash,
        created_by=who.user_id,
        expires_at=wanted.expires_at,
    )
    afterwards.show_once(drawn.key)
    response.headers["Location"] = f"/v1/workspaces/{workspace}/api-keys/{made.id}"
    return ApiKeyMade(**ApiKey.model_validate(made).model_dump(), key=drawn.key)


@router.delete("/{key_id}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_api_key(workspace: WithinAsAdmin, key_id: UUID, tx: Tx) -> None:
    """Revoke a key for ever; from then on it opens nothing. An admin may."""
    if not await api_keys.revoke(tx, workspace, key_id):
        raise not_found("API key")
