"""The database, as the services have it: `DATABASE_URL` from the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from switchboard.cli.failing import CannotDo
from switchboard.db.pool import Database, Transaction, open_pool
from switchboard.settings import DatabaseSettings

S = TypeVar("S", bound=BaseSettings)


def environment(settings: type[S]) -> S:
    """
    Read `settings` from the environment, as the services do.

    Raises:
        CannotDo: Something is missing or cannot be right; its value is never shown.
    """
    try:
        return settings()
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(map(str, fault["loc"])).upper() or "the environment"
        said = fault["msg"].removeprefix("Value error, ")
        raise CannotDo(f"{name}: {said}; set it as for the services") from None


@asynccontextmanager
async def open_database() -> AsyncIterator[Database]:
    """
    Open the database that the environment names.

    Raises:
        CannotDo: `DATABASE_URL` is missing, or is no address; its value is never shown.
    """
    dsn = str(environment(DatabaseSettings).database_url)
    async with open_pool(dsn, name="switchboard", statement_cache_size=0) as db:
        yield db


@asynccontextmanager
async def reading() -> AsyncIterator[Transaction]:
    """Give one view of the database, which nothing that is done with it can change."""
    async with open_database() as db, db.transaction() as tx:
        await tx.execute("set transaction isolation level repeatable read, read only")
        yield tx
