"""The API, running on a database of each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from switchboard.db.pool import Database, open_pool
from tests.integration.control.house import House, open_house
from tests.integration.db.town import Shop, open_shop


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """The database as the role that owns the schema."""
    async with open_pool(database_url, name="owner") as db:
        yield db


@pytest.fixture
async def house(owner: Database, api_url: str, redis_url: str) -> AsyncIterator[House]:
    """The API, running."""
    async with open_house(owner, api_url, redis_url) as house:
        yield house


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A workspace with a connected account and one live campaign."""
    return await open_shop(owner)
