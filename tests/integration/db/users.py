"""Acting as a user of the dashboard, the way its API does."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Literal
from uuid import UUID, uuid4

from switchboard.db.pool import Database, Transaction
from tests.integration.db.town import Shop

Role = Literal["viewer", "editor", "admin", "owner"]


async def hire(owner: Database, shop: Shop, role: Role) -> UUID:
    """Return a new user, who is `role` in `shop`'s workspace."""
    user = uuid4()
    await owner.execute("insert into auth.users (id) values ($1)", user)
    await log_in(owner, user)
    await owner.execute(
        "insert into public.memberships (workspace_id, user_id, role) values ($1, $2, $3)",
        shop.workspace,
        user,
        role,
    )
    return user


async def log_in(owner: Database, user: UUID) -> None:
    """Let there be the session that tokens of the user's are of."""
    await owner.execute("insert into auth.sessions (id, user_id) values ($1, $1)", user)


async def log_out(owner: Database, user: UUID) -> None:
    """Let it be over, though the tokens are not."""
    await owner.execute("delete from auth.sessions where user_id = $1", user)


@contextlib.asynccontextmanager
async def acting_as(api: Database, user: UUID) -> AsyncIterator[Transaction]:
    """One transaction as `user`; what it did is kept unless it fails."""
    async with _with_claims(api, sub=user) as tx:
        yield tx


@contextlib.asynccontextmanager
async def acting_by_key(api: Database, key: UUID) -> AsyncIterator[Transaction]:
    """One transaction as a program with the API key `key`; what it did is kept unless it fails."""
    async with _with_claims(api, api_key_id=key) as tx:
        yield tx


async def sign_up(owner: Database, email: str, *, confirmed: bool = True) -> UUID:
    """Return a new user, who belongs to no workspace."""
    row = await owner.fetchrow(
        """insert into auth.users (email, email_confirmed_at)
           values ($1, case when $2 then now() end) returning id""",
        email,
        confirmed,
    )
    assert row is not None
    user: UUID = row["id"]
    return user


@contextlib.asynccontextmanager
async def _with_claims(api: Database, **claims: UUID) -> AsyncIterator[Transaction]:
    async with api.transaction() as tx:
        await tx.execute(
            """
            select set_config('role', 'authenticated', true),
                   set_config('request.jwt.claims', $1, true)
            """,
            json.dumps({name: str(value) for name, value in claims.items()}),
        )
        yield tx
