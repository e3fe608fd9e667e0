"""Two tenants with a row in every table, and the API between them, whole."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from services.control.caretaker.settings import CaretakerSettings
from switchboard.db.pool import Database, open_pool
from switchboard.queues import create_queues, open_sqs
from tests.integration.control.attacks.world import World, open_world
from tests.integration.control.house import House, open_house

NOBODY: Final = "http://127.0.0.1:1"
PUBLIC: Final = "https://us.example"


@pytest.fixture
async def with_queues(sqs_endpoint_url: str, queue_prefix: str) -> dict[str, Any]:
    """The settings by which the API finds queues."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as client:
        await create_queues(client, queue_prefix)
    return {"aws_endpoint_url": sqs_endpoint_url, "queue_prefix": queue_prefix}


@pytest.fixture
async def whole(
    owner: Database,
    api_url: str,
    caretaker_url: str,
    redis_url: str,
    with_queues: dict[str, Any],
) -> AsyncIterator[House]:
    """The API with all it has around it; Meta is away, and nobody is limited."""
    around: dict[str, Any] = {
        "caretaker_database_url": caretaker_url,
        "caretaker_every_s": 3_600,
        "control_public_url": PUBLIC,
        "meta_app_id": "1000000000000001",
        "meta_app_secrets": "a-secret-of-ours-alone",
        "meta_graph_url": NOBODY,
        "meta_api_url": NOBODY,
        "meta_www_url": NOBODY,
        "token_keys": f"k1:{base64.b64encode(b'1' * 32).decode()}",
    }
    whole: dict[str, Any] = {
        "caretaking": CaretakerSettings(**around | with_queues),
        "control_calls_burst": 100_000,
        **with_queues,
    }
    async with open_house(owner, api_url, redis_url, **whole) as house:
        yield house


@pytest.fixture
async def world(whole: House, owner: Database, pipeline_url: str) -> AsyncIterator[World]:
    """Everybody."""
    async with open_pool(pipeline_url, name="pipeline") as pipeline:
        yield await open_world(whole, owner, pipeline)
