"""
The envelope: one transaction under the claims of somebody who has logged in.

The role our API logs in as may read nothing. Inside the envelope it is `authenticated`, and every
policy sees the caller's claims, as behind PostgREST; outside it there is no access to be had. Both
settings are the transaction's own: on a connection that a pooler gives to the next caller, nothing
of this one is left.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from pydantic_core import to_json

from switchboard.db.pool import Database, Transaction

_ROLE: Final = "authenticated"


@contextlib.asynccontextmanager
async def acting_as(
    db: Database, claims: Mapping[str, Any], *, view: bool = False
) -> AsyncIterator[Transaction]:
    """
    Give one transaction in which `claims` are the caller's; what it did is kept unless it fails.

    `claims` must come from a token that was verified. With `view` the transaction sees one state of
    the database from its beginning to its end, and can change nothing.

    Raises:
        Unavailable: The database is away.
    """
    async with db.transaction() as tx:
        if view:
            await tx.execute("set transaction isolation level repeatable read, read only")
        await tx.execute(_ENTER, _ROLE, to_json(dict(claims)).decode())
        yield tx


_ENTER = """
select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)
"""
