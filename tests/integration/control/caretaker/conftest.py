"""An account at the simulator and in the database, and what looks after it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from switchboard.db.pool import open_pool
from switchboard.graph import AccountClient, App, LoginClient, open_http
from tests.integration.control.caretaker.household import Household
from tests.integration.db.town import open_shop
from tests.integration.metasim.stage import APP_SECRET, MEDIA, TOKEN, VERIFY_TOKEN, Meta
from tools.metasim.app import create_app
from tools.metasim.settings import Settings


@pytest.fixture
async def house(database_url: str, caretaker_url: str) -> AsyncIterator[Household]:
    """A shop whose account and post the simulator knows; no webhook reaches anybody."""
    settings = Settings(
        webhook_url="http://127.0.0.1:1/",
        app_id="1000000000000001",
        app_secret=APP_SECRET,
        verify_token=VERIFY_TOKEN,
    )
    async with (
        TestServer(create_app(settings)) as server,
        ClientSession(server.make_url("/")) as control,
        open_http() as http,
        open_pool(database_url, name="owner") as owner,
        open_pool(caretaker_url, name="caretaker", max_size=10) as db,
    ):
        url, meta = str(server.make_url("")).rstrip("/"), Meta(control)
        app = App(
            app_id="1000000000000001",
            app_secret=SecretStr(APP_SECRET),
            www_url=url,
            api_url=url,
            graph_url=url,
        )
        house = Household(
            owner=owner,
            db=db,
            meta=meta,
            shop=await open_shop(owner),
            accounts=AccountClient(http, url=url, version="v26.0", call_budget_s=5),
            login=LoginClient(http, app, call_budget_s=5),
        )
        us = house.shop.instagram_id
        await meta.sim("PUT", f"/accounts/{us}", {"username": "shop", "token": TOKEN})
        await meta.sim("PUT", f"/accounts/{us}/media/{MEDIA}", {"caption": "hats"})
        await meta.sim("PUT", "/config", {"webhook_loss": {"share": 1}})
        await house.store_token()
        yield house
