"""
What an examination sees of the database: the server, our roles, accounts, what waits, what is done.

For the role that owns the schema, and for `switchboard_caretaker`, which sees of people's rows only
how many there are and since when: `private.work_waiting` and its like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db.credentials import Sealed
from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True)
class Server:
    """PostgreSQL itself: its version, such as 150018, and what it takes for the present."""

    version: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """
    The oldest of what should not be old, and what came within a day that nobody understood.

    `told_at` is when a sender was told of a delivery that it has not taken; `asked_at` when an
    event came whose question has no answer.
    """

    told_at: datetime | None
    asked_at: datetime | None
    undecided: int
    not_understood: int
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """
    What came of an account: the last of all, and of a week how many messages of ours Meta took, and
    how many echoes it told us of.
    """

    last_at: datetime | None
    sent: int
    echoes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """
    An account as it is known here; `alerts` are the kinds that are open.

    `credential` is its token, sealed; `None`: it never had one.
    """

    id: UUID
    workspace_id: WorkspaceId
    instagram_id: AccountId
    app_scoped_id: str | None
    username: str
    status: str
    held_until: datetime | None
    hold_reason: str | None
    credential: Sealed | None
    token_issued_at: datetime | None
    token_expires_at: datetime | None
    alerts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tended:
    """
    A job of the caretaker's: `username` is whose, or empty for one of the whole installation.

    It is due at `next_run_at`, unless somebody is at it (`running`).
    """

    name: str
    username: str
    next_run_at: datetime
    running: bool
    last_finished_at: datetime | None
    last_error: str | None
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The ledger's days: the last that is made, if any is, and how much has no day."""

    last: date | None
    without_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """Since when the oldest export that is not done was asked for, and how many failed in a day."""

    asked_at: datetime | None
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """
    The comments of other people's that Meta showed lately, and those that are in the ledger.

    Of the posts of an account whose comments were counted within two days.
    """

    readable: int
    stored: int


async def server(db: Queryable) -> Server:
    """Return which server it is."""
    row = await db.fetchrow(
        "select current_setting('server_version_num')::int as version, clock_timestamp() as now"
    )
    assert row is not None
    return Server(row["version"], row["now"])


async def applied(db: Queryable) -> set[str]:
    """Return the versions of the migrations that were applied; none where there never were any."""
    rows = await db.fetch("select version from private.applied_migrations() as version")
    return {row["version"] for row in rows}


async def too_strong(db: Queryable) -> Sequence[str]:
    """Return those of our roles that no policy holds."""
    return [row["rolname"] for row in await db.fetch(_TOO_STRONG)]


async def waiting(db: Queryable) -> Waiting:
    """Return how long work has been waiting."""
    row = await db.fetchrow("select * from private.work_waiting()")
    assert row is not None
    return Waiting(**{name: row[name] for name in Waiting.__slots__})


async def accounts(
    db: Queryable, *, account: UUID | None = None, workspace: WorkspaceId | None = None
) -> Sequence[Examined]:
    """Return one account, a workspace's, or all there are, by name."""
    return [
        Examined(
            id=row["id"],
            workspace_id=WorkspaceId(row["workspace_id"]),
            instagram_id=AccountId(row["instagram_id"]),
            app_scoped_id=row["app_scoped_id"],
            username=row["username"],
            status=row["status"],
            held_until=row["held_until"],
            hold_reason=row["hold_reason"],
            credential=row["key_id"] and Sealed(row["key_id"], row["nonce"], row["ciphertext"]),
            token_issued_at=row["issued_at"],
            token_expires_at=row["expires_at"],
            alerts=row["alerts"],
        )
        for row in await db.fetch(_ACCOUNTS, account, workspace)
    ]


async def heard(db: Queryable, account: UUID) -> Heard:
    """Return what came of an account."""
    row = await db.fetchrow("select * from private.heard_of($1)", account)
    assert row is not None
    return Heard(**{name: row[name] for name in Heard.__slots__})


async def covered(db: Queryable, account: UUID) -> Covered:
    """Return how many of an account's comments are known."""
    row = await db.fetchrow(_COVERED, account)
    assert row is not None
    return Covered(readable=row["readable"], stored=row["stored"])


async def jobs(db: Queryable, account: UUID | None = None) -> Sequence[Tended]:
    """Return what is done for one account or, with that of the whole installation, for all."""
    rows = await db.fetch(_JOBS, account)
    return [Tended(**{name: row[name] for name in Tended.__slots__}) for row in rows]


async def ledger_days(db: Queryable) -> Days:
    """Return how far ahead the ledger's days are made."""
    row = await db.fetchrow(_DAYS)
    assert row is not None
    return Days(last=row["last"], without_bytes=row["without_bytes"])


async def exports(db: Queryable) -> Exports:
    """Return how exports that were asked for fare."""
    row = await db.fetchrow("select * from private.exports_waiting()")
    assert row is not None
    return Exports(asked_at=row["asked_at"], failed=row["failed"])


async def sealed_with(db: Queryable) -> dict[str, int]:
    """Return how many tokens and secrets are sealed with each key, by its name."""
    return {row["key_id"]: row["many"] for row in await db.fetch(_SEALED_WITH)}


_TOO_STRONG = """
select rolname from pg_roles
 where rolname in ('switchboard_api', 'switchboard_pipeline', 'switchboard_caretaker')
   and (rolsuper or rolbypassrls)
 order by rolname
"""

_ACCOUNTS = """
select account.id, account.workspace_id, account.instagram_id, account.app_scoped_id,
       account.username, account.status, account.held_until, account.hold_reason,
       credential.key_id, credential.nonce, credential.ciphertext, credential.issued_at,
       credential.expires_at,
       array(select kind from public.alerts
              where account_id = account.id and resolved_at is null order by raised_at) as alerts
  from public.instagram_accounts account
  left join private.instagram_credentials credential on credential.account_id = account.id
 where ($1::uuid is null or account.id = $1) and ($2::uuid is null or account.workspace_id = $2)
 order by account.username, account.id
"""

_COVERED = """
select coalesce(sum(readable), 0)::int as readable, coalesce(sum(stored), 0)::int as stored
  from public.post_coverage
 where account_id = $1 and counted_at > now() - interval '2 days'
"""

# Of accounts that are connected: the others' are left alone.
_JOBS = """
select job.name, coalesce(account.username, '') as username, job.next_run_at,
       coalesce(job.lease_until > now(), false) as running, job.last_finished_at, job.last_error,
       job.failures
  from private.jobs job
  left join public.instagram_accounts account on account.id::text = job.subject
 where (job.subject = '' or account.status = 'connected')
   and ($1::uuid is null or account.id = $1)
 order by username, job.name
"""

_DAYS = """
select max(to_date(substr(part.relname, 8), 'YYYYMMDD'))
         filter (where part.relname ~ '^events_[0-9]{8}$') as last,
       pg_relation_size('private.events_unexpected'::regclass) as without_bytes
  from pg_inherits
  join pg_class part on part.oid = pg_inherits.inhrelid
 where pg_inherits.inhparent = 'public.events'::regclass
"""

_SEALED_WITH = """
select key_id, count(*)::int as many
  from (select key_id from private.instagram_credentials
        union all
        select key_id from private.webhook_secrets) sealed
 group by key_id
"""
