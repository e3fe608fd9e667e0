"""A sender with real servers around it: PostgreSQL, Redis, and a Meta that answers as told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from switchboard.db.pool import open_pool
from switchboard.graph import open_graph
from switchboard.hooks import open_hooks
from switchboard.state import open_redis
from tests.integration.db.town import open_shop
from tests.integration.metasim.stage import APP_SECRET, MEDIA, VERIFY_TOKEN
from tests.integration.metasim.stage import Meta as Simulated
from tests.integration.sender.stage import TOKEN, Meta, Stage, serving, token_stored
from tests.integration.state.own_redis import OwnRedis, own_redis
from tools.metasim.app import create_app
from tools.metasim.settings import Settings


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    """A Redis that this test alone uses, and may break."""
    async with own_redis(tmp_path) as server:
        yield server


@pytest.fixture
async def stage(database_url: str, pipeline_url: str, own_server: OwnRedis) -> AsyncIterator[Stage]:
    """A tenant with an account and its token, a sender and a pacer."""
    meta = Meta()
    async with (
        open_pool(database_url, name="owner") as owner,
        open_pool(pipeline_url, name="sender", max_size=10) as db,
        open_redis(own_server.url) as redis,
        serving(meta) as url,
        open_graph(url=url, version="v26.0", call_budget_s=0.3) as graph,
        open_hooks(call_budget_s=1.0, allow_private=True) as hooks,
    ):
        shop = await open_shop(owner)
        await token_stored(owner, shop)
        yield Stage(
            owner=owner,
            db=db,
            redis=redis,
            graph=graph,
            meta=meta,
            shop=shop,
            server=own_server,
            hooks=hooks,
        )


@pytest.fixture
async def meta() -> AsyncIterator[Simulated]:
    """A Meta that sends no webhooks."""
    settings = Settings(
        webhook_url="http://127.0.0.1:1/",
        app_id="1000000000000001",
        app_secret=APP_SECRET,
        verify_token=VERIFY_TOKEN,
    )
    async with (
        TestServer(create_app(settings)) as server,
        ClientSession(server.make_url("/")) as http,
    ):
        yield Simulated(http)


@pytest.fixture
async def town(stage: Stage, meta: Simulated) -> AsyncIterator[Stage]:
    """The stage with the simulator for Meta, which knows the shop's account and a post of it."""
    us = stage.shop.instagram_id
    await meta.sim("PUT", f"/accounts/{us}", {"username": "shop", "token": TOKEN})
    await meta.sim("PUT", f"/accounts/{us}/media/{MEDIA}", {"caption": "hats"})
    url = str(meta.http._base_url).rstrip("/")
    async with open_graph(url=url, version="v26.0", call_budget_s=5) as graph:
        yield replace(stage, graph=graph)
