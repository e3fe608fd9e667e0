"""
What an account's people wanted, as somebody of the business says: the labelled history.

For the command line, which runs as the role that owns the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from switchboard.contracts import Calibration, EventId, IntentOption, PersonId, WorkspaceId
from switchboard.db import tenancy
from switchboard.db.ledger import storable
from switchboard.db.pool import Queryable, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """
    A text and the intent it expresses; `None`: none of them.

    `answered` is what the classifier had said of it then, as decisions keep it.
    """

    text: str
    intent: str | None
    event_id: EventId | None = None
    person_id: PersonId | None = None
    answered: Mapping[str, Any] | None = None


async def keep(
    db: Queryable, account: UUID, workspace: WorkspaceId, labels: Sequence[Label]
) -> None:
    """Keep `labels`; that of an event takes the place of one it had before."""
    for one in labels:
        answered = None if one.answered is None else dict(one.answered)
        await db.execute(
            _KEEP,
            account,
            workspace,
            one.event_id,
            one.person_id,
            storable(one.text),
            one.intent,
            answered,
        )


async def history(db: Queryable, account: UUID, *, latest: int | None = None) -> list[Label]:
    """Return the account's labelled history, oldest first: all of it, or so many of the latest."""
    return [
        Label(
            text=row["text"],
            intent=row["intent"],
            event_id=None if row["event_id"] is None else EventId(row["event_id"]),
            person_id=None if row["person_id"] is None else PersonId(row["person_id"]),
            answered=row["answered"],
        )
        for row in await db.fetch(_HISTORY, account, latest)
    ]


async def replace_intents(
    db: Transaction, account: UUID, workspace: WorkspaceId, intents: Sequence[IntentOption]
) -> None:
    """Make `intents` what the account's people may want, and nothing else."""
    await db.execute(_DROP, account, [intent.name for intent in intents])
    for intent in intents:
        await tenancy.upsert_intent(
            db,
            workspace=workspace,
            account=account,
            name=intent.name,
            description=intent.description,
            examples=intent.examples,
        )


async def set_calibration(db: Queryable, account: UUID, calibration: Calibration) -> None:
    """Set what the labelled history says of the classifier's confidence."""
    await db.execute(_CALIBRATION, account, calibration.model_dump(mode="json"))


async def set_threshold(db: Queryable, account: UUID, threshold: float | None) -> None:
    """Set how sure an answer must be; `None`: as the installation has it."""
    await db.execute(_THRESHOLD, account, threshold)


_KEEP = """
insert into public.intent_labels as stored (
  account_id, workspace_id, event_id, person_id, text, intent, answered)
values ($1, $2, $3, $4, left($5, 4000), $6, $7::jsonb)
on conflict (account_id, event_id) do update
   set intent = excluded.intent, labelled_at = now(), labelled_by = null
"""

_HISTORY = """
select text, intent, event_id, person_id, answered
  from (select *
          from public.intent_labels
         where account_id = $1
         order by labelled_at desc, id desc
         limit $2) latest
 order by labelled_at, id
"""

_DROP = "delete from public.intents where account_id = $1 and not name = any ($2::text[])"

_CALIBRATION = """
update public.instagram_accounts set intent_calibration = $2::jsonb where id = $1
"""

_THRESHOLD = "update public.instagram_accounts set intent_threshold = $2 where id = $1"
