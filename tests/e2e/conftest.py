"""The simulator with a bot behind it, and a person at its page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.e2e.bot import Bot
from tests.e2e.player import Player
from tests.e2e.stage import ACCOUNT, APP_ID, APP_SECRET, POST, STORY, TOKEN, VERIFY_TOKEN, Stage
from tests.support.browser import NewPage
from tools.metasim.app import create_app
from tools.metasim.settings import Settings


@pytest.fixture
async def empty_stage() -> AsyncIterator[Stage]:
    """A simulator and a bot on real sockets; nobody is there yet."""
    bot = Bot()
    settings = Settings(app_id=APP_ID, app_secret=APP_SECRET, verify_token=VERIFY_TOKEN)
    async with (
        TestServer(bot.app()) as home,
        TestServer(create_app(settings)) as server,
        ClientSession(server.make_url("/")) as http,
    ):
        bot.open(http, token=TOKEN)
        stage = Stage(str(server.make_url("/")), http, bot)
        await stage.sim("PUT", "/config", {"webhook_url": str(home.make_url("/hook"))})
        yield stage
        await bot.close()


@pytest.fixture
async def stage(empty_stage: Stage) -> Stage:
    """The same with an account, a post and a story."""
    account = f"/accounts/{ACCOUNT}"
    await empty_stage.sim("PUT", account, {"username": "shop.example", "token": TOKEN})
    story = {"caption": "New today", "media_product_type": "STORY"}
    await empty_stage.sim("PUT", f"{account}/media/{STORY}", story)
    await empty_stage.sim("PUT", f"{account}/media/{POST}", {"caption": "Comment LINK to get it"})
    return empty_stage


@pytest.fixture
async def player(stage: Stage, new_page: NewPage) -> Player:
    """A person at the page, on the newest post."""
    return await Player.sit_down(await new_page(), stage.url)
