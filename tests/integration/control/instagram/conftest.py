"""The API beside the simulator: owners log in, and leave."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

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


class OpenOwners(Protocol):
    """Opens the API beside the simulator; what it is given are the caretaker's settings."""

    def __call__(self, **settings: Any) -> AbstractAsyncContextManager[Owners]: ...


@pytest.fixture
def open_owners(
    owner: Database, api_url: str, caretaker_url: str, redis_url: str, sqs_endpoint_url: str
) -> OpenOwners:
    """The same as `owners`, with other settings."""
    urls = {"caretaker_database_url": caretaker_url, "aws_endpoint_url": sqs_endpoint_url}

    def opens(**settings: Any) -> AbstractAsyncContextManager[Owners]:
        return _opened(owner, api_url, redis_url, urls | settings)

    return opens


@pytest.fixture
async def owners(open_owners: OpenOwners) -> AsyncIterator[Owners]:
    """The API, looking after accounts at the simulator, which has an account of nobody's yet."""
    async with open_owners() as owners:
        yield owners


@contextlib.asynccontextmanager
async def _opened(
    owner: Database, api_url: str, redis_url: str, more: dict[str, Any]
) -> AsyncIterator[Owners]:
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
            "caretaker_every_s": 0.1,
            "control_public_url": PUBLIC,
            "meta_app_id": "1000000000000001",
            "meta_app_secrets": f"{APP_SECRET},{META_APP_SECRET}",
            "meta_graph_url": url,
            "meta_api_url": url,
            "meta_www_url": url,
            "token_keys": f"k:{base64.b64encode(KEY).decode()}",
        }
        caretaking = CaretakerSettings(**given | more)
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
