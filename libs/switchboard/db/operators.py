"""
Who runs the installation, and may see by the API how all of it is.

For the role that owns the schema: nobody who comes by the API can make an operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A user who runs the installation, and the database role that said so."""

    id: UUID
    email: str | None
    added_at: datetime
    added_by: str


async def add(db: Queryable, user: str) -> bool:
    """Make a user, by id or e-mail address, an operator; false if there is no such user."""
    return bool(await db.fetch(_ADD, user))


async def remove(db: Queryable, user: str) -> bool:
    """Make a user no operator any more; false if they were none."""
    return bool(await db.fetch(_REMOVE, user))


async def all_of_them(db: Queryable) -> Sequence[Operator]:
    """Return who runs the installation, the first first."""
    rows = await db.fetch(_ALL)
    return [Operator(**{name: row[name] for name in Operator.__slots__}) for row in rows]


# An update that changes nothing, so that who is one already is found as well.
_ADD = """
insert into private.operators as known (user_id)
select id from auth.users where id::text = $1 or lower(email) = lower($1)
on conflict (user_id) do update set added_at = known.added_at
returning user_id
"""

_REMOVE = """
delete from private.operators known
 using auth.users one
 where one.id = known.user_id and (one.id::text = $1 or lower(one.email) = lower($1))
returning known.user_id
"""

_ALL = """
select one.id, one.email::text as email, known.added_at, known.added_by
  from private.operators known
  join auth.users one on one.id = known.user_id
 order by known.added_at, one.id
"""
