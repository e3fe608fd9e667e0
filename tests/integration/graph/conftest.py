"""The simulator, with an account and a post."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import BaseTestServer, TestServer

from tests.integration.metasim.stage import ACCOUNT, APP_SECRET, MEDIA, TOKEN, VERIFY_TOKEN, Meta
from tools.metasim.app import create_app
from tools.metasim.settings import Settings


@pytest.fixture
async def simulator() -> AsyncIterator[BaseTestServer]:
    """A Meta whose webhooks reach nobody."""
    settings = Settings(
        webhook_url="http://127.0.0.1:1/",
        app_id="1000000000000001",
        app_secret=APP_SECRET,
        verify_token=VERIFY_TOKEN,
    )
    async with TestServer(create_app(settings)) as server:
        yield server


@pytest.fixture
async def meta(simulator: BaseTestServer) -> AsyncIterator[Meta]:
    """Its control API, with an account and a post."""
    async with ClientSession(simulator.make_url("/")) as http:
        meta = Meta(http)
        await meta.sim("PUT", f"/accounts/{ACCOUNT}", {"username": "shop", "token": TOKEN})
        await meta.sim("PUT", f"/accounts/{ACCOUNT}/media/{MEDIA}", {"caption": "hats"})
        yield meta
