"""A migrated database of each test's own, as each of those who use it has it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from switchboard.db.pool import Database, open_pool
from tests.integration.db.town import Shop, open_shop


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """The database as the role that owns the schema."""
    async with open_pool(database_url, name="owner") as db:
        yield db


@pytest.fixture
async def pipeline(pipeline_url: str) -> AsyncIterator[Database]:
    """The database as the router and the sender have it."""
    async with open_pool(pipeline_url, name="pipeline", max_size=20) as db:
        yield db


@pytest.fixture
async def api(api_url: str) -> AsyncIterator[Database]:
    """The database as the dashboard's API logs in."""
    async with open_pool(api_url, name="api") as db:
        yield db


@pytest.fixture
async def caretaker(caretaker_url: str) -> AsyncIterator[Database]:
    """The database as what looks after accounts has it."""
    async with open_pool(caretaker_url, name="caretaker") as db:
        yield db


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A workspace with a connected account and one live campaign."""
    return await open_shop(owner)
