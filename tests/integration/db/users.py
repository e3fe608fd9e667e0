"""Acting as a user of the dashboard, the way its API does."""

from __future__ import annotations

import contextlib
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
    await owner.execute(
        "insert into public.memberships (workspace_id, user_id, role) values ($1, $2, $3)",
        shop.workspace,
        user,
        role,
    )
    return user


@contextlib.asynccontextmanager
async def acting_as(api: Database, user: UUID) -> AsyncIterator[Transaction]:
    """One transaction as `user`; what it did is kept unless it fails."""
    async with api.transaction() as tx:
        await tx.execute(
            """
            select set_config('role', 'authenticated', true),
                   set_config('request.jwt.claims', json_build_object('sub', $1::text)::text, true)
            """,
            str(user),
        )
        yield tx
