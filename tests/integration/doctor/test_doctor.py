"""`switchboard doctor` on a whole installation: each fault of Meta's, and of ours, is found."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer

from switchboard.db import credentials
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database
from switchboard.doctor.looking import call_back
from switchboard.graph import open_http
from switchboard.queues import Address, SqsClient, create_queues, open_sqs
from switchboard.topology import CLASSIFY, EVENTS, Queue
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
    sqs: SqsClient
    queue_prefix: str

    async def set_up(
        self, queue: Queue, attribute: Literal["RedrivePolicy", "VisibilityTimeout"], value: str
    ) -> None:
        """Have SQS treat a queue otherwise."""
        url = await Address(self.sqs, queue.physical(self.queue_prefix)).url()
        await self.sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: value})

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
    async with (
        open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as sqs,
        ClientSession(simulator.make_url("/")) as http,
    ):
        await create_queues(sqs, queue_prefix)
        meta = Meta(http)
        told = {"username": shop.username, "token": "token", "app_scoped_id": SCOPED}
        await meta.sim("PUT", f"/accounts/{shop.instagram_id}", told)
        await meta.sim("PUT", f"/accounts/{shop.instagram_id}/media/{MEDIA}", {"caption": "hats"})
        await subscribe(meta, shop, FIELDS)
        yield House(owner, shop, meta, switchboard, sqs, queue_prefix)


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


async def _leaves_a_job_undone(house: House) -> None:
    await house.db.execute(
        "insert into private.jobs (name, next_run_at) values"
        " ('housekeeping', now() - interval '1 hour')"
    )


async def _fails_for_all(house: House) -> None:
    await house.db.execute(
        "insert into private.jobs (name, next_run_at, failures, last_error)"
        " values ('retention', now() + interval '1 hour', 4, 'unavailable: no room')"
    )


async def _fails_for_one(house: House) -> None:
    await house.db.execute(
        "insert into private.jobs"
        " (name, subject, workspace_id, next_run_at, failures, last_error)"
        " select 'backfill', $1::uuid::text, $2, now() + interval '1 hour', 4, 'failed'",
        house.shop.account,
        house.shop.workspace,
    )


async def _leaves_an_export_undone(house: House) -> None:
    await house.db.execute(
        "insert into public.exports (workspace_id, kind, asked_by, asked_at)"
        " values ($1, 'workspace', gen_random_uuid(), now() - interval '2 hours')",
        house.shop.workspace,
    )


async def _loses_a_key(house: House) -> None:
    await house.db.execute("update private.instagram_credentials set key_id = 'lost'")


async def _misses_comments(house: House) -> None:
    await house.db.execute(
        "insert into public.post_coverage"
        " (account_id, media_id, workspace_id, readable, stored, counted_at)"
        " values ($1, '1', $2, 9, 7, now())",
        house.shop.account,
        house.shop.workspace,
    )


async def _buries_nothing(house: House) -> None:
    await house.set_up(EVENTS, "RedrivePolicy", "")


async def _shows_again_too_soon(house: House) -> None:
    await house.set_up(CLASSIFY, "VisibilityTimeout", "5")


@pytest.mark.parametrize(
    ("breaks", "check", "verdict", "told", "subject"),
    [
        (_leaves_a_job_undone, "jobs", "failure", "1 of 1 jobs are due", ""),
        (_fails_for_all, "job", "warning", "failed 4 times in a row: unavailable", "retention"),
        (_fails_for_one, "job", "warning", "backfill failed 4 times in a row", "shop"),
        (_leaves_an_export_undone, "exports", "failure", "is not done", ""),
        (_loses_a_key, "token_keys", "failure", "1 are sealed with lost", ""),
        (_misses_comments, "coverage", "warning", "2 of 9 comments", "shop"),
        (_buries_nothing, "queue_settings", "failure", "kept nowhere", "events"),
        (_shows_again_too_soon, "queue_settings", "warning", "is 5 s and should be", "classify"),
    ],
)
async def test_what_is_left_undone(
    *, house: House, breaks: Break, check: str, verdict: str, told: str, subject: str
) -> None:
    """What should be done by itself, or be set up, is found and said what to do about."""
    await breaks(house)

    found = await house.findings(expect=1 if verdict == "failure" else 0)

    assert verdict == found[check]["verdict"]
    assert told in found[check]["saw"]
    assert found[check]["do"]
    assert subject in found[check]["subject"]


async def test_nobody_looks_after_accounts(house: House) -> None:
    """A caretaker that never ran is told of, and is no failure yet."""
    found = await house.findings(expect=0)

    assert ("warning", True) == (
        found["jobs"]["verdict"],
        "has never run" in found["jobs"]["saw"],
    )


async def test_a_key_that_is_changed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as anything is sealed with the former one, it is told what is left to do."""
    both = f"new:{base64.b64encode(bytes(32)).decode()},k:{base64.b64encode(KEY).decode()}"
    monkeypatch.setenv("TOKEN_KEYS", both)
    found = await house.findings(expect=0)

    assert ("warning", "Run `switchboard tokens rotate`") == (
        found["token_keys"]["verdict"],
        found["token_keys"]["do"],
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"RETENTION_DAYS": "90"}, "ARCHIVE_URL is not"),
        ({"RETENTION_DAYS": "90", "ARCHIVE_DIR": "/nowhere"}, "/nowhere cannot be written"),
        ({"RETENTION_DAYS": "90", "ARCHIVE_URL": "s3://nobodys-bucket/days"}, "NoSuchBucket"),
        ({"RETENTION_DAYS": "90", "ARCHIVE_DIR": "."}, "no day is made"),
    ],
)
async def test_days_that_cannot_be_dropped(
    house: House, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], told: str
) -> None:
    """Half a setting, a place that cannot be written, days that nobody makes."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = await house.findings(expect=1)

    assert ("failure", True) == (found["retention"]["verdict"], told in found["retention"]["saw"])


def publishing(*key_ids: str) -> web.Application:
    """Return a project's Auth that publishes keys of those ids."""

    async def publish(_request: web.Request) -> web.Response:
        keys = [{"kid": key_id, "kty": "EC", "crv": "P-256"} for key_id in key_ids]
        return web.json_response({"keys": keys})

    app = web.Application()
    app.router.add_get("/auth/v1/.well-known/jwks.json", publish)
    return app


async def test_keys_that_people_log_in_by(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's keys are there, are not, or are others than the issuer's."""
    async with TestServer(publishing("1")) as ours, TestServer(publishing("2")) as theirs:
        monkeypatch.setenv("SUPABASE_URL", str(ours.make_url("")))
        well = await house.findings(expect=0)
        monkeypatch.setenv("CONTROL_TOKEN_ISSUER", str(theirs.make_url("/auth/v1")))
        mixed = await house.findings(expect=1)
    monkeypatch.delenv("CONTROL_TOKEN_ISSUER")
    away = await house.findings(expect=1)

    assert ("ok", "failure", "failure") == (
        well["login_keys"]["verdict"],
        mixed["issuer"]["verdict"],
        away["login_keys"]["verdict"],
    )


async def test_the_callback(house: House) -> None:
    """It is called as Meta calls, and a redirect is not followed; nobody there is not known."""
    seen: list[str] = []

    async def sends_on(request: web.Request) -> web.Response:
        seen.append(request.headers["User-Agent"])
        raise web.HTTPMovedPermanently("https://www.shop.example/")

    app = web.Application()
    app.router.add_get("/webhooks/instagram", sends_on)
    async with TestServer(app) as before, open_http() as http:
        url = str(before.make_url("")).rstrip("/")
        moved = await call_back(http, url, budget_s=5)
    async with open_http() as http:
        nobody = await call_back(http, url, budget_s=5)

    assert ["facebookexternalua"] == seen
    assert ("failure", True) == (moved.verdict, "https://www.shop.example/" in moved.saw)
    assert "unknown" == nobody.verdict


async def test_a_database_of_another_release(house: House) -> None:
    """What this release needs of it and is not there is told with the command that helps."""
    await house.db.execute("drop function private.work_waiting()")
    found = await house.findings(expect=1)

    assert ("failure", "Run `switchboard migrate`") == (
        found["migrations"]["verdict"],
        found["migrations"]["do"],
    )
    assert "ok" == found["identity"]["verdict"]


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
