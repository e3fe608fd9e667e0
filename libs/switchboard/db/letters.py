"""
What becomes of dead letters, in the logs of the workspaces they belonged to.

Inside the envelope, or for the role that owns the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from switchboard.contracts import AccountId
from switchboard.db.pool import Queryable

Deed = Literal["sent_back", "discarded"]


async def note(db: Queryable, queue: str, deed: Deed, many: Mapping[AccountId, int]) -> None:
    """
    Note what was done with so many letters of each account; those of nobody's are in no log.

    Raises:
        QueryFailed: There are letters among them that are not the caller's to deal with.
    """
    if many:
        await db.execute("select private.note_letters($1, $2, $3::jsonb)", queue, deed, dict(many))
