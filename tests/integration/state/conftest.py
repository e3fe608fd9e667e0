"""The session's Redis, and one that a test may break."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from switchboard.state import open_redis
from switchboard.state.client import Redis
from tests.integration.state.own_redis import OwnRedis, own_redis
from tests.integration.state.people import standing


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the session's Redis, empty but for how erasings stand."""
    async with open_redis(redis_url) as client:
        await standing(client)
        yield client


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    """A Redis that this test alone uses, and may break."""
    async with own_redis(tmp_path) as server:
        yield server


@pytest.fixture
async def fragile(server: OwnRedis) -> AsyncIterator[Redis]:
    """A client of it."""
    async with open_redis(server.url) as client:
        yield client
