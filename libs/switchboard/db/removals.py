"""
The end of a workspace: an owner asks, for a while it can be called off, then everything goes.

From the moment it is asked nothing is sent for it any more. What goes, and in which order, is
`private.rows_to_remove`; what stays, and why, is `STAYS`. A table that is in neither fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db.pool import Queryable

# What a removal waits for: a call that is under way, files that go first, somebody else at it.
WaitsFor = Literal["sending", "files", "another"]

# Those that go with the last step.
LAST: Final = ("public.instagram_accounts", "public.workspaces")
# What is no workspace's, or stays although it was.
STAYS: Final[Mapping[str, str]] = {
    "private.known_events": "made of Meta's ids: what was answered is not answered again",
    "private.forgotten": "for 40 days: what is still on its way is recorded without anybody",
    "private.deletion_requests": "Meta may ask how one stands; it names nobody",
    "private.removed_workspaces": "the installation's own log of what was deleted",
    "private.letter_deeds": "the installation's own log of dead letters, by their ids at SQS",
    "private.operators": "who runs the installation",
    "private.event_archives": "files of all tenants' days, with nobody in them",
    "private.delivery_archives": "as event_archives",
    "private.event_memory": "one row of the whole installation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """A workspace that is there, as whoever runs the installation sees it."""

    id: WorkspaceId
    name: str
    created_at: datetime
    accounts: int
    members: int
    owners: Sequence[str]
    deletion_asked_at: datetime | None
    deletion_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A workspace that is gone, or going: who asked (`None`: an operator), when, and how much."""

    workspace_id: WorkspaceId
    asked_by: UUID | None
    asked_at: datetime
    began_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """How far one step has brought it: rows removed, whether all are gone, or what it waits for."""

    removed: int
    done: bool
    waits_for: WaitsFor | None


async def ask(db: Queryable, workspace: WorkspaceId, *, name: str, grace: timedelta) -> None:
    """
    Have a workspace deleted after `grace`, as its owner, who has typed its `name`.

    Inside the envelope. One of which that was asked before keeps its day.

    Raises:
        QueryFailed: They are no owner of it, or it is called otherwise.
    """
    await db.execute("select private.delete_workspace($1, $2, $3)", workspace, name, grace)


async def call_off(db: Queryable, workspace: WorkspaceId) -> bool:
    """
    Let a workspace be, as its owner; false if nobody had asked for its deletion.

    Inside the envelope.

    Raises:
        QueryFailed: They are no owner of it, or its rows are going already.
    """
    row = await db.fetchrow("select private.keep_workspace($1) as kept", workspace)
    return row is not None and bool(row["kept"])


async def ask_as_operator(db: Queryable, workspace: WorkspaceId, *, grace: timedelta) -> None:
    """
    Have a workspace deleted after `grace`. As the role that owns the schema.

    Raises:
        QueryFailed: It is less than a day, or more than 90.
    """
    await db.execute("select private.schedule_deletion($1, null, $2)", workspace, grace)


async def call_off_as_operator(db: Queryable, workspace: WorkspaceId) -> bool:
    """
    Let a workspace be; false if nobody had asked for its deletion. As the schema's owner.

    Raises:
        QueryFailed: Its rows are going already.
    """
    row = await db.fetchrow("select private.call_off_deletion($1) as kept", workspace)
    return row is not None and bool(row["kept"])


async def living(db: Queryable) -> Sequence[Living]:
    """Return all workspaces, the oldest first. As the schema's owner."""
    rows = await db.fetch(_LIVING)
    return [Living(**{name: row[name] for name in Living.__slots__}) for row in rows]


async def gone(db: Queryable) -> Sequence[Removed]:
    """Return the workspaces that were deleted, the latest first. As the schema's owner."""
    rows = await db.fetch(_GONE)
    return [Removed(**{name: row[name] for name in Removed.__slots__}) for row in rows]


async def name_owner(db: Queryable, workspace: WorkspaceId, user: str) -> bool:
    """
    Make a user, by id or e-mail address, an owner of a workspace, whoever owned it before.

    False: there is no such user. As the schema's owner.
    """
    return bool(await db.fetch(_NAME_OWNER, workspace, user))


async def tokens_to_forget(db: Queryable) -> Sequence[UUID]:
    """Return accounts of workspaces that are to be deleted, that still have a token."""
    rows = await db.fetch("select account_id from private.tokens_to_forget()")
    return [row["account_id"] for row in rows]


async def due(db: Queryable, *, most: int) -> Sequence[WorkspaceId]:
    """Return so many workspaces that are to be deleted now, the longest due first."""
    rows = await db.fetch("select workspace_id from private.workspaces_to_remove($1)", most)
    return [WorkspaceId(row["workspace_id"]) for row in rows]


async def begin(db: Queryable, workspace: WorkspaceId) -> Sequence[AccountId]:
    """
    Begin to delete a workspace that is due, or go on; return the accounts Redis must forget first.

    Those that nobody else has connected: what Redis knows, it knows by Instagram's id. None, once
    rows have gone.

    Raises:
        QueryFailed: It is not due: it was called off in this moment.
    """
    rows = await db.fetch("select instagram_id from private.begin_removing($1)", workspace)
    return [AccountId(row["instagram_id"]) for row in rows]


async def remove(db: Queryable, workspace: WorkspaceId, *, most: int) -> Step:
    """Delete so many rows of a workspace with which was begun; of none left, the workspace."""
    row = await db.fetchrow("select * from private.remove_workspace($1, $2)", workspace, most)
    assert row is not None  # a function returns or raises
    return Step(row["removed"], row["done"], row["waits_for"])


_LIVING = """
select workspace.id, workspace.name, workspace.created_at, workspace.deletion_asked_at,
       workspace.deletion_due_at,
       (select count(*)::int from public.instagram_accounts account
         where account.workspace_id = workspace.id) as accounts,
       (select count(*)::int from public.memberships membership
         where membership.workspace_id = workspace.id) as members,
       (select coalesce(array_agg(coalesce(one.email, one.id::text) order by membership.created_at),
                        '{}')
          from public.memberships membership
          join auth.users one on one.id = membership.user_id
         where membership.workspace_id = workspace.id and membership.role = 'owner') as owners
  from public.workspaces workspace
 order by workspace.created_at, workspace.id
"""

_NAME_OWNER = """
insert into public.memberships as known (workspace_id, user_id, role)
select $1, id, 'owner' from auth.users where id::text = $2 or lower(email) = lower($2)
on conflict (workspace_id, user_id) do update set role = 'owner'
returning user_id
"""

_GONE = """
select workspace_id, asked_by, asked_at, began_at, finished_at, counts
  from private.removed_workspaces
 order by began_at desc, id
"""
