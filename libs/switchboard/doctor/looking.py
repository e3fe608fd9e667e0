"""Looking: each part of the installation is asked, and what cannot be asked is said so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import ClientError, ClientSession

from switchboard.clock import Clock, utc_now
from switchboard.db import examining
from switchboard.db.credentials import Vault
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Queryable
from switchboard.doctor import judging, signing_in, tending
from switchboard.doctor.finding import Finding, failure, ok, unknown
from switchboard.doctor.settings import DoctorSettings
from switchboard.doctor.visiting import Visits, account_client, uncounted
from switchboard.errors import Failure, Unavailable
from switchboard.graph import open_http
from switchboard.graph.clock import read_clock
from switchboard.intents.choosing import NoAnswer
from switchboard.models.ollama import Server as Ollama
from switchboard.queues import Address, SqsClient, open_sqs
from switchboard.queues.dead_letters import depth
from switchboard.queues.examining import arranged
from switchboard.state import examining as in_redis
from switchboard.state import open_redis
from switchboard.storage import CannotKeep, FileMissing, open_place
from switchboard.storage.settings import read_url
from switchboard.topology import QUEUES, Queue

# A file that no archive is called; whoever may ask for it may ask for the others.
_NO_FILE: Final = "nothing-is-called-so"
_METRICS: Final = "/metrics.json"
_MIGRATE: Final = "Run `switchboard migrate`"
# As Meta calls, but with a token that is nobody's: whoever knows the token is echoed.
_AS_META: Final = {"User-Agent": "facebookexternalua"}
_CALLBACK: Final = "/webhooks/instagram?hub.mode=subscribe&hub.challenge=0&hub.verify_token="


async def examine(
    settings: DoctorSettings,
    db: Queryable,
    *,
    keys: Mapping[str, bytes],
    account: UUID | None = None,
    migrations: Collection[str] = (),
    now: Clock = utc_now,
) -> AsyncIterator[Finding]:
    """
    Look at the installation and at one account or all, and yield what was found.

    `keys` open tokens; without any, Meta is not asked about accounts.

    Raises:
        Unavailable: The database is away, and without it there is nothing to look at.
    """
    async for finding in installation(
        settings, db, keys=list(keys), migrations=migrations, now=now
    ):
        yield finding
    async with open_http() as http:
        meta = account_client(settings, http)
        visits = Visits(db, meta, Vault(keys) if keys else None, take=uncounted, now=now)
        try:
            for one in await examining.accounts(db, account=account):
                for finding in await visits.known(one):
                    yield finding
                async for finding in visits.at_meta(one):
                    yield finding
        except QueryFailed as why:
            yield unknown("accounts", str(why), _MIGRATE)


async def installation(
    settings: DoctorSettings,
    db: Queryable,
    *,
    keys: Sequence[str],
    migrations: Collection[str] = (),
    now: Clock = utc_now,
) -> AsyncIterator[Finding]:
    """
    Look at everything that is no account's, and yield what was found.

    `keys` are the names of the vault's, `migrations` the versions this release has. A part that is
    away is a failure of its own, and keeps nobody from looking at the others.

    Raises:
        Unavailable: The database is away.
    """
    async for finding in _database(settings, db, migrations, now):
        yield finding
    if keys:
        for finding in tending.keys(await examining.sealed_with(db), keys):
            yield finding
    async for finding in _redis(settings, now):
        yield finding
    async for finding in _queues(settings):
        yield finding
    yield judging.api_version(settings.meta_api_version, now().date())
    yield judging.addresses(settings.public_url)
    async with open_http() as http:
        async for finding in _ingress(settings, http):
            yield finding
        async for finding in _callback(settings, http):
            yield finding
        async for finding in _signing_in(settings, http):
            yield finding
        yield await _meta_clock(settings, http, now)
        async for finding in _model(settings):
            yield finding


async def _database(
    settings: DoctorSettings, db: Queryable, migrations: Collection[str], now: Clock
) -> AsyncIterator[Finding]:
    server = await examining.server(db)
    yield judging.postgres(server)
    yield judging.clock("PostgreSQL", server.now, now())
    yield judging.roles(await examining.too_strong(db))
    try:
        yield judging.migrations(migrations, await examining.applied(db))
        async for finding in _work(settings, db, now):
            yield finding
    except QueryFailed as why:
        yield failure("migrations", f"the database is not of this release: {why}", _MIGRATE)


async def _work(settings: DoctorSettings, db: Queryable, now: Clock) -> AsyncIterator[Finding]:
    """Look at what is to be done, by whomever, and at what keeps itself."""
    for finding in judging.work(await examining.waiting(db), now()):
        yield finding
    for finding in tending.jobs(await examining.jobs(db), now()):
        yield finding
    for finding in tending.retention(
        await examining.ledger_days(db),
        now().date(),
        keep_days=settings.retention_days,
        archive=settings.archive,
        fault=await _archive_fault(settings),
    ):
        yield finding
    for finding in tending.exports(await examining.exports(db), now()):
        yield finding


async def _archive_fault(settings: DoctorSettings) -> str | None:
    """Return why nothing can be archived; a bucket is asked for a file that it has not."""
    if settings.archive is None:
        return None
    where = read_url(settings.archive)
    if isinstance(where, Path):
        may_write = os.access(where, os.W_OK | os.X_OK)
        return None if may_write else f"{where} cannot be written"
    try:
        async with open_place(settings.archive, settings.s3()) as place, place.read(_NO_FILE):
            pass
    except FileMissing:
        return None
    except (CannotKeep, Unavailable) as why:
        return f"{settings.archive}: {why}"
    return None


async def _redis(settings: DoctorSettings, now: Clock) -> AsyncIterator[Finding]:
    if settings.redis_url is None:
        yield unknown("redis", "REDIS_URL is not set", "Set it as for the services")
        return
    try:
        async with open_redis(str(settings.redis_url)) as redis:
            server = await in_redis.server(redis)
    except Failure as why:
        yield failure("redis", str(why), "Nothing is sent while Redis is away: bring it back")
        return
    for finding in judging.redis(server):
        yield finding
    yield judging.clock("Redis", server.now, now())


async def _queues(settings: DoctorSettings) -> AsyncIterator[Finding]:
    async with open_sqs(
        endpoint_url=settings.aws_endpoint_url, region=settings.aws_region
    ) as client:
        for queue in QUEUES:
            try:
                found = await _queue(client, queue, settings.queue_prefix)
            except Failure as why:
                yield failure(
                    "queue",
                    str(why),
                    "See QUEUE_PREFIX, AWS_REGION and credentials; are the queues there?",
                    subject=queue.name,
                )
                continue
            for finding in found:
                yield finding


async def _queue(client: SqsClient, queue: Queue, prefix: str) -> list[Finding]:
    address = Address(client, queue.physical(prefix))
    letters = Address(client, queue.dead_letters(prefix))
    live, dead = await depth(client, address), await depth(client, letters)
    as_it_is = await arranged(client, address), await arranged(client, letters)
    return [
        *judging.queue(queue.name, live, dead),
        judging.arrangement(queue, prefix, *as_it_is),
    ]


async def _ingress(settings: DoctorSettings, http: ClientSession) -> AsyncIterator[Finding]:
    if settings.doctor_ingress_url is None:
        yield unknown(
            "signature",
            "DOCTOR_INGRESS_URL is not set, so nobody was asked which secret signs",
            "Set it to where the ingress answers from here",
        )
        return
    try:
        totals = await _totals(http, settings.doctor_ingress_url, settings.doctor_call_budget_s)
    except Unavailable as why:
        yield failure("ingress", str(why), "Meta's webhooks are refused while it is away: start it")
        return
    yield ok("ingress", "it answers")
    for finding in judging.signatures(totals, len(settings.meta_app_secrets or ()) or 1):
        yield finding


async def _totals(http: ClientSession, url: str, budget_s: float) -> Mapping[str, int]:
    try:
        async with asyncio.timeout(budget_s), http.get(f"{url}{_METRICS}") as answer:
            answer.raise_for_status()
            totals: Mapping[str, int] = await answer.json()
    except (ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unavailable(f"the ingress at {url}: {type(error).__name__}") from error
    return totals


async def _callback(settings: DoctorSettings, http: ClientSession) -> AsyncIterator[Finding]:
    url = settings.public_url
    if url is None or not url.startswith("https://") or judging.is_of_this_machine(url):
        return
    yield await call_back(http, url, budget_s=settings.doctor_call_budget_s)


async def call_back(http: ClientSession, url: str, *, budget_s: float) -> Finding:
    """Call the ingress where Meta does, as Meta does."""
    try:
        async with (
            asyncio.timeout(budget_s),
            http.get(f"{url}{_CALLBACK}", headers=_AS_META, allow_redirects=False) as answer,
        ):
            return judging.callback(answer.status, answer.headers.get("Location"))
    except (ClientError, OSError, TimeoutError) as error:
        return unknown(
            "callback",
            f"PUBLIC_URL cannot be reached from here: {type(error).__name__}",
            "Try it from outside: what does not arrive cannot be counted",
        )


async def _signing_in(settings: DoctorSettings, http: ClientSession) -> AsyncIterator[Finding]:
    """Look at the keys that people's tokens are signed with."""
    if settings.supabase_url is None:
        return
    ours = f"{settings.supabase_url}/auth/v1"
    try:
        found = await _published(http, ours, settings.doctor_call_budget_s)
    except Unavailable as why:
        yield failure(
            "login_keys",
            str(why),
            "Nobody who logs in is believed while it is away: see SUPABASE_URL",
        )
        return
    yield signing_in.login_keys(found, has_secret=settings.supabase_jwt_secret is not None)
    issuer = settings.control_token_issuer
    if issuer is not None:
        for finding in signing_in.issuer(issuer, await _of_issuer(settings, http, issuer), found):
            yield finding


async def _of_issuer(
    settings: DoctorSettings, http: ClientSession, issuer: str
) -> frozenset[str] | None:
    """Return the keys that an issuer publishes; `None`: none that can be had."""
    if urlsplit(issuer).scheme not in {"http", "https"}:
        return None
    try:
        return await _published(http, issuer, settings.doctor_call_budget_s)
    except Unavailable:
        return None


async def _published(http: ClientSession, auth_url: str, budget_s: float) -> frozenset[str]:
    url = f"{auth_url}/.well-known/jwks.json"
    try:
        async with asyncio.timeout(budget_s), http.get(url, allow_redirects=False) as answer:
            answer.raise_for_status()
            published: Any = await answer.json(content_type=None)
    except (ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unavailable(f"Auth, asked for its keys: {type(error).__name__}") from error
    return signing_in.usable(published if isinstance(published, dict) else {})


async def _meta_clock(settings: DoctorSettings, http: ClientSession, now: Clock) -> Finding:
    budget_s = settings.doctor_call_budget_s
    try:
        theirs = await read_clock(http, settings.meta_graph_url, budget_s=budget_s)
    except Unavailable as why:
        return failure("meta", str(why), "See that this machine reaches META_GRAPH_URL")
    return judging.clock("Meta", theirs, now())


async def _model(settings: DoctorSettings) -> AsyncIterator[Finding]:
    if settings.ollama_host is None:
        return
    budget_s = settings.doctor_call_budget_s
    model = settings.classifier_model
    try:
        async with Ollama.open(settings.ollama_host, call_budget_s=budget_s) as server:
            can = await server.abilities(model, within_s=budget_s)
    except NoAnswer as why:
        yield failure(
            "ollama",
            f"{model}: {why}",
            f"See that OLLAMA_HOST is up, and `ollama pull {model}`; keywords and examples go on",
        )
        return
    if "completion" in can:
        yield ok("ollama", f"{model} is there")
    else:
        yield failure("ollama", f"{model} cannot chat", "Set CLASSIFIER_MODEL to one that can")
