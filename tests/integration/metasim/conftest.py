"""A simulator and a webhook receiver, both on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.integration.metasim.stage import (
    ACCOUNT,
    APP_SECRET,
    MEDIA,
    META_APP_SECRET,
    OTHER_ACCOUNT,
    OTHER_TOKEN,
    TOKEN,
    VERIFY_TOKEN,
    Meta,
    Receiver,
)
from tools.metasim.app import create_app
from tools.metasim.settings import Settings


@pytest.fixture
async def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def meta(receiver: Receiver) -> AsyncIterator[Meta]:
    """A simulator with two accounts, one media, and no echoes to sort out."""
    app = web.Application()
    app.add_routes([web.post("/hook", receiver.post), web.get("/hook", receiver.get)])
    async with TestServer(app) as target:
        settings = Settings(
            webhook_url=str(target.make_url("/hook")),
            app_id="1000000000000001",
            app_secret=APP_SECRET,
            meta_app_secret=META_APP_SECRET,
            verify_token=VERIFY_TOKEN,
        )
        async with (
            TestServer(create_app(settings)) as server,
            ClientSession(server.make_url("/")) as http,
        ):
            meta = Meta(http)
            account = {"username": "shop", "token": TOKEN}
            await meta.sim("PUT", f"/accounts/{ACCOUNT}", account)
            other = {"username": "other", "token": OTHER_TOKEN}
            await meta.sim("PUT", f"/accounts/{OTHER_ACCOUNT}", other)
            await meta.sim("PUT", f"/accounts/{ACCOUNT}/media/{MEDIA}", {"caption": "hats"})
            quiet = {"echoes": False, "own_reply_webhooks": False}
            await meta.sim("PUT", "/config", {**quiet, "webhook_retry": {"base_delay_s": 0}})
            yield meta
