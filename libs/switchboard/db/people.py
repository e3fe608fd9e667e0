"""
People as a workspace's members look at them, change and erase them. Run inside the envelope.

What deciding goes by is in `contacts`; what they did is in `activity`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from switchboard.contracts import AccountId, PersonId, WorkspaceId
from switchboard.db.erasing import Erased
from switchboard.db.ledger import storable
from switchboard.db.pool import Queryable, Row
from switchboard.db.where import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which people are wanted; what is `None` is not asked. `called`: how a username begins."""

    account: UUID | None = None
    called: str | None = None
    person: str | None = None
    tag: str | None = None
    opted_out: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody as an account knows them; `seen_at` is when they last wrote, else first showed."""

    account_id: UUID
    person_id: PersonId
    username: str | None
    name: str | None
    tags: Sequence[str]
    first_seen_at: datetime
    last_inbound_at: datetime | None
    seen_at: datetime
    window_closes_at: datetime | None
    opted_out_at: datetime | None
    paused_until: datetime | None
    follows: bool | None
    follows_at: datetime | None
    email: str | None
    phone: str | None
    fields: Mapping[str, str]
    flows: Sequence[Mapping[str, Any]]
    answered: Sequence[Mapping[str, Any]]
    revision: int


async def listed(
    db: Queryable,
    workspace: WorkspaceId,
    wanted: Wanted,
    *,
    after: tuple[datetime, UUID, str] | None,
    limit: int,
) -> Sequence[Person]:
    """Return up to `limit` of a workspace's people, who was seen last first."""
    where = Where()
    where.add("contact.workspace_id = {}", workspace)
    where.add_given(
        ("contact.account_id = {}", wanted.account),
        ("contact.person_id = {}", wanted.person),
        ("lower(contact.username) like {}", wanted.called and _beginning(wanted.called)),
        # Only who has tags is in the index by tags.
        ("contact.tags <> '{{}}' and contact.tags @> {}::text[]", wanted.tag and [wanted.tag]),
        ("(contact.opted_out_at is not null) = {}", wanted.opted_out),
    )
    if after is not None:
        where.add(
            f"({_SEEN_AT}, contact.account_id, contact.person_id) < ({{}}, {{}}, {{}})", *after
        )
    order = (
        f" order by {_SEEN_AT} desc, contact.account_id desc, contact.person_id desc"
        f" limit {where.value(limit)}"
    )
    return [
        _person(row) for row in await db.fetch(_LISTED + where.written() + order, *where.values)
    ]


async def find(
    db: Queryable, workspace: WorkspaceId, account: UUID, person: PersonId
) -> Person | None:
    """Return one person, as an account of the workspace knows them."""
    row = await db.fetchrow(_FIND, workspace, account, person)
    return None if row is None else _person(row)


async def change(
    db: Queryable,
    account: UUID,
    person: PersonId,
    *,
    revision: int,
    tags: Sequence[str] | None,
    opted_out: bool | None,
) -> bool:
    """
    Change a person who is at `revision`; false if they are not. What is `None` stays.

    Raises:
        QueryFailed: They are not the caller's to change.
    """
    given = None if tags is None else list(tags)
    row = await db.fetchrow(_CHANGE, account, person, revision, given, opted_out)
    return row is not None and row["revision"] is not None


async def account_of(db: Queryable, workspace: WorkspaceId, account: UUID) -> AccountId | None:
    """Return what Meta calls an account of the workspace's, if there is one."""
    row = await db.fetchrow(_ACCOUNT, workspace, account)
    return None if row is None else AccountId(row["instagram_id"])


async def erase(db: Queryable, account: UUID, person: PersonId) -> Erased:
    """
    Erase a person from the rows of an account of the caller's; see `erasing`.

    Raises:
        QueryFailed: The caller is no admin of the account's workspace.
    """
    row = await db.fetchrow(_ERASE, account, storable(person))
    assert row is not None  # a function returns or raises
    return Erased(**row["erased"])


async def everything(db: Queryable, account: UUID, person: PersonId) -> Mapping[str, Any]:
    """Return all that is stored of a person: rows by their table, as JSON."""
    row = await db.fetchrow(_EVERYTHING, account, person)
    assert row is not None
    return {name: row[name] for name in ("contact", "events", "deliveries", "clicks")}


def _beginning(text: str) -> str:
    """Return the pattern of what begins with `text`."""
    escaped = text.lower().lstrip("@")
    for special in "\\%_":
        escaped = escaped.replace(special, f"\\{special}")
    return f"{escaped}%"


def _person(row: Row) -> Person:
    return Person(**{name: row[name] for name in Person.__slots__})


_SEEN_AT: Final = "coalesce(contact.last_inbound_at, contact.first_seen_at)"

_LISTED: Final = """
select contact.account_id, contact.person_id, contact.username, contact.name, contact.tags,
       contact.first_seen_at, contact.last_inbound_at,
       coalesce(contact.last_inbound_at, contact.first_seen_at) as seen_at,
       contact.window_closes_at, contact.opted_out_at, contact.paused_until, contact.follows,
       contact.follows_at, contact.email, contact.phone, contact.fields, contact.flows,
       contact.answered, contact.revision
  from public.contacts contact
"""

_FIND: Final = f"""{_LISTED}
 where contact.workspace_id = $1 and contact.account_id = $2 and contact.person_id = $3
"""

_CHANGE = """
select private.change_contact($1, $2, $3, $4, $5) as revision
"""

_ACCOUNT = """
select instagram_id from public.instagram_accounts where workspace_id = $1 and id = $2
"""

_ERASE = """
select private.erase_contact($1, $2) as erased
"""

# Column by column, because not every column of these tables is for users to read.
_EVERYTHING = """
with happened as (
  select event_id, kind, occurred_at, received_at, outcome, campaign_id, decision, event
    from public.events
   where account_id = $1 and person_id = $2
), owed as (
  select id, event_id, campaign_id, campaign_version, step, kind, comment_id, content, state,
         reason, created_at, sent_at, message_id
    from public.deliveries
   where account_id = $1 and (person_id = $2 or recipient_id = $2)
   union
  select id, event_id, campaign_id, campaign_version, step, kind, comment_id, content, state,
         reason, created_at, sent_at, message_id
    from public.deliveries
   where event_id in (select event_id from happened)
)
select (select to_jsonb(contact)
          from (select person_id, username, name, first_seen_at, last_inbound_at, window_closes_at,
                       paused_until, opted_out_at, tags, follows, follows_at, email, phone, fields,
                       flows, answered
                  from public.contacts
                 where account_id = $1 and person_id = $2) contact) as contact,
       (select coalesce(jsonb_agg(to_jsonb(happened) order by received_at, event_id), '[]')
          from happened) as events,
       (select coalesce(jsonb_agg(to_jsonb(owed) order by created_at, id), '[]')
          from owed) as deliveries,
       (select coalesce(jsonb_agg(to_jsonb(click) order by clicked_at, event_id), '[]')
          from (select event_id, delivery_id, campaign_id, url, clicked_at
                  from public.link_clicks
                 where delivery_id in (select id from owed)) click) as clicks
"""
