"""
Logins at Instagram: who began one, and the account that it connects.

An Instagram account leads to one connected account of ours, in one workspace. A unique index holds
that; what is asked here before is for a better answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db import connections
from switchboard.db.credentials import Sealed, Vault
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Queryable, Transaction
from switchboard.errors import Failure

_UNIQUE_VIOLATION: Final = "23505"


class ConnectedElsewhere(Failure):
    """The Instagram account is connected in another workspace; which one is nobody's business."""

    reason = "connected_elsewhere"


class AnotherAccount(Failure):
    """The login was for an account, and its owner chose another one on Instagram's page."""

    reason = "another_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A login that somebody began; `account` is to be connected again, `None`: a new one."""

    workspace_id: WorkspaceId
    user_id: UUID
    account: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What Instagram has proved: whose the token is, and what it may do (`None`: not said)."""

    instagram_id: AccountId
    app_scoped_id: str | None
    username: str
    permissions: Iterable[str] | None


async def begin(
    db: Queryable,
    state_hash: bytes,
    *,
    workspace: WorkspaceId,
    user: UUID,
    account: UUID | None,
) -> datetime:
    """
    Keep that `user`, who must be an admin, began a login; return until when it may be completed.

    Raises:
        QueryFailed: They may not, or there is no such account in the workspace.
    """
    await db.execute(_BEGIN, state_hash, workspace, user, account)
    row = await db.fetchrow("select now() + interval '10 minutes' as until")
    assert row is not None
    until: datetime = row["until"]
    return until


async def use(db: Queryable, state_hash: bytes) -> Begun | None:
    """Return who began the login with that state, once and in time. As the API itself."""
    row = await db.fetchrow("select * from private.use_login_state($1)", state_hash)
    if row is None:
        return None
    return Begun(
        workspace_id=WorkspaceId(row["workspace_id"]),
        user_id=row["user_id"],
        account=row["account_id"],
    )


async def connect(
    db: Transaction,
    begun: Begun,
    proved: Proved,
    *,
    vault: Vault,
    token: str,
    expires_at: datetime,
) -> UUID:
    """
    Connect what Instagram has `proved` to the workspace of `begun`; return its id.

    One that was in the workspace before goes on where it was: its people, campaigns and ledger. As
    `switchboard_caretaker`.

    Raises:
        ConnectedElsewhere: Another workspace has it.
        AnotherAccount: It is not the account that was to be connected again.
    """
    account = await _place(db, begun, proved)
    permissions = None if proved.permissions is None else sorted(proved.permissions)
    try:
        await db.execute(
            _UPSERT,
            account,
            begun.workspace_id,
            proved.instagram_id,
            proved.app_scoped_id,
            proved.username,
            permissions,
        )
    except QueryFailed as failure:
        if failure.refusal is not None and failure.refusal.state == _UNIQUE_VIOLATION:
            raise ConnectedElsewhere("it was connected elsewhere in this moment") from failure
        raise
    await connections.reconnect(db, account, vault.seal(token, account), expires_at)
    return account


async def forget_token(db: Queryable, account: UUID) -> None:
    """Keep no token of `account`."""
    await db.execute("delete from private.instagram_credentials where account_id = $1", account)


async def token_of(db: Queryable, account: UUID) -> tuple[AccountId, Sealed] | None:
    """Return the token of `account`, whether it is connected or not."""
    row = await db.fetchrow(_SEALED, account)
    if row is None:
        return None
    sealed = Sealed(row["key_id"], row["nonce"], row["ciphertext"])
    return AccountId(row["instagram_id"]), sealed


async def disconnect(db: Queryable, account: UUID) -> bool:
    """Disconnect an account, as its admin; false if there is none that they may."""
    row = await db.fetchrow("select private.disconnect_account($1) as done", account)
    return row is not None and bool(row["done"])


async def of_app_user(db: Queryable, user_id: str) -> list[UUID]:
    """Return the accounts that Meta means by an app user's id: either of an account's two."""
    return [row["id"] for row in await db.fetch(_OF_APP_USER, user_id)]


async def _place(db: Transaction, begun: Begun, proved: Proved) -> UUID:
    """Return the id the account has or gets in the workspace."""
    rows = await db.fetch(_KNOWN, proved.instagram_id, begun.workspace_id)
    if any(row["status"] != "disconnected" and not row["ours"] for row in rows):
        raise ConnectedElsewhere("another workspace has it")
    ours = [UUID(str(row["id"])) for row in rows if row["ours"]]
    if begun.account is None:
        return ours[0] if ours else uuid4()
    if begun.account not in ours:
        raise AnotherAccount(f"account {begun.account} is another one")
    return begun.account


_BEGIN = """
insert into private.login_states (state_hash, workspace_id, user_id, account_id)
values ($1, $2, $3, $4)
"""

# A connected one before one that was disconnected, the newest of those.
_KNOWN = """
select id, status, workspace_id = $2 as ours
  from public.instagram_accounts
 where instagram_id = $1
 order by status = 'disconnected', id
"""

_UPSERT = """
insert into public.instagram_accounts as stored (
  id, workspace_id, instagram_id, app_scoped_id, username, permissions)
values ($1, $2, $3, $4, $5, $6::text[])
on conflict (id) do update
   set app_scoped_id = coalesce(excluded.app_scoped_id, stored.app_scoped_id),
       username = excluded.username,
       permissions = excluded.permissions,
       status = 'connected'
"""

_SEALED = """
select account.instagram_id, credential.key_id, credential.nonce, credential.ciphertext
  from private.instagram_credentials credential
  join public.instagram_accounts account on account.id = credential.account_id
 where credential.account_id = $1
"""

_OF_APP_USER = """
select id
  from public.instagram_accounts
 where (app_scoped_id = $1 or instagram_id = $1) and status <> 'disconnected'
 order by id
"""
