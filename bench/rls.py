"""
What row level security costs on a million rows of the ledger, beside no policy and a filter.

The same questions, by turns: as the owner of the tables, with `workspace_id = $1` and no policy;
and as a user of the dashboard, inside the envelope. Milliseconds are what PostgreSQL says the
execution took, the median of `RUNS` after two that do not count, without parallel workers.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from bench.report import Figure, show
from bench.stage import MIGRATIONS
from dev.servers import PostgresServer, embedded_postgres
from switchboard.db import migrate

ROWS: Final = 1_000_000
BUSY: Final = 100_000  # of one workspace; the others have the rest between them
WORKSPACES: Final = 200
RUNS: Final = 10
MOST_RATIO: Final = 1.5
MOST_FIXED_MS: Final = 1.0  # what finding one's workspaces may cost, whatever is asked

USER: Final = UUID(int=1)
WORKSPACE: Final = UUID(int=1)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_LATEST: Final = """
select event_id, kind, outcome
  from public.events
 where workspace_id = $1
 order by received_at desc
 limit 50
"""
_HOURLY: Final = """
select date_trunc('hour', received_at), count(*)
  from public.events
 where workspace_id = $1 and received_at > now() - interval '7 days'
 group by 1
"""
# Without a policy, and as a user asks it. A user who counts all they may see names no workspace.
QUESTIONS: Final = {
    "count of all one may see": (
        "select count(*) from public.events where workspace_id = $1",
        "select count(*) from public.events where $1::uuid is not null",
    ),
    "the latest 50": (_LATEST, _LATEST),
    "7 days by the hour": (_HOURLY, _HOURLY),
}


async def main() -> None:
    """Measure each question both ways; fail where a policy costs more than it may."""
    async with embedded_postgres() as postgres:
        await migrate.apply(postgres.url, MIGRATIONS)
        await _fill(postgres)
        await postgres.let_in("switchboard_api")
        dear = [name for name in QUESTIONS if not await _measured(postgres, name)]
    if dear:
        sys.exit(f"policies cost more than they may: {', '.join(dear)}")


async def _measured(postgres: PostgresServer, name: str) -> bool:
    """Show what `name` costs; say whether the policy's part is within bounds."""
    bare, guarded = QUESTIONS[name]
    owner = await asyncpg.connect(postgres.url)
    user = await asyncpg.connect(postgres.address(role="switchboard_api"))
    try:
        await _become(user)
        before_ms = await _median_ms(owner, bare)
        policy_ms = await _median_ms(user, guarded)
        after_ms = await _median_ms(owner, bare)
    finally:
        await owner.close()
        await user.close()
    show(
        f"{name}: {ROWS:,} rows, {BUSY:,} of them the user's",
        [
            Figure("no policy, a filter (before)", before_ms, "ms"),
            Figure("no policy, a filter (after)", after_ms, "ms"),
            Figure("as the user", policy_ms, "ms"),
        ],
    )
    return policy_ms <= MOST_RATIO * max(before_ms, after_ms) + MOST_FIXED_MS


async def _become(user: Connection) -> None:
    """Make the session the user's, as the envelope makes a transaction."""
    claims = json.dumps({"sub": str(USER), "role": "authenticated"})
    await user.execute(
        "select set_config('role', 'authenticated', false),"
        " set_config('request.jwt.claims', $1, false)",
        claims,
    )


async def _median_ms(connection: Connection, question: str) -> float:
    await connection.execute("set max_parallel_workers_per_gather = 0")
    explain = f"explain (analyze, timing off, format json) {question}"
    taken = []
    for _ in range(RUNS + 2):
        plan = await connection.fetchval(explain, WORKSPACE)
        taken.append(float(json.loads(plan)[0]["Execution Time"]))
    return statistics.median(taken[2:])


async def _fill(postgres: PostgresServer) -> None:
    """Write the rows, past the triggers, and let the planner know them."""
    owner = await asyncpg.connect(postgres.superuser_url, command_timeout=600)
    try:
        started_s = time.monotonic()
        await owner.execute("set session_replication_role = replica")
        for statement in _FILL:
            await owner.execute(statement)
        await owner.execute("vacuum analyze public.events")
        size = await owner.fetchval(
            "select pg_size_pretty(sum(pg_total_relation_size(relid)))"
            " from pg_partition_tree('public.events')"
        )
        taken_s = time.monotonic() - started_s
    finally:
        await owner.close()
    print(f"\n{ROWS:,} events in {WORKSPACES} workspaces, {size}, written in {taken_s:.0f} s")


def _id(number: str) -> str:
    """Return SQL for the uuid with that number."""
    return f"lpad(to_hex({number}), 32, '0')::uuid"


_FILL: Final = (
    f"""insert into public.workspaces (id, name)
        select {_id("n")}, 'shop ' || n from generate_series(1, {WORKSPACES}) n""",
    f"""insert into public.instagram_accounts
          (id, workspace_id, instagram_id, username, rules_version)
        select {_id("n")}, {_id("n")}, (17841400000000000 + n)::text, 'shop_' || n, n
          from generate_series(1, {WORKSPACES}) n""",
    f"insert into auth.users (id) values ('{USER}')",
    f"""insert into public.memberships (workspace_id, user_id, role)
        values ('{WORKSPACE}', '{USER}', 'viewer')""",
    f"""insert into public.events (event_id, workspace_id, account_id, instagram_id, kind, identity,
                                   person_id, occurred_at, received_at, outcome, decision, event,
                                   trace_id)
        select gen_random_uuid(), {_id("w")}, {_id("w")}, '17841400000000000', 'comment.v1',
               'c:' || n, (1000000 + n % 50000)::text, at, at, 'no_match',
               '{{"reason": "no_match", "campaigns": []}}',
               jsonb_build_object('kind', 'comment.v1', 'comment_id', n, 'text', 'how lovely'),
               '0123456789abcdef0123456789abcdef'
          from (select n, case when n <= {BUSY} then 1 else 2 + n % {WORKSPACES - 1} end as w,
                       now() - random() * interval '30 days' as at
                  from generate_series(1, {ROWS}) n) rows""",
)


if __name__ == "__main__":
    asyncio.run(main())
