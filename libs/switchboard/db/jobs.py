"""
What is done for accounts again and again: when next, who is at it, what came of it last.

Any number of processes may take jobs at once. One that is taken is its taker's until its lease
ends, so what a process that died was at is done by another. Who comes back after that, to a job
which another has taken, can record nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A job that is ours until its lease ends; due at `due_at`, and failed so often in a row."""

    name: str
    account: UUID
    due_at: datetime
    failures: int
    detail: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """What it is done for, as the row says it."""
        return str(self.account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The same, of a job that is the installation's own and done for no account."""

    name: str
    failures: int
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A job as it stands."""

    name: str
    subject: str
    next_run_at: datetime
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_outcome: str | None
    last_error: str | None
    detail: Mapping[str, Any]
    failures: int


async def enrol(db: Queryable, name: str, *, first_within: timedelta) -> None:
    """
    See that every connected account has the job `name`, and no disconnected one has.

    The first run is at a moment within `first_within` that the account's id alone decides: those
    that came together do not stay together.
    """
    await db.execute(_LEAVE, name)
    await db.execute(_ENROL, name, first_within.total_seconds())


async def take(
    db: Queryable, name: str, *, owner: str, lease: timedelta, limit: int
) -> Sequence[Taken]:
    """Take due jobs called `name`, of accounts that are connected, the longest due first."""
    rows = await db.fetch(_TAKE, name, owner, lease, limit)
    return [
        Taken(
            name=name,
            account=UUID(row["subject"]),
            due_at=row["next_run_at"],
            failures=row["failures"],
            detail=row["detail"],
        )
        for row in rows
    ]


async def take_own(db: Queryable, name: str, *, owner: str, lease: timedelta) -> Own | None:
    """Take the installation's own job `name`, if it is due; new, it is."""
    await db.execute(_ENROL_OWN, name)
    row = await db.fetchrow(_TAKE_OWN, name, owner, lease)
    return None if row is None else Own(name=name, failures=row["failures"])


async def done(
    db: Queryable, job: Taken | Own, *, owner: str, detail: Mapping[str, Any], next_in: timedelta
) -> bool:
    """Record that `job` was done; false if it is no longer `owner`'s."""
    arguments = (job.name, job.subject, owner, dict(detail), next_in)
    return await db.fetchrow(_DONE, *arguments) is not None


async def failed(
    db: Queryable, job: Taken | Own, *, owner: str, error: str, next_in: timedelta
) -> bool:
    """Record that `job` failed, and why; false if it is no longer `owner`'s."""
    arguments = (job.name, job.subject, owner, error, next_in)
    return await db.fetchrow(_FAILED, *arguments) is not None


async def hasten(db: Queryable, name: str, account: UUID) -> None:
    """Let the job be done as soon as somebody looks."""
    await db.execute(_HASTEN, name, str(account))


async def standing(db: Queryable, account: UUID) -> Sequence[Standing]:
    """Return the account's jobs, by name."""
    rows = await db.fetch(_STANDING, str(account))
    return [Standing(**{name: row[name] for name in Standing.__slots__}) for row in rows]


_LEAVE = """
delete from private.jobs job
 where job.name = $1
   and exists (select from public.instagram_accounts account
                where account.id::text = job.subject and account.status = 'disconnected')
"""

# A hash spreads what its remainder alone would not: ids made one after the other.
_ENROL = """
insert into private.jobs (name, subject, workspace_id, next_run_at)
select $1, account.id::text, account.workspace_id,
       now() + make_interval(secs => $2::float8
         * (('x' || substr(md5($1 || account.id::text), 1, 8))::bit(32)::bigint / 4294967296.0))
  from public.instagram_accounts account
 where account.status <> 'disconnected'
on conflict (name, subject) do nothing
"""

_TAKE = """
with due as (
  select job.name, job.subject
    from private.jobs job
   where job.name = $1
     and job.next_run_at <= now()
     and (job.lease_until is null or job.lease_until <= now())
     and exists (select from public.instagram_accounts account
                  where account.id::text = job.subject and account.status = 'connected')
   order by job.next_run_at, job.subject
   limit $4
     for update skip locked
)
update private.jobs job
   set lease_owner = $2, lease_until = now() + $3::interval, last_started_at = now()
  from due
 where job.name = due.name and job.subject = due.subject
returning job.subject, job.next_run_at, job.failures, job.detail
"""

_ENROL_OWN = "insert into private.jobs (name) values ($1) on conflict do nothing"

_TAKE_OWN = """
update private.jobs
   set lease_owner = $2, lease_until = now() + $3::interval, last_started_at = now()
 where name = $1 and subject = '' and next_run_at <= now()
   and (lease_until is null or lease_until <= now())
returning failures
"""

_DONE = """
update private.jobs
   set lease_owner = null, lease_until = null, last_finished_at = now(), last_outcome = 'done',
       last_error = null, failures = 0, detail = $4::jsonb, next_run_at = now() + $5::interval
 where name = $1 and subject = $2 and lease_owner = $3
returning name
"""

_FAILED = """
update private.jobs
   set lease_owner = null, lease_until = null, last_finished_at = now(), last_outcome = 'failed',
       last_error = left($4, 500), failures = failures + 1, next_run_at = now() + $5::interval
 where name = $1 and subject = $2 and lease_owner = $3
returning name
"""

_HASTEN = """
update private.jobs set next_run_at = least(next_run_at, now()) where name = $1 and subject = $2
"""

_STANDING = """
select name, subject, next_run_at, last_started_at, last_finished_at, last_outcome, last_error,
       detail, failures
  from private.jobs
 where subject = $1
 order by name
"""
