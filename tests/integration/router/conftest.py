"""Routers with real servers around them: PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from switchboard.db.pool import open_pool
from switchboard.state import open_redis
from tests.integration.db.town import open_shop
from tests.integration.router.stage import Stage


@pytest.fixture
async def stage(database_url: str, pipeline_url: str, redis_url: str) -> AsyncIterator[Stage]:
    """A tenant with an account, and what routers share."""
    async with (
        open_pool(database_url, name="owner") as owner,
        open_pool(pipeline_url, name="router", max_size=8) as db,
        open_redis(redis_url) as redis,
    ):
        yield Stage(owner=owner, db=db, redis=redis, shop=await open_shop(owner))
