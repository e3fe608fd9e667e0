"""Who changed what, and what is done for a workspace by itself. Run inside the envelope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable
from switchboard.db.where import Where

Action = Literal["insert", "update", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines of the log are wanted; what is `None` is not asked. `until` is just before it."""

    actor: UUID | None = None
    action: Action | None = None
    subject: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """
    One line of the log: who did what to what, and what it was and became.

    `actor` is `user`, `api_key`, or the database role that did it on its own account; `subject` the
    table. Of an update, `before` and `after` have only what it changed.
    """

    id: int
    at: datetime
    actor: str
    actor_id: UUID | None
    action: Action
    subject: str
    subject_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is done again and again; `subject` is what for, such as an account's id."""

    name: str
    subject: str
    next_run_at: datetime
    lease_until: datetime | None
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_outcome: Literal["done", "failed"] | None
    last_error: str | None
    detail: Mapping[str, Any]
    failures: int


async def deeds(
    db: Queryable, workspace: WorkspaceId, wanted: Wanted, *, after: int | None, limit: int
) -> Sequence[Deed]:
    """Return up to `limit` lines of a workspace's log, the newest first."""
    where = Where()
    where.add("workspace_id = {}", workspace)
    where.add_given(
        ("actor_id = {}", wanted.actor),
        ("action = {}", wanted.action),
        ("subject = {}", wanted.subject),
        ("subject_id = {}", wanted.subject_id),
        ("at >= {}", wanted.since),
        ("at < {}", wanted.until),
        ("id < {}", after),
    )
    order = f" order by id desc limit {where.value(limit)}"
    rows = await db.fetch(_DEEDS + where.written() + order, *where.values)
    return [Deed(**{name: row[name] for name in Deed.__slots__}) for row in rows]


async def jobs(
    db: Queryable, workspace: WorkspaceId, *, after: tuple[str, str] | None, limit: int
) -> Sequence[Job]:
    """Return up to `limit` of the jobs that are done for a workspace, by name."""
    rows = await db.fetch(_JOBS, workspace, *(after or (None, None)), limit)
    return [Job(**{name: row[name] for name in Job.__slots__}) for row in rows]


async def jobs_of_account(
    db: Queryable, account: UUID, *, after: str | None, limit: int
) -> Sequence[Job]:
    """Return up to `limit` of the jobs that are done for an account, by name."""
    rows = await db.fetch(_JOBS_OF_ACCOUNT, str(account), after, limit)
    return [Job(**{name: row[name] for name in Job.__slots__}) for row in rows]


async def job_of_account(db: Queryable, account: UUID, name: str) -> Job | None:
    """Return one of the jobs that are done for an account."""
    row = await db.fetchrow(f"{_JOB} where subject = $1 and name = $2", str(account), name)
    return None if row is None else Job(**{name: row[name] for name in Job.__slots__})


_DEEDS = """
select id, at, actor, actor_id, action, subject, subject_id, before, after
  from public.audit_log
"""

_JOB = """
select name, subject, next_run_at, lease_until, last_started_at, last_finished_at, last_outcome,
       last_error, detail, failures
  from private.jobs
"""

_JOBS_OF_ACCOUNT = f"""{_JOB}
 where subject = $1 and ($2::text is null or name > $2)
 order by name
 limit $3
"""

_JOBS = f"""{_JOB}
 where workspace_id = $1 and ($2::text is null or (name, subject) > ($2, $3::text))
 order by name, subject
 limit $4
"""
