"""PostgreSQL as a judge sees it, read as the role that owns the schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from switchboard.db.pool import Database
from tools.soak.counting import Counted

# Of 60 days: it is time for another.
AGE: Final = timedelta(days=40)
LEFT: Final = timedelta(days=20)


@dataclass(frozen=True, slots=True)
class Books:
    """What was decided, delivered, counted; `age_tokens` and `hasten` are what writes."""

    db: Database

    async def now(self) -> datetime:
        """Return the moment, by the database's clock."""
        (row,) = await self.db.fetch("select now() as now")
        moment: datetime = row["now"]
        return moment

    async def decided(self) -> Counter[str]:
        """Return the comments in the ledger that have their decision, by identity."""
        rows = await self.db.fetch(_DECIDED)
        return Counter({row["identity"]: row["n"] for row in rows})

    async def states(self) -> Counter[str]:
        """Return how many deliveries there are in each state."""
        return Counter({row["state"]: row["n"] for row in await self.db.fetch(_STATES)})

    async def coverage(self) -> Sequence[Counted]:
        """Return what is said of each account's posts together."""
        rows = await self.db.fetch(_COVERAGE)
        return [Counted(**{name: row[name] for name in Counted.__slots__}) for row in rows]

    async def connections(self) -> int:
        """Return how many connections the server has."""
        (row,) = await self.db.fetch("select count(*)::int as n from pg_stat_activity")
        return int(row["n"])

    async def age_tokens(self) -> None:
        """Let every token have been issued `AGE` ago, so that it is time for another."""
        await self.db.execute(_AGE, AGE, LEFT)

    async def refreshed(self, since: datetime) -> int:
        """Return how many accounts have got another token since."""
        (row,) = await self.db.fetch(_REFRESHED, since)
        return int(row["n"])

    async def hasten(self, job: str, since: datetime) -> None:
        """Let a job be due for every account for which it has not begun since that moment."""
        await self.db.execute(_HASTEN, job, since)

    async def unfinished(self, job: str, since: datetime) -> int:
        """Return of how many accounts a job has not been done, whole, since that moment."""
        (row,) = await self.db.fetch(_UNFINISHED, job, since)
        return int(row["n"])


_DECIDED: Final = """
select identity, count(*)::int as n
  from public.events
 where kind = 'comment.v1' and outcome <> 'asked'
 group by identity
"""
_STATES: Final = "select state, count(*)::int as n from public.deliveries group by state"
_COVERAGE: Final = """
select account.instagram_id as account_id, sum(post.readable)::int as readable,
       sum(post.stored)::int as stored, sum(post.missed)::int as missed
  from public.post_coverage post
  join public.instagram_accounts account on account.id = post.account_id
 group by account.instagram_id
"""
_AGE: Final = """
update private.instagram_credentials
   set issued_at = now() - $1::interval, expires_at = now() + $2::interval
"""
_REFRESHED: Final = """
select count(*)::int as n from private.instagram_credentials where issued_at >= $1
"""
_HASTEN: Final = """
update private.jobs
   set next_run_at = least(next_run_at, $2)
 where name = $1 and (last_started_at is null or last_started_at < $2)
"""
_UNFINISHED: Final = """
select count(*)::int as n
  from public.instagram_accounts account
 where not exists (
         select from private.jobs job
          where job.name = $1 and job.subject = account.id::text
            and job.last_started_at >= $2 and job.lease_until is null
            and job.last_outcome = 'done'
            and coalesce((job.detail ->> 'whole')::boolean, true))
"""
