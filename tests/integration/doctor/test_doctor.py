"""`switchboard doctor` on a whole installation: each fault of Meta's, and of ours, is found."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer

from switchboard.db import credentials
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database
from switchboard.queues import create_queues, open_sqs
from tests.integration.cli.conftest import Switchboard
from tests.integration.db.town import Shop, open_shop
from tests.integration.metasim.stage import APP_SECRET, MEDIA, VERIFY_TOKEN, Meta
from tests.support.cluster import MIGRATIONS
from tools.metasim.app import create_app
from tools.metasim.settings import Settings

KEY = bytes(range(32))
SCOPED = "102030405060"
FIELDS = (
    "comments,live_comments,messages,message_reactions,messaging_postbacks,messaging_referral,"
    "messaging_seen"
)


@dataclass(frozen=True, slots=True)
class House:
    """An installation with one connected account, with which all is well."""

    db: Database
    shop: Shop
    meta: Meta
    switchboard: Switchboard

    async def findings(self, *, expect: int) -> dict[str, dict[str, Any]]:
        """Return what the doctor finds of each check, the account's or the first."""
        ended = await self.switchboard("doctor", "--migrations", MIGRATIONS, "--json")
        assert expect == ended.code, ended.out + ended.err
        found: dict[str, dict[str, Any]] = {}
        for one in json.loads(ended.out):
            before = found.get(one["check"])
            if before is None or before["verdict"] == "ok":
                found[one["check"]] = one
        return found


@pytest.fixture
async def simulator() -> AsyncIterator[BaseTestServer]:
    """A Meta that sends no webhooks."""
    settings = Settings(
        webhook_url="http://127.0.0.1:1/",
        app_id="1000000000000001",
        app_secret=APP_SECRET,
        verify_token=VERIFY_TOKEN,
    )
    async with TestServer(create_app(settings)) as server:
        yield server


@pytest.fixture
async def house(
    *,
    owner: Database,
    switchboard: Switchboard,
    simulator: BaseTestServer,
    redis_url: str,
    sqs_endpoint_url: str,
    queue_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[House]:
    """Everything the doctor looks at, in order."""
    shop = await open_shop(owner)
    vault, expires_at = Vault({"k": KEY}), datetime.now(UTC) + timedelta(days=50)
    await credentials.store(owner, shop.account, vault.seal("token", shop.account), expires_at)
    await owner.execute("update public.instagram_accounts set app_scoped_id = $1", SCOPED)
    graph = str(simulator.make_url("/")).rstrip("/")
    for name, value in {
        "REDIS_URL": redis_url,
        "AWS_ENDPOINT_URL": sqs_endpoint_url,
        "QUEUE_PREFIX": queue_prefix,
        "META_GRAPH_URL": graph,
        "TOKEN_KEYS": f"k:{base64.b64encode(KEY).decode()}",
        "PUBLIC_URL": "https://shop.example",
    }.items():
        monkeypatch.setenv(name, value)
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as sqs:
        await create_queues(sqs, queue_prefix)
    async with ClientSession(simulator.make_url("/")) as http:
        meta = Meta(http)
        told = {"username": shop.username, "token": "token", "app_scoped_id": SCOPED}
        await meta.sim("PUT", f"/accounts/{shop.instagram_id}", told)
        await meta.sim("PUT", f"/accounts/{shop.instagram_id}/media/{MEDIA}", {"caption": "hats"})
        await subscribe(meta, shop, FIELDS)
        yield House(owner, shop, meta, switchboard)


async def subscribe(meta: Meta, shop: Shop, fields: str) -> None:
    """Have the simulator send these fields of the account."""
    path = f"/v26.0/{shop.instagram_id}/subscribed_apps?subscribed_fields={fields}"
    status, _ = await meta.graph("POST", path, token="token")
    assert 200 == status


async def test_all_is_well(house: House) -> None:
    """Nothing fails; what cannot be known, or has not happened yet, is said so."""
    found = await house.findings(expect=0)

    assert {
        "clock",
        "connection",
        "dead_letters",
        "identity",
        "migrations",
        "permission",
        "postgres",
        "queue",
        "redis",
        "roles",
        "senders",
        "token",
        "webhooks",
    } <= {check for check, one in found.items() if one["verdict"] == "ok"}
    assert {"events": "warning", "signature": "unknown"} == {
        check: found[check]["verdict"] for check in ("events", "signature")
    }


Break = Callable[[House], Awaitable[object]]


async def _subscribes_to_messages_alone(house: House) -> None:
    await house.meta.graph(
        "DELETE", f"/v26.0/{house.shop.instagram_id}/subscribed_apps", token="token"
    )
    await subscribe(house.meta, house.shop, "messages")


async def _switches_access_off(house: House) -> None:
    fault = {"preset": "message_access_off", "on": "conversations"}
    await house.meta.sim("PUT", "/config", {"faults": [fault]})


async def _revokes_the_token(house: House) -> None:
    await house.meta.sim(
        "PUT",
        f"/accounts/{house.shop.instagram_id}",
        {"username": house.shop.username, "token": "another"},
    )


async def _grants_a_part(house: House) -> None:
    await house.meta.sim(
        "PUT",
        f"/accounts/{house.shop.instagram_id}",
        {
            "username": house.shop.username,
            "token": "token",
            "token_scopes": ["instagram_business_basic", "instagram_business_manage_messages"],
        },
    )


async def _stores_the_other_id(house: House) -> None:
    await house.db.execute("update public.instagram_accounts set instagram_id = $1", SCOPED)


async def _token_runs_out(house: House) -> None:
    await house.db.execute(
        "update private.instagram_credentials"
        " set expires_at = now() + interval '2 days', issued_at = now() - interval '58 days'"
    )


@pytest.mark.parametrize(
    ("breaks", "check", "told"),
    [
        (_subscribes_to_messages_alone, "webhooks", "does not send comments"),
        (_switches_access_off, "message_access_off", "tools may not access messages"),
        (_revokes_the_token, "identity", "Meta refuses the token"),
        (_grants_a_part, "permission", "instagram_business_manage_comments"),
        (_stores_the_other_id, "identity", "the id it has towards our app"),
        (_token_runs_out, "token", "it runs out"),
    ],
)
async def test_what_is_wrong_with_an_account(
    house: House, breaks: Break, check: str, told: str
) -> None:
    """Each fault is a failure of its own check, with what was seen and what to do."""
    await breaks(house)

    found = await house.findings(expect=1)

    assert "failure" == found[check]["verdict"]
    assert told in found[check]["saw"]
    assert found[check]["do"]
    assert house.shop.username == found[check]["subject"]


async def test_a_clock_that_is_wrong(house: House) -> None:
    """Meta's answers are dated, and this machine's clock can be compared with that."""
    await house.meta.sim("PUT", "/config", {"clock": {"offset_s": 600}})

    found = await house.findings(expect=1)

    assert ("failure", "Meta") == (found["clock"]["verdict"], found["clock"]["subject"])


async def test_migrations_that_are_pending(house: House) -> None:
    """A database that is behind is told of with the command that helps."""
    await house.db.execute(
        "delete from supabase_migrations.schema_migrations where version = '20261127000400'"
    )
    found = await house.findings(expect=1)

    assert "failure" == found["migrations"]["verdict"]
    assert "switchboard migrate" in found["migrations"]["do"]


async def test_one_account(house: House) -> None:
    """Another account's failure is not this one's."""
    other = await open_shop(house.db)

    mine = await house.switchboard("doctor", "--account", house.shop.username)
    theirs = await house.switchboard("doctor", "--account", other.username)

    assert (0, 1) == (mine.code, theirs.code)
    assert other.username not in mine.out
    assert f"FAILURE  token {other.username}: there is none" in theirs.out
    assert "to do: Connect the account." in theirs.out


async def test_parts_that_are_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a failure, and the others are looked at all the same."""
    for name in ("REDIS_URL", "AWS_ENDPOINT_URL", "META_GRAPH_URL", "DOCTOR_INGRESS_URL"):
        scheme = "redis" if name == "REDIS_URL" else "http"
        monkeypatch.setenv(name, f"{scheme}://127.0.0.1:9")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")

    found = await house.findings(expect=1)

    assert {"redis", "queue", "meta", "ingress", "ollama"} == {
        check for check, one in found.items() if one["verdict"] == "failure"
    }
    assert "ok" == found["postgres"]["verdict"]


async def test_which_secret_signs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ingress has counted; a secret that is not ours is the first trap of all."""

    async def metrics(_request: web.Request) -> web.Response:
        return web.json_response({"WebhooksRefused{because=signature_forged}": 4})

    app = web.Application()
    app.router.add_get("/metrics.json", metrics)
    async with TestServer(app) as ingress:
        monkeypatch.setenv("DOCTOR_INGRESS_URL", str(ingress.make_url("/")))
        found = await house.findings(expect=1)

    assert "failure" == found["signature"]["verdict"]
    assert "Instagram app's secret" in found["signature"]["do"]


async def test_no_keys(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the keys no token opens: Meta is not asked, and that is said."""
    monkeypatch.delenv("TOKEN_KEYS")

    found = await house.findings(expect=0)

    assert "unknown" == found["meta"]["verdict"]
    assert "TOKEN_KEYS" in found["meta"]["do"]
