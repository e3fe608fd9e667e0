"""
Requests of Meta's that an owner's data be deleted: kept with a hash of whom, until it is done.

As `switchboard_caretaker`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from switchboard.contracts import AccountId, PersonId
from switchboard.db.pool import Queryable

State: TypeAlias = Literal["received", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its status page shows it."""

    state: State
    received_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Open:
    """A request that is not done, and the accounts it is about."""

    confirmation_code: str
    accounts: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A person of an account who was forgotten; or not yet, as something is on its way to them."""

    instagram_id: AccountId
    person: PersonId
    left_over: bool


async def ask(db: Queryable, code: str, user_id: str) -> None:
    """Keep that Meta asked, under a confirmation `code`, that `user_id` be forgotten."""
    await db.execute(_ASK, code, hashlib.sha256(user_id.encode()).digest())


async def status(db: Queryable, code: str) -> Asked | None:
    """Return how the request with that confirmation code stands."""
    row = await db.fetchrow(_STATUS, code)
    return None if row is None else Asked(row["state"], row["received_at"], row["finished_at"])


async def open_requests(db: Queryable, *, limit: int) -> Sequence[Open]:
    """Return requests that are not done, the oldest first."""
    rows = await db.fetch(_OPEN, limit)
    return [Open(row["confirmation_code"], tuple(row["accounts"])) for row in rows]


async def forget(db: Queryable, account: UUID, *, most: int) -> Sequence[Forgotten]:
    """Forget so many people of `account`; with nobody left, the account, and nobody is returned."""
    rows = await db.fetch(_FORGET, account, most)
    return [
        Forgotten(
            AccountId(row["instagram_id"]), PersonId(row["person_id"]), left_over=row["left_over"]
        )
        for row in rows
    ]


async def stands(db: Queryable, code: str, state: State) -> None:
    """Record how a request stands; one that is done stays so."""
    await db.execute(_STANDS, code, state)


_ASK = """
insert into private.deletion_requests (confirmation_code, app_scoped_id_hash) values ($1, $2)
"""

_STATUS = """
select state, received_at, finished_at
  from private.deletion_requests
 where confirmation_code = $1
"""

_OPEN = """
select confirmation_code, private.accounts_of_app_user(app_scoped_id_hash) as accounts
  from private.deletion_requests
 where state <> 'done'
 order by received_at
 limit $1
"""

_FORGET = """
select account.instagram_id, forgotten.person_id, forgotten.left_over
  from public.instagram_accounts account
 cross join lateral private.forget_account(account.id, $2) forgotten
 where account.id = $1
"""

_STANDS = """
update private.deletion_requests
   set state = $2, finished_at = case when $2 = 'done' then now() end
 where confirmation_code = $1 and state <> 'done'
"""
