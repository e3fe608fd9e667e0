"""PostgreSQL, Redis and SQS: each ours, unless the environment names another."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import aioboto3
from aiobotocore.config import AioConfig

from dev import platform
from dev.failures import CannotRun
from dev.narrate import Narrator
from dev.part import Part
from dev.servers import embedded_postgres, embedded_redis, embedded_sqs
from dev.servers.binaries import CHECKOUT
from dev.servers.postgres import PostgresServer
from dev.surroundings import BUCKET, Backing, Surroundings
from switchboard.db import migrate
from switchboard.db.pool import open_pool
from switchboard.errors import Failure
from switchboard.queues import create_queues, open_sqs
from switchboard.state import open_redis, ping

MIGRATIONS: Final = CHECKOUT / migrate.DIRECTORY
PIPELINE: Final = "switchboard_pipeline"
API: Final = "switchboard_api"
CARETAKER: Final = "switchboard_caretaker"


@contextlib.asynccontextmanager
async def open_backing(
    around: Surroundings, narrator: Narrator
) -> AsyncIterator[tuple[Backing, list[Part]]]:
    """
    Give the servers, made ready: queues created, platform and migrations applied.

    Those that are ours come with it as parts, to be watched.

    Raises:
        CannotRun: A server the environment names cannot be used.
        ServerFailed: One of ours does not start.
    """
    await _require_given(around)
    async with contextlib.AsyncExitStack() as stack:
        parts: list[Part] = []
        postgres = await _open_postgres(around, narrator, stack, parts)
        redis_url = await _open_redis(around, narrator, stack, parts)
        endpoint_url, is_ours = await _open_sqs(around, narrator, stack, parts)
        owner_url = postgres.url if postgres else str(around.given("DATABASE_URL"))
        await _migrate(owner_url, narrator)
        yield (
            Backing(
                owner_url=owner_url,
                pipeline_url=await _url_of(PIPELINE, postgres) if postgres else owner_url,
                api_url=await _url_of(API, postgres) if postgres else owner_url,
                caretaker_url=await _url_of(CARETAKER, postgres) if postgres else owner_url,
                redis_url=redis_url,
                aws_endpoint_url=endpoint_url,
                s3_endpoint_url=endpoint_url if is_ours else None,
            ),
            parts,
        )


async def _open_postgres(
    around: Surroundings,
    narrator: Narrator,
    stack: contextlib.AsyncExitStack,
    parts: list[Part],
) -> PostgresServer | None:
    given = around.given("DATABASE_URL")
    with narrator.doing("PostgreSQL") as line:
        if given:
            line.detail = _place(given)
            return None
        server = await stack.enter_async_context(
            embedded_postgres(data_dir=around.data_dir("postgres"), port=around.ports["postgres"])
        )
        parts.append(server)
        line.detail = _place(server.url)
        return server


async def _open_redis(
    around: Surroundings,
    narrator: Narrator,
    stack: contextlib.AsyncExitStack,
    parts: list[Part],
) -> str:
    url = around.given("REDIS_URL")
    with narrator.doing("Redis") as line:
        if not url:
            server = await stack.enter_async_context(
                embedded_redis(data_dir=around.data_dir("redis"), port=around.ports["redis"])
            )
            parts.append(server)
            url = server.url
        line.detail = _place(url)
    return url


async def _open_sqs(
    around: Surroundings,
    narrator: Narrator,
    stack: contextlib.AsyncExitStack,
    parts: list[Part],
) -> tuple[str, bool]:
    """Return where the queues are, and whether that is our server, which has a bucket then."""
    url = around.given("AWS_ENDPOINT_URL")
    is_ours = not url
    with narrator.doing("SQS and its queues") as line:
        if not url:
            server = await stack.enter_async_context(
                embedded_sqs(data_dir=around.data_dir("sqs"), port=around.ports["sqs"])
            )
            parts.append(server)
            url = server.endpoint_url
            await make_bucket(url, around.region)
        await _create_queues(around, url)
        line.detail = _place(url)
    return url, is_ours


async def _migrate(owner_url: str, narrator: Narrator) -> None:
    with narrator.doing("Database schema") as line:
        await platform.apply(owner_url)
        applied = await migrate.apply(owner_url, MIGRATIONS)
        line.detail = f"{len(applied)} migrations applied" if applied else "up to date"


async def _url_of(role: str, postgres: PostgresServer) -> str:
    """Let a role of ours log in, as an operator does, and return its address."""
    await postgres.let_in(role)
    return postgres.address(role=role)


async def _require_given(around: Surroundings) -> None:
    """See that the servers the environment names answer, before any of ours is started."""
    asking: dict[str, Callable[[str], Awaitable[None]]] = {
        "DATABASE_URL": _ask_postgres,
        "REDIS_URL": _ask_redis,
        "AWS_ENDPOINT_URL": partial(_create_queues, around),
    }
    for setting, ask in asking.items():
        url = around.given(setting)
        if url:
            await _require(setting, url, ask)


async def _create_queues(around: Surroundings, endpoint_url: str) -> None:
    async with open_sqs(endpoint_url=endpoint_url, region=around.region) as sqs:
        await create_queues(sqs, around.queue_prefix)


async def make_bucket(endpoint_url: str, region: str) -> None:
    """Make the bucket that files are kept in; it may be there from the last run."""
    client = aioboto3.Session().client(
        "s3",
        region_name=region,
        endpoint_url=endpoint_url,
        config=AioConfig(s3={"addressing_style": "path"}),
    )
    async with client as s3:
        found = await s3.list_buckets()
        if BUCKET not in {one["Name"] for one in found["Buckets"]}:
            where = {"LocationConstraint": region}
            needed = {} if region == "us-east-1" else {"CreateBucketConfiguration": where}
            await s3.create_bucket(Bucket=BUCKET, **needed)


async def _ask_postgres(url: str) -> None:
    async with open_pool(url, max_size=1, name="switchboard-dev") as db:
        await db.ping()


async def _ask_redis(url: str) -> None:
    async with open_redis(url) as redis:
        await ping(redis)


async def _require(setting: str, url: str, ask: Callable[[str], Awaitable[None]]) -> None:
    try:
        await ask(url)
    except (Failure, OSError, ValueError) as error:
        raise CannotRun(
            f"{setting}: {_place(url)} cannot be used ({error}): correct it, or unset it to have "
            "a server started here"
        ) from error


def _place(url: str) -> str:
    """Return the part of a URL that may be shown: neither user nor password."""
    parts = urlsplit(url)
    host = parts.hostname or "what it names"
    return f"{host}:{parts.port}" if parts.port else host
