"""What everybody may do with every table is what is written down, and nothing else."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from tests.integration.db.isolation import matrix
from tests.integration.db.isolation.conftest import Settled
from tests.integration.db.isolation.expectations import TABLES, Table

# A statement that opens a hole, the table it is in, and who comes through it.
HOLES = {
    "no policies": (
        "alter table public.contacts disable row level security",
        "public.contacts",
        {"viewer", "stranger", "neighbour"},
    ),
    "a policy for all": (
        "create policy hole on public.deliveries for select to authenticated using (true)",
        "public.deliveries",
        {"viewer", "stranger", "neighbour"},
    ),
    "a policy that forgets to check": (
        "create policy hole on public.campaigns for insert to authenticated with check (true)",
        "public.campaigns",
        {"viewer", "stranger", "neighbour"},
    ),
    "a policy that forgets the role": (
        """create policy hole on public.intents for delete to authenticated
           using (workspace_id = any ((select private.my_workspace_ids())::uuid[]))""",
        "public.intents",
        {"viewer"},
    ),
    "a secret table that is granted": (
        """grant select on private.instagram_credentials to authenticated;
           create policy hole on private.instagram_credentials for select to authenticated
           using (true)""",
        "private.instagram_credentials",
        {"viewer", "stranger"},
    ),
    "a table that anon may read": (
        """grant select on public.posts to anon;
           create policy hole on public.posts to anon using (true)""",
        "public.posts",
        {"anon"},
    ),
    "an API that may read as itself": (
        """grant select on public.events to switchboard_api;
           create policy hole on public.events for select to switchboard_api using (true)""",
        "public.events",
        {"api"},
    ),
    "a pipeline that may read who belongs where": (
        """grant select on public.memberships to switchboard_pipeline;
           create policy hole on public.memberships for select to switchboard_pipeline
           using (true)""",
        "public.memberships",
        {"pipeline"},
    ),
}


async def test_every_table_has_an_expectation(settled: Settled) -> None:
    """No table, partition or view is forgotten, and none is expected that is not there."""
    assert set(TABLES) == await matrix.catalogue(settled.logins)


async def test_partitions(holed: Settled) -> None:
    """A day of the ledger is the owner's alone: who may read it does so by the ledger's name."""
    today = f"private.events_{datetime.now(UTC):%Y%m%d}"
    async with matrix.connected(holed.logins.owner) as owner:
        await owner.execute("select private.make_event_days(7)")
    names = await matrix.partitions(holed.logins)
    tables = {name: Table() for name in names}

    assert {"private"} == {name.partition(".")[0] for name in names}
    assert {"private.events_earlier", "private.events_unexpected", today} < names
    assert {"denied"} == set((await matrix.found(holed.logins, holed.town, tables)).values())


async def test_a_partition_that_is_granted(holed: Settled) -> None:
    """A right to one is found, though its rows are guarded by no policy of the ledger's."""
    name = "private.events_earlier"
    async with matrix.connected(holed.logins.owner) as owner:
        await owner.execute(f"grant select on {name} to authenticated")
    found = await matrix.found(holed.logins, holed.town, {name: Table()})

    assert {(name, "select")} == {cell[:2] for cell, came in found.items() if came != "denied"}


async def test_every_role_is_tried(settled: Settled) -> None:
    """Nobody has a right to a table but users and those of our processes that the matrix tries."""
    systems = {f"switchboard_{name}" for name in matrix.SYSTEMS}

    assert {"authenticated"} | systems == await matrix.entitled(settled.logins)


async def test_every_table_has_rows(settled: Settled) -> None:
    """There is something to reach in each table, of each tenant: else the matrix proved nothing."""
    empty = []
    async with matrix.connected(settled.logins.owner) as owner:
        for name, table in TABLES.items():
            whose = f"{table.tenant} = any ($1::uuid[])" if table.tenant else "$1::uuid[] <> '{}'"
            for tenant in (settled.town.ours, settled.town.theirs):
                query = f"select exists (select from {name} where {whose})"
                if not await owner.fetchval(query, tenant.ids):
                    empty.append(name)

    assert [] == empty


async def test_every_cell(settled: Settled) -> None:
    """Each attempt of each caller at each table ends as it should."""
    expected = matrix.expected(settled.town)

    assert expected == await matrix.found(settled.logins, settled.town)
    assert len(expected) > 1_000


async def test_every_column(settled: Settled) -> None:
    """A user reads all columns but the hidden ones, and writes none but those that are theirs."""
    found = {}
    async with matrix.connected(settled.logins.owner) as owner:
        for name, table in TABLES.items():
            found[name] = await _columns(owner, name, table)

    assert {
        name: (table.hidden.split(), table.inserts.split(), table.updates.split())
        for name, table in TABLES.items()
    } == found


async def _columns(
    owner: matrix.Connection, name: str, table: Table
) -> tuple[list[str], list[str], list[str]]:
    ours = await matrix.rights_of(owner, "authenticated", name)
    all_of_it = (await matrix.rights_of(owner, "postgres", name)).select
    hidden = [column for column in all_of_it if column not in ours.select]
    return hidden if table.select else [], ours.insert, ours.update


@pytest.mark.parametrize("hole", HOLES)
async def test_a_hole_is_found(holed: Settled, hole: str) -> None:
    """With a hole planted, those cells fail through which somebody can come, and no others."""
    statement, table, through = HOLES[hole]
    tables = {table: TABLES[table]}
    async with matrix.connected(holed.logins.owner) as owner:
        await owner.execute(statement)

    found = await matrix.found(holed.logins, holed.town, tables)

    wrong = {
        cell
        for cell, should in matrix.expected(holed.town, tables).items()
        if found[cell] != should
    }
    assert {table} == {name for name, _, _ in wrong}
    assert through <= {caller for _, _, caller in wrong}


async def test_a_granted_column_is_found(holed: Settled) -> None:
    """A secret's column that is granted, or one that says whose a row is, does not go unseen."""
    async with matrix.connected(holed.logins.owner) as owner:
        await owner.execute("grant select (key_hash) on public.api_keys to authenticated")
        await owner.execute("grant update (workspace_id) on public.intents to authenticated")
        hidden, _, _ = await _columns(owner, "public.api_keys", TABLES["public.api_keys"])
        _, _, updates = await _columns(owner, "public.intents", TABLES["public.intents"])

    assert (["key_hash"], False) == (TABLES["public.api_keys"].hidden.split(), bool(hidden))
    assert {"workspace_id"} == set(updates) - set(TABLES["public.intents"].updates.split())


async def test_a_forgotten_table_is_found(holed: Settled) -> None:
    """A table or view that nobody wrote an expectation for fails the matrix."""
    async with matrix.connected(holed.logins.owner) as owner:
        await owner.execute("create table public.forgotten (id int)")
        await owner.execute("create view private.leak as select * from public.contacts")

    assert {"public.forgotten", "private.leak"} == await matrix.catalogue(holed.logins) - set(
        TABLES
    )


async def test_a_forgotten_role_is_found(holed: Settled) -> None:
    """A right for a role that nobody tries fails the matrix, on one column too."""
    async with matrix.connected(holed.logins.owner) as owner:
        await owner.execute("grant update (name) on public.intents to authenticator")

    assert "authenticator" in await matrix.entitled(holed.logins)


def test_an_expectation_is_complete() -> None:
    """A command a role has names its columns, so that none is granted silently."""
    for table in TABLES.values():
        for command, columns in (("insert", table.inserts), ("update", table.updates)):
            assert bool(columns) == (dataclasses.asdict(table)[command] is not None)
