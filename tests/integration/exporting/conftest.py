"""Two installations: here, with a workspace that has a past; and there, with nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from switchboard.db.pool import Database, open_pool
from tests.integration.cli.past import Past, open_past
from tests.support.cluster import OWNER, Cluster


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Database]:
    """The database that a workspace leaves, as the role that owns the schema."""
    async with open_pool(database_url, name="here") as db:
        yield db


@pytest.fixture
async def there_url(cluster: Cluster, database_template: str) -> AsyncIterator[str]:
    """The address of another database, which is empty."""
    async with cluster.copy_of(database_template) as name:
        yield cluster.address(name, OWNER)


@pytest.fixture
async def there(there_url: str) -> AsyncIterator[Database]:
    """The database that it comes to."""
    async with open_pool(there_url, name="there") as db:
        yield db


@pytest.fixture
async def past(here: Database) -> Past:
    """A workspace with campaigns of every kind, to which nothing has happened yet."""
    return await open_past(here)
