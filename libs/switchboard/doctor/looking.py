"""Looking: each part and each account is asked, and what cannot be asked is said so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from aiohttp import ClientError, ClientSession

from switchboard.db import care, examining, standing
from switchboard.db.credentials import CannotOpen, Vault
from switchboard.db.pool import Database
from switchboard.db.standing import Standing
from switchboard.doctor import judging
from switchboard.doctor.finding import Finding, failure, ok, unknown
from switchboard.doctor.settings import DoctorSettings
from switchboard.errors import Failure, Unavailable
from switchboard.graph import AccountClient, TokenDead, open_http
from switchboard.graph.clock import read_clock
from switchboard.graph.login import MANAGE_COMMENTS, MANAGE_MESSAGES
from switchboard.intents.choosing import NoAnswer
from switchboard.models.ollama import Server as Ollama
from switchboard.queues import Address, open_sqs
from switchboard.queues.dead_letters import depth
from switchboard.settings import VaultSettings
from switchboard.state import examining as in_redis
from switchboard.state import open_redis
from switchboard.topology import QUEUES

_METRICS: Final = "/metrics.json"


async def examine(
    settings: DoctorSettings,
    db: Database,
    *,
    account: UUID | None = None,
    migrations: Collection[str] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[Finding]:
    """
    Look at the installation and at one account or all, and yield what was found.

    `migrations` are the versions this release has. A part that is away is a failure of its own, and
    keeps nobody from looking at the others.

    Raises:
        Unavailable, QueryFailed: The database cannot be asked, and without it there is nothing to
            look at.
    """
    async for finding in _database(db, migrations, now):
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
        yield await _meta_clock(settings, http, now)
        async for finding in _model(settings):
            yield finding
        async for finding in _accounts(settings, db, http, account, now):
            yield finding


async def _database(
    db: Database, migrations: Collection[str], now: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    server = await examining.server(db)
    yield judging.postgres(server)
    yield judging.clock("PostgreSQL", server.now, now())
    applied = await examining.applied(db)
    yield judging.migrations(migrations, applied)
    yield judging.roles(await examining.too_strong(db))
    for finding in judging.work(await examining.waiting(db), now()):
        yield finding


async def _redis(settings: DoctorSettings, now: Callable[[], datetime]) -> AsyncIterator[Finding]:
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
                live = await depth(client, Address(client, queue.physical(settings.queue_prefix)))
                name = queue.dead_letters(settings.queue_prefix)
                dead = await depth(client, Address(client, name))
            except Failure as why:
                yield failure(
                    "queue",
                    str(why),
                    "See QUEUE_PREFIX, AWS_REGION and credentials; are the queues there?",
                    subject=queue.name,
                )
                continue
            for finding in judging.queue(queue.name, live, dead):
                yield finding


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


async def _meta_clock(
    settings: DoctorSettings, http: ClientSession, now: Callable[[], datetime]
) -> Finding:
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


async def _accounts(
    settings: DoctorSettings,
    db: Database,
    http: ClientSession,
    account: UUID | None,
    now: Callable[[], datetime],
) -> AsyncIterator[Finding]:
    meta = AccountClient(
        http,
        url=settings.meta_graph_url,
        version=settings.meta_api_version,
        call_budget_s=settings.doctor_call_budget_s,
    )
    for one in await standing.accounts(db, account):
        for finding in judging.status(one, now()):
            yield finding
        if one.status == "disconnected":
            continue
        heard = await examining.heard(db, one.id)
        yield judging.silence(one, heard, now())
        yield judging.echoes(one.username, heard)
        async for finding in _at_meta(settings, db, meta, one):
            yield finding


async def _at_meta(
    settings: DoctorSettings, db: Database, meta: AccountClient, one: Standing
) -> AsyncIterator[Finding]:
    """Ask Meta about an account: reads alone."""
    who = one.username
    try:
        token = await _token(settings, db, one)
    except (CannotOpen, _NoKeysError) as why:
        yield unknown("meta", str(why), "Set TOKEN_KEYS as for the sender", subject=who)
        return
    if token is None:
        return
    try:
        for finding in judging.identity(one, await meta.read_me(token=token)):
            yield finding
    except TokenDead as why:
        yield failure(
            "identity",
            f"Meta refuses the token ({why.why.reason})",
            "Its owner must connect it again",
            subject=who,
        )
        return
    except Failure as why:
        yield unknown("identity", str(why), subject=who)
    triggers = [target.trigger for target in await care.targets(db, one.id)]
    try:
        found = (await meta.read_subscription(one.instagram_id, token=token)).fields
        yield judging.subscription(who, found, judging.needed_fields(triggers))
    except Failure as why:
        yield unknown("webhooks", str(why), subject=who)
    for finding in judging.permissions(who, await _refused(meta, one, token)):
        yield finding


async def _refused(meta: AccountClient, one: Standing, token: str) -> dict[str, Exception]:
    """Return which permissions do not work, by the cheapest read that needs each."""
    refused: dict[str, Exception] = {}
    try:
        posts = await meta.read_media(one.instagram_id, page=1, token=token)
        if posts.media:
            await meta.read_comments(posts.media[0].media_id, token=token)
    except Failure as why:
        refused[MANAGE_COMMENTS] = why
    try:
        await meta.touch_conversations(one.instagram_id, token=token)
    except Failure as why:
        refused[MANAGE_MESSAGES] = why
    return refused


class _NoKeysError(Exception):
    """There are no keys to open tokens with."""


async def _token(settings: DoctorSettings, db: Database, one: Standing) -> str | None:
    """Return the account's token, if it has one; a dead one too."""
    sealed = await standing.credential(db, one.id)
    if sealed is None:
        return None
    if settings.token_keys is None:
        raise _NoKeysError("TOKEN_KEYS is not set, so no token opens and Meta was not asked")
    keys = VaultSettings(token_keys=settings.token_keys).vault_keys()
    return Vault(keys).open(sealed, one.id)
