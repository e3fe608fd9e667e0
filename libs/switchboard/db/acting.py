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
from typing import Any, ClassVar, Final

from pydantic_core import to_json

from switchboard.db.errors import ReadOnly
from switchboard.db.pool import Database, Transaction
from switchboard.errors import Failure

_ROLE: Final = "authenticated"


class WroteInView(Failure):
    """What was to look only would have written."""

    reason: ClassVar[str] = "wrote_in_view"


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
        WroteInView: Something was to be written with `view`, a bug of ours.
    """
    async with db.transaction() as tx:
        if view:
            await tx.execute("set transaction isolation level repeatable read, read only")
        await tx.execute(_ENTER, _ROLE, to_json(dict(claims)).decode())
        try:
            yield tx
        except ReadOnly as failure:
            if view:
                raise WroteInView(str(failure)) from failure
            raise


_ENTER = """
select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)
"""
