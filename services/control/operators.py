"""
Those who run the installation, and may see what spans all tenants.

Who that is stands in a table that nothing of the API writes: `switchboard operators`. It gives no
right to any tenant's rows; what an operator may see besides, a function of ours gives after asking
the database, under the caller's claims, whether they are one.
"""

from __future__ import annotations

from typing import Final

from fastapi import Depends

from services.control.envelope import Tx
from services.control.problems import forbidden
from switchboard.db.pool import Queryable
from switchboard.db.rights import is_operator


async def require_operator(tx: Queryable) -> None:
    """
    Refuse whoever does not run the installation; a program with a key never does.

    Raises:
        Declined: They do not.
    """
    if not await is_operator(tx):
        raise forbidden("Those who run the installation may.")


async def _operator(tx: Tx) -> None:
    await require_operator(tx)


# For the `dependencies` of an operation.
OPERATOR: Final = Depends(_operator)
