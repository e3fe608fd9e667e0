"""The door: connections, and what is told when there are none."""

from __future__ import annotations

import asyncio

import pytest
from asyncpg import PostgresError

from dev.servers import PostgresServer
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, open_pool
from switchboard.errors import Unavailable


class TestAway:
    async def test_opening_while_it_is_away(self) -> None:
        """A pool opens without its database, which is then reported, not crashed upon."""
        async with open_pool("postgresql://x@127.0.0.1:1/none", name="test") as db:
            with pytest.raises(Unavailable):
                await db.ping()

    async def test_a_login_that_is_refused(self, database_url: str) -> None:
        """A login that is refused is waited out: its password may be changing."""
        url = database_url.replace("://postgres", "://nobody_here")
        async with open_pool(url, name="test") as db:
            with pytest.raises(Unavailable, match="nobody_here"):
                await db.ping()

    async def test_a_restart(self, postgres_server: PostgresServer) -> None:
        """While the server is restarted queries are told to wait; then they work again."""
        async with open_pool(postgres_server.url, name="test") as db:
            await db.ping()

            await postgres_server.stop()
            with pytest.raises(Unavailable):
                await db.ping()

            await postgres_server.start()
            await _until_it_answers(db)
            row = await db.fetchrow("select 1 as one")

        assert row is not None
        assert row["one"] == 1

    async def test_a_connection_cut_in_a_transaction(self, owner: Database) -> None:
        """A connection that is cut under a transaction is told of as such."""
        with pytest.raises(Unavailable):
            await _cut_oneself_off(owner)

        await owner.ping()

    async def test_a_statement_that_takes_too_long(self, owner: Database) -> None:
        """What the server cancels for its length has not happened, and may be tried again."""
        with pytest.raises(Unavailable, match="57014"):
            await _sleep_longer_than_allowed(owner)

    async def test_a_deadlock(self, owner: Database) -> None:
        """The victim of a deadlock may try again; the other one goes on."""
        await owner.execute("create table public.pair (id int primary key, n int default 0)")
        await owner.execute("insert into public.pair (id) values (1), (2)")
        locked = asyncio.Barrier(2)

        async def add(first: int, second: int) -> None:
            async with owner.transaction() as tx:
                await tx.execute("update public.pair set n = n + 1 where id = $1", first)
                await locked.wait()
                await tx.execute("update public.pair set n = n + 1 where id = $1", second)

        ends = await asyncio.gather(add(1, 2), add(2, 1), return_exceptions=True)

        assert ["NoneType", "Unavailable"] == sorted(type(end).__name__ for end in ends)

    async def test_no_connection_left(self, owner: Database, database_url: str) -> None:
        """A server that is full is away."""
        await owner.execute("select 1")
        async with open_pool(database_url, name="first", max_size=1) as one:
            row = await owner.fetchrow("select current_database() as name")
            assert row is not None
            await owner.execute(f'alter database "{row["name"]}" connection limit 1')
            with pytest.raises(Unavailable, match="too many connections"):
                await one.ping()


class TestWrong:
    @pytest.mark.parametrize(
        ("query", "args"),
        [
            ("selekt 1", ()),
            ("select 1/0", ()),
            ("select * from public.nowhere", ()),
            ("select $1::int", ("text",)),
            ("select 1", ("too", "many")),
            ("insert into public.workspaces (name) values ('')", ()),
        ],
    )
    async def test_a_mistake_of_ours(
        self, owner: Database, query: str, args: tuple[object, ...]
    ) -> None:
        """A query that is wrong is a bug, and no weather."""
        with pytest.raises(QueryFailed):
            await owner.fetch(query, *args)

        await owner.ping()

    async def test_no_values_in_the_message(self, owner: Database) -> None:
        """What people wrote does not reach a log by way of an error."""
        with pytest.raises(QueryFailed) as caught:
            await owner.execute(
                "insert into public.workspaces (id, name) values ($1, $2), ($1, 'their words')",
                "00000000-0000-0000-0000-000000000001",
                "other words",
            )

        assert "words" not in str(caught.value)
        assert isinstance(caught.value.__cause__, PostgresError)


class TestTransactions:
    async def test_all_or_nothing(self, owner: Database) -> None:
        """What fails in the end did not happen in the beginning; and its own error is told."""
        with pytest.raises(TimeoutError):
            await _insert_and_fail(owner)

        assert [] == await owner.fetch("select id from public.workspaces")

    async def test_what_is_set_in_one_ends_with_it(self, database_url: str) -> None:
        """The next who gets the connection is nobody and has no settings, however it ended."""
        async with open_pool(database_url, name="one", max_size=1) as db:
            async with db.transaction() as tx:
                await tx.execute("set local role authenticated")
                await tx.execute("set local statement_timeout = '7s'")
            with pytest.raises(TimeoutError):
                await _become_somebody_and_fail(db)

            row = await db.fetchrow(
                "select current_user::text, current_setting('statement_timeout') as patience"
            )

        assert row is not None
        assert ("postgres", "0") == (row["current_user"], row["patience"])

    async def test_json(self, owner: Database) -> None:
        """JSON goes in and comes out as values."""
        value = {"text": "é\u2028", "list": [1, None, 2.5]}

        row = await owner.fetchrow("select $1::jsonb as value", value)

        assert row is not None
        assert value == row["value"]

    async def test_its_name(self, database_url: str) -> None:
        """The server lists connections under the name given, cut to what it keeps."""
        async with open_pool(database_url, name="n" * 70, statement_cache_size=0) as db:
            row = await db.fetchrow("select current_setting('application_name') as name")

        assert row is not None
        assert "n" * 63 == row["name"]


async def _until_it_answers(db: Database) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                return await db.ping()
            except Unavailable:
                await asyncio.sleep(0.05)


async def _cut_oneself_off(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.fetch("select pg_terminate_backend(pg_backend_pid())")
        await tx.fetch("select 1")


async def _sleep_longer_than_allowed(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute("set local statement_timeout = '20ms'")
        await tx.execute("select pg_sleep(10)")


async def _become_somebody_and_fail(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute("set local role authenticated")
        raise TimeoutError("somebody else's")


async def _insert_and_fail(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute("insert into public.workspaces (name) values ('gone')")
        raise TimeoutError("somebody else's")
