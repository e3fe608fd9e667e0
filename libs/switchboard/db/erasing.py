"""
Erasing a person from an account's rows: who they are, what they wrote, what was written to them.

The statement is `private.forget_person`, where the database itself says what goes and what stays.
What stays is that something happened and what came of it; whoever it was is called `erased` there.
What an owner made their own is theirs: an intent's example, a campaign's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from switchboard.contracts import AccountId, PersonId
from switchboard.db.ledger import storable
from switchboard.db.pool import Queryable

# Whoever was erased, in rows that must name somebody.
ERASED: Final = PersonId("erased")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """
    How many rows of a person were erased.

    `sending`: so many calls to Meta are under way for them that the rest could not be erased yet;
    what was still to be sent is called off. Ask again when a call can have ended.
    """

    sending: int
    contacts: int = 0
    events: int = 0
    deliveries: int = 0
    labels: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing of them is left."""
        return self.sending == 0


@dataclass(frozen=True, slots=True)
class Knowing:
    """An account that has rows of a person."""

    account: UUID
    instagram_id: AccountId


async def erase(db: Queryable, account: UUID, person: PersonId) -> Erased:
    """
    Erase `person` from the rows of `account`; erasing again changes nothing.

    For the role that owns the schema: whoever calls this has made sure that the person is to be
    erased.

    Raises:
        QueryFailed: That is no person's id.
    """
    return await _erase(db, "select private.forget_person($1, $2) as erased", account, person)


async def erase_as_caller(db: Queryable, account: UUID, person: PersonId) -> Erased:
    """
    Erase `person` from the rows of `account`, for the user whose claims the transaction has.

    Raises:
        QueryFailed: They are no admin of the account's workspace.
    """
    return await _erase(db, "select private.erase_person($1, $2) as erased", account, person)


async def knowing(db: Queryable, person: PersonId) -> Sequence[Knowing]:
    """Return the accounts that have rows of `person`, whom Meta names without saying whose."""
    return [Knowing(row["id"], row["instagram_id"]) for row in await db.fetch(_KNOWING, person)]


async def _erase(db: Queryable, statement: str, account: UUID, person: PersonId) -> Erased:
    row = await db.fetchrow(statement, account, storable(person))
    return Erased(sending=0) if row is None else Erased(**row["erased"])


# Account by account, because the indexes of what people did begin with it.
_KNOWING = """
select account.id, account.instagram_id
  from public.instagram_accounts account
 where exists (select from public.contacts
                where account_id = account.id and person_id = $1)
    or exists (select from public.events
                where account_id = account.id and person_id = $1)
    or exists (select from public.deliveries
                where account_id = account.id and (person_id = $1 or recipient_id = $1))
 order by account.id
"""
