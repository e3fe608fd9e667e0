"""
What is remembered of people, as it is stored; `ledger` changes it together with the decision.

Flows and answers are stored as JSON of what `rules` has them as. What a release cannot read is an
error and not forgotten: somebody would be asked, or answered, a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from switchboard.contracts import PersonId
from switchboard.db.errors import QueryFailed
from switchboard.db.ledger import storable
from switchboard.db.pool import Queryable, Row
from switchboard.rules.contact import AnsweredBefore, Contact, Flow


async def load(
    db: Queryable, people: Sequence[tuple[UUID, PersonId]]
) -> dict[tuple[UUID, PersonId], Contact]:
    """
    Return the contacts of those of `people` (by account) that are known, with their windows.

    Raises:
        QueryFailed: What is stored of one cannot be read by this release.
    """
    if not people:
        return {}
    accounts, persons = zip(*people, strict=True)
    rows = await db.fetch(_LOAD, accounts, [storable(person) for person in persons])
    return {people[row["number"] - 1]: _contact(row) for row in rows}


async def name_person(
    db: Queryable, account: UUID, person: PersonId, *, name: str | None, username: str | None
) -> None:
    """Remember what a person is called; what is `None` or empty stays as it was."""
    await db.execute(_NAME, account, person, storable(name), storable(username))


def _contact(row: Row) -> Contact:
    try:
        return Contact(
            revision=row["revision"],
            paused_until=row["paused_until"],
            paused_by=row["paused_by"],
            opted_out_at=row["opted_out_at"],
            tags=tuple(row["tags"]),
            follows=row["follows"],
            follows_at=row["follows_at"],
            email=row["email"],
            phone=row["phone"],
            fields=row["fields"],
            flows=_FLOWS.validate_json(row["flows"]),
            answered=_ANSWERED.validate_json(row["answered"]),
            window_closes_at=row["window_closes_at"],
        )
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise QueryFailed(f"a contact cannot be read: {faults[0]['loc']}") from error


_FLOWS: Final[TypeAdapter[tuple[Flow, ...]]] = TypeAdapter(tuple[Flow, ...])
_ANSWERED: Final[TypeAdapter[tuple[AnsweredBefore, ...]]] = TypeAdapter(tuple[AnsweredBefore, ...])

_LOAD = """
select wanted.number::int as number, contact.revision, contact.paused_until, contact.paused_by,
       contact.opted_out_at, contact.tags, contact.follows, contact.follows_at, contact.email,
       contact.phone, contact.fields, contact.flows::text as flows,
       contact.answered::text as answered, contact.window_closes_at
  from unnest($1::uuid[], $2::text[]) with ordinality as wanted (account_id, person_id, number)
  join public.contacts contact using (account_id, person_id)
"""

_NAME = """
update public.contacts
   set name = coalesce(nullif($3, ''), name), username = coalesce(nullif($4, ''), username)
 where account_id = $1
   and person_id = $2
   and (name, username) is distinct from
       (coalesce(nullif($3, ''), name), coalesce(nullif($4, ''), username))
"""
