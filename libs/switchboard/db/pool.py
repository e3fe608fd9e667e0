"""Connections to PostgreSQL, and what everything else here asks its questions through."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, TypeAlias

import asyncpg
from pydantic_core import from_json, to_json

from switchboard.db.errors import connection_errors, query_errors

# Longer than any statement of ours takes, shorter than a queue message stays ours.
_COMMAND_S: Final = 15.0
_CONNECT_S: Final = 5.0
# PostgreSQL keeps 63 bytes of it.
_MAX_NAME_BYTES: Final = 63


class Row(Protocol):
    """One row of an answer, by the names of its columns."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of `column`."""
        ...


class Queryable(Protocol):
    """
    What can be queried: a `Database`, or a `Transaction` of one. The caller decides which.

    Parameters are `$1`, `$2`, ...; `jsonb` is given and returned as Python values. All methods
    raise `Unavailable` when the database is away and `QueryFailed` when the query is wrong.
    """

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Return the rows that `query` yields."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row that `query` yields, if it yields any."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run `query` and return its tag, such as `UPDATE 1`."""
        ...


_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_Borrowed: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
_Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Transaction:
    """One connection inside a transaction: see `Database.transaction`."""

    def __init__(self, connection: _Borrowed) -> None:
        self._connection = connection

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Return the rows that `query` yields."""
        with query_errors("query"):
            return await self._connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row that `query` yields, if it yields any."""
        with query_errors("query"):
            return await self._connection.fetchrow(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run `query` and return its tag."""
        with query_errors("command"):
            return await self._connection.execute(query, *args)


class Database:
    """A pool of connections. Each query borrows one; a transaction keeps one for its length."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Return the rows that `query` yields."""
        async with self._borrowed() as connection:
            return await Transaction(connection).fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row that `query` yields, if it yields any."""
        async with self._borrowed() as connection:
            return await Transaction(connection).fetchrow(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run `query` and return its tag, such as `UPDATE 1`."""
        async with self._borrowed() as connection:
            return await Transaction(connection).execute(query, *args)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Keep one connection and commit what is done with it, or none of it after an error."""
        return self._transaction()

    async def ping(self) -> None:
        """
        Ask the database whether it is there.

        Raises:
            Unavailable: It is not.
        """
        await self.execute("select 1")

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._borrowed() as connection:
            transaction = connection.transaction()
            with query_errors("begin"):
                await transaction.start()
            try:
                yield Transaction(connection)
            except BaseException:
                with query_errors("rollback"):
                    await transaction.rollback()
                raise
            with query_errors("commit"):
                await transaction.commit()

    @contextlib.asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[_Borrowed]:
        with connection_errors():
            connection = await self._pool.acquire(timeout=_CONNECT_S)
        try:
            yield connection
        finally:
            with query_errors("release"):
                await self._pool.release(connection)


@contextlib.asynccontextmanager
async def open_pool(
    dsn: str, *, max_size: int = 4, name: str, statement_cache_size: int = 100
) -> AsyncIterator[Database]:
    """
    Open a pool of at most `max_size` connections; `name` is how the server lists them.

    Nothing is connected before it is needed: a service starts while the database is away, says it
    is not ready, and works once the database is there. Behind a pooler in transaction mode
    `statement_cache_size` must be 0: what was prepared on one server connection is not on the next.
    """
    pool = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=max_size,
        init=_speak_json,
        reset=_leave_as_it_is,
        timeout=_CONNECT_S,
        command_timeout=_COMMAND_S,
        statement_cache_size=statement_cache_size,
        server_settings={"application_name": name[:_MAX_NAME_BYTES]},
    )
    async with pool:
        yield Database(pool)


async def _leave_as_it_is(_connection: _Connection) -> None:
    """
    Give a connection back without asking the server to reset it: that costs a round trip each time.

    Nothing of ours outlives its statement or transaction: roles and settings are set `local`, and
    there are no listeners, cursors or advisory locks of a session. An open transaction is still
    ended by the pool.
    """


async def _speak_json(connection: _Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_json, decoder=from_json, format="text"
    )


def _to_json(value: object) -> str:
    return to_json(value).decode()
