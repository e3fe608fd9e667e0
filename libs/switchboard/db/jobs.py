"""
What is done again and again, for accounts or for all: when next, by whom, what came of it last.

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
    """
    A job that is ours until its lease ends; due at `due_at`, and failed so often in a row.

    `account` is `None` for one that is done for the whole installation.
    """

    name: str
    account: UUID | None
    due_at: datetime
    failures: int
    detail: Mapping[str, Any]


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


async def enrol_upkeep(db: Queryable, name: str) -> None:
    """See that there is the job `name` of the whole installation; its first run is due at once."""
    await db.execute(_ENROL_UPKEEP, name)


async def take(
    db: Queryable, name: str, *, owner: str, lease: timedelta, limit: int
) -> Sequence[Taken]:
    """
    Take due jobs called `name`, the longest due first.

    Those of accounts that are connected, and the installation's.
    """
    rows = await db.fetch(_TAKE, name, owner, lease, limit)
    return [
        Taken(
            name=name,
            account=UUID(row["subject"]) if row["subject"] else None,
            due_at=row["next_run_at"],
            failures=row["failures"],
            detail=row["detail"],
        )
        for row in rows
    ]


async def done(
    db: Queryable, job: Taken, *, owner: str, detail: Mapping[str, Any], next_in: timedelta
) -> bool:
    """Record that `job` was done; false if it is no longer `owner`'s."""
    arguments = (job.name, _subject(job.account), owner, dict(detail), next_in)
    return await db.fetchrow(_DONE, *arguments) is not None


async def failed(db: Queryable, job: Taken, *, owner: str, error: str, next_in: timedelta) -> bool:
    """Record that `job` failed, and why; false if it is no longer `owner`'s."""
    arguments = (job.name, _subject(job.account), owner, error, next_in)
    return await db.fetchrow(_FAILED, *arguments) is not None


async def hasten(db: Queryable, name: str, account: UUID | None) -> None:
    """Let the job be done as soon as somebody looks."""
    await db.execute(_HASTEN, name, _subject(account))


async def run_now(db: Queryable, account: UUID, name: str) -> timedelta:
    """
    Let an account's job be done at once, for a caller who may; or return how long they must wait.

    Inside the envelope.

    Raises:
        QueryFailed: There is no such job, or it is not theirs.
    """
    row = await db.fetchrow("select private.run_job($1, $2) as wait", account, name)
    assert row is not None
    wait: timedelta = row["wait"]
    return wait


async def standing(db: Queryable, account: UUID | None) -> Sequence[Standing]:
    """Return the account's jobs, or the installation's, by name."""
    rows = await db.fetch(_STANDING, _subject(account))
    return [Standing(**{name: row[name] for name in Standing.__slots__}) for row in rows]


def _subject(account: UUID | None) -> str:
    return "" if account is None else str(account)


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

_ENROL_UPKEEP = """
insert into private.jobs (name, next_run_at, subject)
values ($1, now(), '')
on conflict (name, subject) do nothing
"""

_TAKE = """
with due as (
  select job.name, job.subject
    from private.jobs job
   where job.name = $1
     and job.next_run_at <= now()
     and (job.lease_until is null or job.lease_until <= now())
     and (job.subject = ''
          or exists (select from public.instagram_accounts account
                      where account.id::text = job.subject and account.status = 'connected'))
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
