"""
PostgreSQL as a judge sees it: what was decided, and what became of each delivery.

Read as the role that owns the schema. `skip_waits` and `allow` are what writes: nobody can wait for
hours here, and an owner may allow more than before.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from tools.chaos.evidence import Counted, Decided, Row

_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that broke in the middle of a question
)
_BUDGET_S: Final = 10.0


class Books:
    """The database at `url`. Each question opens a connection, as the server comes and goes."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def deliveries(self) -> Sequence[Row]:
        """Return every delivery."""
        async with self._open() as db:
            return [Row(**dict(row)) for row in await db.fetch(_DELIVERIES)]

    async def decided(self) -> Sequence[Decided]:
        """Return everything in the ledger."""
        async with self._open() as db:
            return [Decided(*row) for row in await db.fetch(_DECIDED)]

    async def has_decided(self, identity: str) -> bool:
        """Whether that happening has its decision; not known while the server is away."""
        try:
            async with self._open() as db:
                found = await db.fetchval(_HAS_DECIDED, identity)
        except _AWAY:
            return False
        return bool(found)

    async def history(self) -> str:
        """Return every delivery with each step it took, as JSON: for a person to read."""
        async with self._open() as db:
            return str(await db.fetchval(_HISTORY) or "[]")

    async def states(self) -> Counter[str]:
        """Return how many deliveries there are in each state."""
        async with self._open() as db:
            return Counter({row["state"]: row["n"] for row in await db.fetch(_STATES)})

    async def time_left(self, margin: timedelta) -> timedelta | None:
        """
        Return how much time there is to send what has least of it.

        What has less than `margin` until its deadline has none, and does not count.
        """
        async with self._open() as db:
            left: timedelta | None = await db.fetchval(_TIME_LEFT, margin)
            return left

    async def taken_over(self) -> Sequence[str]:
        """Return the people with whom a colleague is thought to talk."""
        async with self._open() as db:
            return [row["person_id"] for row in await db.fetch(_TAKEN_OVER)]

    async def coverage(self) -> Sequence[Counted]:
        """Return what the caretaker last counted of each post."""
        async with self._open() as db:
            return [Counted(*row) for row in await db.fetch(_COVERAGE)]

    async def refreshed(self) -> int:
        """Return how many tokens were issued lately: those that were refreshed, or connected."""
        async with self._open() as db:
            return int(await db.fetchval(_REFRESHED))

    async def age_tokens(self, age: timedelta, left: timedelta) -> None:
        """Let every token have been issued so long ago, with so much time left."""
        async with self._open() as db:
            await db.execute(_AGE, age, left)

    async def hasten_care(self) -> None:
        """Let the moment of everything that the caretaker does have come."""
        async with self._open() as db:
            await db.execute(_HASTEN)

    async def care_begins(self) -> datetime:
        """Let the moment of every reading have come, and return it, by the database's clock."""
        async with self._open() as db:
            await db.execute(_HASTEN_READING)
            began_at: datetime = await db.fetchval("select now()")
            return began_at

    async def read_since(self, began_at: datetime) -> Counter[str]:
        """
        Return how readings stand that were due at `began_at`: how many are still `due`.

        And how many comments those that are done have `missed`, or left as too `new`.
        """
        async with self._open() as db:
            return Counter(dict(await db.fetchrow(_READ_SINCE, began_at)))

    async def allow(self, instagram_id: str, private_replies_per_hour: int) -> None:
        """Let an account send so many private replies an hour, as its owner might."""
        async with self._open() as db:
            await db.execute(_ALLOW, instagram_id, private_replies_per_hour)

    async def skip_waits(self) -> None:
        """
        Let what waits for a moment have waited long enough, and every hour of limits be over.

        Deadlines, and what has happened, stay as they are.
        """
        async with self._open() as db, db.transaction():
            for statement in _SKIP:
                await db.execute(statement)

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self._url, timeout=_BUDGET_S, command_timeout=_BUDGET_S)
        try:
            yield connection
        finally:
            await connection.close(timeout=_BUDGET_S)


_DELIVERIES: Final = """
select delivery.id::text, account.instagram_id as account_id, event.identity as event,
       delivery.kind, delivery.comment_id, delivery.person_id, delivery.state, delivery.reason,
       delivery.graph_code as code, delivery.after_id::text
  from public.deliveries delivery
  join public.instagram_accounts account on account.id = delivery.account_id
  join public.events event on event.event_id = delivery.event_id
"""
_HISTORY: Final = """
select jsonb_pretty(jsonb_agg(to_jsonb(delivery) - 'content' || jsonb_build_object(
         'instagram_id', account.instagram_id, 'identity', event.identity,
         'steps', (select jsonb_agg(concat_ws(' ', step.at, step.before, '->', step.after,
                                              'by', step.moved_by, step.reason)
                                    order by step.number)
                     from public.delivery_transitions step
                    where step.delivery_id = delivery.id)) order by delivery.created_at))
  from public.deliveries delivery
  join public.instagram_accounts account on account.id = delivery.account_id
  join public.events event on event.event_id = delivery.event_id
"""
_DECIDED: Final = "select identity, kind, outcome from public.events"
_HAS_DECIDED: Final = """
select exists (select from public.events where identity = $1 and outcome <> 'asked')
"""
_STATES: Final = "select state, count(*)::int as n from public.deliveries group by state"
_TIME_LEFT: Final = """
select min(deadline) - now() - $1::interval
  from public.deliveries
 where state in ('waiting', 'parked', 'ready', 'sending', 'uncertain')
   and deadline > now() + $1::interval
"""
_TAKEN_OVER: Final = "select person_id from public.contacts where paused_until > now()"
_COVERAGE: Final = """
select account.instagram_id, post.media_id, post.readable, post.stored, post.counted_at
  from public.post_coverage post
  join public.instagram_accounts account on account.id = post.account_id
 where post.counted_at is not null
"""
_REFRESHED: Final = """
select count(*) from private.instagram_credentials where issued_at > now() - interval '1 day'
"""
_AGE: Final = """
update private.instagram_credentials
   set issued_at = now() - $1::interval, expires_at = now() + $2::interval
"""
_HASTEN: Final = "update private.jobs set next_run_at = now()"
_HASTEN_READING: Final = f"{_HASTEN} where name in ('backfill', 'coverage')"
_READ_SINCE: Final = """
select count(*) filter (where not is_done)::int as due,
       coalesce(sum((detail ->> 'missed')::int) filter (where is_done), 0)::int as missed,
       coalesce(sum((detail ->> 'new')::int) filter (where is_done), 0)::int as new
  from (select job.detail,
               job.last_started_at >= $1 and job.lease_until is null
                 and job.last_outcome = 'done'
                 and coalesce((job.detail ->> 'whole')::boolean, true) as is_done
          from private.jobs job
          join public.instagram_accounts account on account.id::text = job.subject
         where job.name in ('backfill', 'coverage')) reading
"""
_ALLOW: Final = """
update public.instagram_accounts set private_replies_per_hour = $2 where instagram_id = $1
"""
_SKIP: Final = (
    "update public.instagram_accounts set held_until = now() where held_until > now()",
    "update public.deliveries set not_before = now() where state = 'parked' and not_before > now()",
    "update public.deliveries set look_at = now() where state = 'uncertain' and look_at > now()",
    # Private replies of the last hour are counted by this when Redis has forgotten them.
    """
    update public.deliveries
       set published_at = published_at - interval '75 minutes'
     where kind = 'private_reply' and state <> 'ready'
    """,
)
