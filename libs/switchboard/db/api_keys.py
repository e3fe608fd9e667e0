"""
The keys that a workspace's programs call with.

What a key is for is decided as for users: by the policies, by what the key is now. Making, listing
and revoking run inside the envelope; whose a key is must be known before that, so the API asks it
as itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable, Row
from switchboard.db.workspaces import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key, by its first characters; `last_used_at` is true to about a minute."""

    id: UUID
    name: str
    prefix: str
    role: Role
    created_by: UUID
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """The key that calls, as its program may see it."""

    id: UUID
    workspace_id: WorkspaceId
    name: str
    prefix: str
    role: Role
    expires_at: datetime | None


async def listed(
    db: Queryable, workspace: WorkspaceId, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[ApiKey]:
    """Return up to `limit` of a workspace's keys, revoked ones too, the newest first."""
    rows = await db.fetch(_LISTED, workspace, *(after or (None, None)), limit)
    return [_key(row) for row in rows]


async def make(
    db: Queryable,
    workspace: WorkspaceId,
    *,
    name: str,
    role: Role,
    prefix: str,
    key_hash: bytes,
    created_by: UUID,
    expires_at: datetime | None,
) -> ApiKey:
    """
    Keep a new key, by its hash.

    Raises:
        QueryFailed: The caller is no admin of the workspace, or is a key.
    """
    row = await db.fetchrow(_MAKE, workspace, name, role, prefix, key_hash, created_by, expires_at)
    assert row is not None  # an insert returns its row or raises
    return _key(row)


async def revoke(db: Queryable, workspace: WorkspaceId, key: UUID) -> bool:
    """Revoke a key for ever; false if there is none that the caller may revoke."""
    return await db.fetchrow(_REVOKE, workspace, key) is not None


async def whose(db: Queryable, key_hash: bytes) -> UUID | None:
    """Return the id of the key with that SHA-256, if it holds, and note that it was used."""
    row = await db.fetchrow("select id from private.use_api_key($1)", key_hash)
    return None if row is None else row["id"]


async def own(db: Queryable) -> OwnKey | None:
    """Return the key that calls; `None`: a user does."""
    row = await db.fetchrow(_OWN)
    return None if row is None else OwnKey(**{name: row[name] for name in OwnKey.__slots__})


def _key(row: Row) -> ApiKey:
    return ApiKey(**{name: row[name] for name in ApiKey.__slots__})


_OWN = """
select id, workspace_id, name, prefix, role::text, expires_at from private.my_api_key()
"""

_LISTED = """
select id, name, prefix, role::text, created_by, created_at, expires_at, last_used_at, revoked_at
  from public.api_keys
 where workspace_id = $1
   and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
 order by created_at desc, id desc
 limit $4
"""

_MAKE = """
insert into public.api_keys (workspace_id, name, role, prefix, key_hash, created_by, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
returning id, name, prefix, role::text, created_by, created_at, expires_at, last_used_at, revoked_at
"""

# One that is revoked stays revoked since it was.
_REVOKE = """
update public.api_keys
   set revoked_at = coalesce(revoked_at, now())
 where workspace_id = $1 and id = $2
returning id
"""
