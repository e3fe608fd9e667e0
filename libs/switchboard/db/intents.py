"""What people may want of an account, as its workspace's members keep it. Run in the envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from switchboard.contracts import IntentOption, WorkspaceId
from switchboard.db.pool import Queryable, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Something people may want, as it is stored."""

    id: UUID
    workspace_id: WorkspaceId
    account_id: UUID
    name: str
    description: str
    examples: tuple[str, ...]
    revision: int
    created_at: datetime
    updated_at: datetime

    def option(self) -> IntentOption:
        """Return it as the classifier is told of it."""
        return IntentOption(name=self.name, description=self.description, examples=self.examples)


async def of_account(
    db: Queryable, account: UUID, *, after: str | None = None, limit: int | None = None
) -> Sequence[Intent]:
    """Return an account's intents, up to `limit`, by name."""
    return [_intent(row) for row in await db.fetch(_OF_ACCOUNT, account, after, limit)]


async def find(db: Queryable, intent: UUID) -> Intent | None:
    """Return an intent."""
    row = await db.fetchrow(_FIND, intent)
    return None if row is None else _intent(row)


async def create(
    db: Queryable, *, workspace: WorkspaceId, account: UUID, option: IntentOption
) -> UUID:
    """Add an intent to an account's."""
    row = await db.fetchrow(
        _CREATE, workspace, account, option.name, option.description, list(option.examples)
    )
    assert row is not None  # an insert returns or raises
    created: UUID = row["id"]
    return created


async def change(db: Queryable, intent: UUID, option: IntentOption, *, revision: int) -> bool:
    """Make an intent at `revision` what `option` says; false if it is not, or not the caller's."""
    examples = list(option.examples)
    row = await db.fetchrow(_CHANGE, intent, revision, option.name, option.description, examples)
    return row is not None


async def remove(db: Queryable, intent: UUID) -> bool:
    """Remove an intent; false if it is not the caller's to remove."""
    return await db.fetchrow(_REMOVE, intent) is not None


def _intent(row: Row) -> Intent:
    fields = {name: row[name] for name in Intent.__slots__}
    return Intent(**fields | {"examples": tuple(row["examples"])})


_COLUMNS = """
select id, workspace_id, account_id, name, description, examples, revision, created_at, updated_at
  from public.intents"""

_OF_ACCOUNT = f"""{_COLUMNS}
 where account_id = $1 and ($2::text is null or name > $2)
 order by name
 limit $3
"""

_FIND = f"""{_COLUMNS}
 where id = $1
"""

_CREATE = """
insert into public.intents (workspace_id, account_id, name, description, examples)
values ($1, $2, $3, $4, $5)
returning id
"""

_CHANGE = """
update public.intents
   set name = $3, description = $4, examples = $5
 where id = $1 and revision = $2
returning id
"""

_REMOVE = "delete from public.intents where id = $1 returning id"
