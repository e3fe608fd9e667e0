"""What people wanted, as the members of a workspace say of events. Run inside the envelope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from switchboard.contracts import EventId, PersonId, WorkspaceId
from switchboard.db.ledger import storable
from switchboard.db.pool import Queryable, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A text, the intent it expresses (`None`: none of them), and who says so."""

    id: UUID
    account_id: UUID
    event_id: EventId | None
    person_id: PersonId | None
    text: str
    intent: str | None
    labelled_by: UUID | None
    labelled_at: datetime


async def of_account(
    db: Queryable, account: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Labelled]:
    """Return up to `limit` of an account's labels, the latest first."""
    rows = await db.fetch(_OF_ACCOUNT, account, *(after or (None, None)), limit)
    return [_labelled(row) for row in rows]


async def label(
    db: Queryable,
    *,
    workspace: WorkspaceId,
    account: UUID,
    event: EventId,
    person: PersonId | None,
    text: str,
    intent: str | None,
    answered: Mapping[str, Any] | None,
) -> Labelled:
    """
    Say what the `text` of an event expresses, in place of what was said of it before.

    `answered` is what the classifier had said of it.

    Raises:
        QueryFailed: The caller is no editor of the workspace.
    """
    kept = None if answered is None else dict(answered)
    row = await db.fetchrow(_LABEL, workspace, account, event, person, storable(text), intent, kept)
    assert row is not None  # an insert or update returns or raises
    return _labelled(row)


async def take_back(db: Queryable, workspace: WorkspaceId, event: EventId) -> bool:
    """Take back what was said of an event; false if it is not the caller's, or nothing was."""
    return await db.fetchrow(_TAKE_BACK, workspace, event) is not None


def _labelled(row: Row) -> Labelled:
    return Labelled(**{name: row[name] for name in Labelled.__slots__})


_OF_ACCOUNT = """
select id, account_id, event_id, person_id, text, intent, labelled_by, labelled_at
  from public.intent_labels
 where account_id = $1
   and workspace_id = (select workspace_id from public.instagram_accounts where id = $1)
   and ($2::timestamptz is null or (labelled_at, id) < ($2, $3::uuid))
 order by labelled_at desc, id desc
 limit $4
"""

_LABEL = """
insert into public.intent_labels as stored (
  workspace_id, account_id, event_id, person_id, text, intent, answered, labelled_by)
values ($1, $2, $3, $4, left($5, 4000), $6, $7::jsonb, private.caller_id())
on conflict (account_id, event_id) do update
   set intent = excluded.intent, labelled_at = now(), labelled_by = excluded.labelled_by
returning id, account_id, event_id, person_id, text, intent, labelled_by, labelled_at
"""

_TAKE_BACK = """
delete from public.intent_labels where workspace_id = $1 and event_id = $2 returning id
"""
