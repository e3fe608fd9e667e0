"""
What an examination sees of the database: the server, our roles, how long work has been waiting.

For the role that owns the schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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


async def server(db: Queryable) -> Server:
    """Return which server it is."""
    row = await db.fetchrow(
        "select current_setting('server_version_num')::int as version, clock_timestamp() as now"
    )
    assert row is not None
    return Server(row["version"], row["now"])


async def applied(db: Queryable) -> set[str]:
    """Return the versions of the migrations that were applied; none where there never were any."""
    row = await db.fetchrow("select to_regclass('supabase_migrations.schema_migrations') as notes")
    if row is None or row["notes"] is None:
        return set()
    rows = await db.fetch("select version from supabase_migrations.schema_migrations")
    return {row["version"] for row in rows}


async def too_strong(db: Queryable) -> Sequence[str]:
    """Return those of our roles that no policy holds."""
    return [row["rolname"] for row in await db.fetch(_TOO_STRONG)]


async def waiting(db: Queryable) -> Waiting:
    """Return how long work has been waiting."""
    row = await db.fetchrow(_WAITING)
    assert row is not None
    return Waiting(**{name: row[name] for name in Waiting.__slots__})


async def heard(db: Queryable, account: UUID) -> Heard:
    """Return what came of an account."""
    row = await db.fetchrow(_HEARD, account)
    assert row is not None
    return Heard(**{name: row[name] for name in Heard.__slots__})


_TOO_STRONG = """
select rolname from pg_roles
 where rolname in ('switchboard_api', 'switchboard_pipeline', 'switchboard_caretaker')
   and (rolsuper or rolbypassrls)
 order by rolname
"""

_WAITING = """
select (select min(published_at) from public.deliveries
         where state = 'ready' and not_before <= now()) as told_at,
       (select min(received_at) from public.events
         where outcome = 'asked' and received_at > now() - interval '7 days') as asked_at,
       (select count(*)::int from public.alerts
         where kind = 'unresolved_delivery' and resolved_at is null) as undecided,
       (select count(*)::int from public.events
         where kind = 'not_understood.v1' and received_at > now() - interval '1 day')
         as not_understood,
       (select count(*)::int from public.events
         where kind = 'unreadable.v1' and received_at > now() - interval '1 day') as unreadable
"""

_HEARD = """
select (select max(received_at) from public.events where account_id = $1) as last_at,
       (select count(*)::int from public.deliveries
         where account_id = $1 and state = 'sent' and message_id is not null
           and kind in ('message', 'private_reply')
           and sent_at > now() - interval '7 days') as sent,
       (select count(*)::int from public.events
         where account_id = $1 and kind = 'echo.v1'
           and received_at > now() - interval '7 days') as echoes
"""
