"""The API beside the simulator: owners log in, and leave."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from services.control.caretaker.settings import CaretakerSettings
from switchboard.db.pool import Database
from tests.integration.control.house import House, open_house
from tests.integration.control.instagram.owners import KEY, PUBLIC, Owners
from tests.integration.metasim.stage import APP_SECRET, META_APP_SECRET, VERIFY_TOKEN, Meta
from tools.metasim.app import create_app
from tools.metasim.settings import Settings


@pytest.fixture
async def owners(
    owner: Database, api_url: str, caretaker_url: str, redis_url: str, sqs_endpoint_url: str
) -> AsyncIterator[Owners]:
    """The API, looking after accounts at the simulator, which has an account of nobody's yet."""
    settings = Settings(
        webhook_url="http://127.0.0.1:1/",
        app_id="1000000000000001",
        app_secret=APP_SECRET,
        meta_app_secret=META_APP_SECRET,
        verify_token=VERIFY_TOKEN,
    )
    async with (
        TestServer(create_app(settings)) as server,
        ClientSession(server.make_url("/")) as control,
    ):
        url = str(server.make_url("")).rstrip("/")
        given: dict[str, Any] = {
            "caretaker_database_url": caretaker_url,
            "caretaker_every_s": 0.1,
            "control_public_url": PUBLIC,
            "meta_app_id": "1000000000000001",
            "meta_app_secrets": f"{APP_SECRET},{META_APP_SECRET}",
            "meta_graph_url": url,
            "meta_api_url": url,
            "meta_www_url": url,
            "token_keys": f"k:{base64.b64encode(KEY).decode()}",
            "aws_endpoint_url": sqs_endpoint_url,
        }
        caretaking = CaretakerSettings(**given)
        async with open_house(owner, api_url, redis_url, caretaking=caretaking) as house:
            yield await opened(house, Meta(control))


async def opened(house: House, meta: Meta) -> Owners:
    """Let Meta know where we are."""
    addresses = {
        "deauthorize_url": f"{house.url}/instagram/deauthorize",
        "data_deletion_url": f"{house.url}/instagram/data-deletion",
    }
    await meta.sim("PUT", "/config", addresses)
    return Owners(house, meta)
