"""A plain PostgreSQL made to look like a Supabase project, and a real one left alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from dev import platform
from dev.servers.postgres import PostgresServer
from tests.support.cluster import OWNER, Cluster

USER = "6f0c1c1e-0000-4000-8000-000000000001"


@pytest.fixture
async def owner(bare_database_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection as the role that will own the schema."""
    connection = await asyncpg.connect(bare_database_url)
    yield connection
    await connection.close()


async def test_it_can_be_made_again(postgres_server: PostgresServer) -> None:
    """A second time changes nothing and fails at nothing."""
    assert await platform.apply(postgres_server.superuser_url)
    assert await platform.apply(postgres_server.superuser_url)


async def test_the_owner_does_not_make_it_again(postgres_server: PostgresServer) -> None:
    """Where it has been made, who may not make it is content."""
    assert not await platform.apply(postgres_server.url)


async def test_a_real_project_is_left_alone(cluster: Cluster) -> None:
    """An `auth` schema that is not ours is Supabase's: nothing is added to it."""
    async with cluster.copy_of("template0") as name:
        url = cluster.address(name, str(cluster.superuser.user))
        connection = await asyncpg.connect(url)
        await connection.execute("create schema auth")
        try:
            assert not await platform.apply(url)
            assert await connection.fetchval("select to_regclass('auth.users')") is None
        finally:
            await connection.close()


async def test_who_may_not_make_it_is_told(cluster: Cluster) -> None:
    """An ordinary role on a plain database: the message says what kind of database is needed."""
    async with cluster.copy_of("template0") as name:
        await platform.let_in(str(cluster.superuser), ["authenticator"], cluster.password)
        with pytest.raises(platform.PlatformRefused, match="use a project's, or a superuser's"):
            await platform.apply(cluster.address(name, "authenticator"))


async def test_the_owner_is_what_it_is_on_supabase(
    owner: asyncpg.Connection[asyncpg.Record],
) -> None:
    """`postgres` bypasses row security and makes roles and databases, but is no superuser."""
    found = await owner.fetchrow(
        """
        select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = $1
        """,
        OWNER,
    )
    assert found is not None
    assert (False, True, True, True) == tuple(found)


async def test_claims_say_who_asks(owner: asyncpg.Connection[asyncpg.Record]) -> None:
    """Policies see the user of the request's token, and nobody where there is none."""
    ask = "select auth.uid()::text, auth.role(), auth.jwt() ->> 'aal'"
    async with owner.transaction():
        claims = json.dumps({"sub": USER, "role": "authenticated", "aal": "aal1"})
        await owner.execute("select set_config('request.jwt.claims', $1, true)", claims)
        known = await owner.fetchrow(ask)
    unknown = await owner.fetchrow(ask)

    assert known is not None
    assert unknown is not None
    assert (USER, "authenticated", "aal1") == tuple(known)
    assert (None, None, None) == tuple(unknown)


async def test_the_owner_may_refer_to_users(owner: asyncpg.Connection[asyncpg.Record]) -> None:
    """A table of ours can have a foreign key to auth.users, and a test can make rows there."""
    await owner.execute("create table public.mine (user_id uuid references auth.users (id))")
    await owner.execute("insert into auth.users (id, email) values ($1, 'a@example.com')", USER)
    await owner.execute("insert into public.mine values ($1)", USER)

    assert 1 == await owner.fetchval("select count(*) from public.mine")


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
async def test_old_default_grants_are_there(
    owner: asyncpg.Connection[asyncpg.Record], role: str
) -> None:
    """A new table is open to the API's roles, as on an old project: migrations must close it."""
    await owner.execute("create table public.open_to_all (n int)")

    assert await owner.fetchval(
        "select has_table_privilege($1, 'public.open_to_all', 'select')", role
    )
