"""A sender with real servers around it: PostgreSQL, Redis, and a Meta that answers as told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from switchboard.db.pool import open_pool
from switchboard.graph import open_graph
from switchboard.hooks import open_hooks
from switchboard.state import open_redis
from tests.integration.db.town import open_shop
from tests.integration.sender.stage import Meta, Stage, serving, token_stored
from tests.integration.state.own_redis import OwnRedis, own_redis


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
