"""
What a month's numbers cost to read: counted anew, and as they are kept.

One account of a workspace has 28 days with 2,500 comments each; half are answered, and some of
those who were tap and click. The same question as a user of the dashboard, inside the envelope:
while nothing is kept, which is the baseline; and after the caretaker's counting, with the last days
fresh.
Milliseconds, the median of `RUNS` after two that do not count.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from bench.report import Figure, show
from bench.stage import MIGRATIONS
from dev.servers import PostgresServer, embedded_postgres
from services.control.caretaker.counting import Counting
from switchboard.db import migrate
from switchboard.db.pool import open_pool

DAYS: Final = 28
A_DAY: Final = 2_500
RUNS: Final = 7
ONE: Final = UUID(int=1)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def main() -> None:
    """Measure both, and see that they say the same."""
    async with embedded_postgres() as postgres:
        await migrate.apply(postgres.url, MIGRATIONS)
        await _fill(postgres)
        await postgres.let_in("switchboard_api")
        await postgres.let_in("switchboard_caretaker")
        user = await asyncpg.connect(postgres.address(role="switchboard_api"))
        try:
            await _become(user)
            anew, anew_ms = await _asked(user)
            counting_ms = await _counted(postgres)
            kept, kept_ms = await _asked(user)
        finally:
            await user.close()
    if anew != kept:
        raise SystemExit("what is kept is not what was counted")
    show(
        f"{DAYS} days with {DAYS * A_DAY:,} comments",
        [
            Figure("counted anew", anew_ms, "ms"),
            Figure("as kept, the last days counted", kept_ms, "ms"),
            Figure("counting all that is kept, once", counting_ms, "ms"),
        ],
    )


async def _asked(user: Connection) -> tuple[list[tuple[object, ...]], float]:
    """Return what the user is told, and the time it took."""
    today = datetime.now(UTC).date()
    taken: list[float] = []
    for _ in range(RUNS + 2):
        started_s = time.perf_counter()
        rows = await user.fetch(_NUMBERS, ONE, today - timedelta(days=DAYS), today)
        taken.append((time.perf_counter() - started_s) * 1000)
    return [tuple(row) for row in rows], statistics.median(taken[2:])


async def _counted(postgres: PostgresServer) -> float:
    """Let the caretaker count; return how long that took."""
    url = postgres.address(role="switchboard_caretaker")
    async with open_pool(url, name="caretaker") as db:
        started_s = time.perf_counter()
        while (await Counting(db=db).keep_up()).again is not None:
            pass
        return (time.perf_counter() - started_s) * 1000


async def _become(user: Connection) -> None:
    """Make the session the user's, as the envelope makes a transaction."""
    claims = json.dumps({"sub": str(ONE), "role": "authenticated"})
    await user.execute(
        "select set_config('role', 'authenticated', false),"
        " set_config('request.jwt.claims', $1, false)",
        claims,
    )


async def _fill(postgres: PostgresServer) -> None:
    """Write the rows, past the triggers, and let the planner know them."""
    owner = await asyncpg.connect(postgres.superuser_url, command_timeout=600)
    try:
        await owner.execute("set session_replication_role = replica")
        for statement in _FILL:
            await owner.execute(statement)
        await owner.execute("vacuum analyze")
    finally:
        await owner.close()


_NUMBERS: Final = """
select day, campaign_id, came, matched, sent, tapped, clicked, late, waiting, lost
  from private.funnel($1, null, null, $2, $3)
 order by day, campaign_id
"""

# Which comment the number is decides all: every second matches, of ten of those nine are sent, of
# ten of those three are tapped and one is clicked.
_FILL: Final = (
    f"insert into public.workspaces (id, name) values ('{ONE}', 'shop')",
    f"""insert into public.instagram_accounts
          (id, workspace_id, instagram_id, username, rules_version)
        values ('{ONE}', '{ONE}', '17841400000000001', 'shop', 1)""",
    f"insert into auth.users (id) values ('{ONE}')",
    f"""insert into public.memberships (workspace_id, user_id, role)
        values ('{ONE}', '{ONE}', 'viewer')""",
    f"""create table private.comment as
        select gen_random_uuid() as id, gen_random_uuid() as delivery_id, n,
               (n % 20000)::text as person_id, n % 2 = 0 as matched, n % 20 <> 0 as sent,
               now() - interval '{DAYS} days' * n / {DAYS * A_DAY} as at
          from generate_series(1, {DAYS * A_DAY}) n""",
    f"""insert into public.events (event_id, workspace_id, account_id, instagram_id, kind,
                                   identity, person_id, occurred_at, received_at, outcome,
                                   campaign_id, decision, event, trace_id)
        select id, '{ONE}'::uuid, '{ONE}'::uuid, '17841400000000001',
               'comment.v1', 'c:' || n, person_id, at, at,
               case when matched then 'matched' else 'no_match' end,
               case when matched then '{ONE}'::uuid end,
               '{{"because": "keyword", "considered": []}}'::jsonb,
               jsonb_build_object('kind', 'comment.v1', 'comment_id', n, 'text', 'how lovely'),
               '0123456789abcdef0123456789abcdef'
          from private.comment
        union all
        select gen_random_uuid(), '{ONE}', '{ONE}', '17841400000000001', 'postback.v1', 't:' || n,
               person_id, at + interval '1 minute', at + interval '1 minute', 'matched', '{ONE}',
               '{{"because": "tap"}}', '{{}}', '0123456789abcdef0123456789abcdef'
          from private.comment where matched and n % 10 in (2, 4, 6)""",
    f"""insert into public.deliveries (id, workspace_id, account_id, event_id, campaign_id,
                                       campaign_version, step, kind, person_id, comment_id, content,
                                       state, not_before, deadline, sent_at, created_at, trace_id)
        select delivery_id, '{ONE}', '{ONE}', id, '{ONE}', 1, '0', 'private_reply', person_id,
               'c' || n, '{{}}', case when sent then 'sent' else 'expired' end, at,
               at + interval '7 days', case when sent then at + interval '2 s' end, at,
               '0123456789abcdef0123456789abcdef'
          from private.comment where matched""",
    f"""insert into public.link_clicks (event_id, workspace_id, account_id, delivery_id,
                                        campaign_id, campaign_version, step, url, clicked_at)
        select gen_random_uuid(), '{ONE}', '{ONE}', delivery_id, '{ONE}', 1, '0',
               'https://shop.example', at + interval '1 minute'
          from private.comment where matched and n % 10 = 2""",
)


if __name__ == "__main__":
    asyncio.run(main())
