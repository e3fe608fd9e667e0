"""
What somebody who has signed out can no longer do, although their access token is still good.

A token is believed until it is over, up to an hour after its user has signed out. What cannot be
undone, and what would outlive the token, asks whether the session it is of still exists.
"""

from __future__ import annotations

from typing import Final

from fastapi import Depends

from services.control.envelope import Tx
from services.control.problems import Declined
from switchboard.db.pool import Queryable
from switchboard.db.rights import signed_in


async def require_signed_in(tx: Queryable) -> None:
    """
    Refuse whoever has signed out; a program with a key never does.

    Raises:
        Declined: They have.
    """
    if not await signed_in(tx):
        raise Declined("unauthenticated", "You have signed out; log in again.")


async def _signed_in(tx: Tx) -> None:
    await require_signed_in(tx)


# For the `dependencies` of an operation.
SIGNED_IN: Final = Depends(_signed_in)
