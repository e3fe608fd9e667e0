"""An account with a past, in a database of each test's own; and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from switchboard.cli.app import main
from switchboard.db.pool import Database, open_pool
from tests.integration.cli.past import Past, open_past


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its code, and what it printed."""

    code: int
    out: str
    err: str


Switchboard = Callable[..., Awaitable[Ended]]


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """The database as the role that owns the schema."""
    async with open_pool(database_url, name="owner", max_size=8) as db:
        yield db


@pytest.fixture
async def past(owner: Database) -> Past:
    """An account with campaigns of every kind, to which nothing has happened yet."""
    return await open_past(owner)


@pytest.fixture
def switchboard(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Switchboard:
    """Run the command line with the test's database; it has a loop of its own, in a thread."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    async def run(*arguments: object) -> Ended:
        capsys.readouterr()
        code = await asyncio.to_thread(main, [str(one) for one in arguments])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run
