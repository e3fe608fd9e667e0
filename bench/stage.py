"""Servers for the benchmark of a service: empty, migrated, and gone with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.process import free_port, running
from dev import platform
from dev.servers import PostgresServer, embedded_postgres, embedded_redis, embedded_sqs
from switchboard.db import migrate
from switchboard.queues import Address, SqsClient, create_queues, open_sqs
from switchboard.topology import Queue

_PREFIX: Final = "bench"
MIGRATIONS: Final = Path(__file__).parent.parent / migrate.DIRECTORY
_HELD: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a service under measurement works; `environment` is what it is started with."""

    sqs: SqsClient
    postgres: PostgresServer
    environment: Mapping[str, str]

    @property
    def owner_url(self) -> str:
        """The database, as the owner of everything in it."""
        return self.postgres.url

    def address(self, queue: Queue) -> Address:
        """Return where a queue is."""
        return Address(self.sqs, queue.physical(_PREFIX))

    async def waiting(self, queue: Queue) -> int:
        """Return how many messages a queue has, those in hand included."""
        url = await self.address(queue).url()
        found = await self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return sum(int(n) for name, n in found["Attributes"].items() if name in _HELD)

    async def empty(self, queue: Queue) -> None:
        """Throw away what is on a queue that nobody reads."""
        await self.sqs.purge_queue(QueueUrl=await self.address(queue).url())

    async def cpu_s(
        self,
        module: str,
        environment: Mapping[str, str],
        queue: Queue,
        fill: Callable[[], Awaitable[None]],
    ) -> float:
        """Return the CPU seconds `module` needs for what `fill` puts on `queue`, started before."""
        port = free_port()
        env = {**self.environment, **environment, "HEALTH_PORT": str(port)}
        async with running(module, env=env, port=port) as process:
            before_s = process.cpu_s()
            await fill()
            while await self.waiting(queue):  # noqa: ASYNC110  a queue tells nobody it is empty
                await asyncio.sleep(0.05)
            return process.cpu_s() - before_s


@contextlib.asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Start the servers, make the queues and the schema; end all of it on the way out."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench")
    async with (
        embedded_sqs() as sqs,
        embedded_redis() as redis,
        embedded_postgres() as postgres,
        open_sqs(endpoint_url=sqs.endpoint_url, region="us-east-1") as client,
    ):
        await create_queues(client, _PREFIX)
        await platform.apply(postgres.url)
        await migrate.apply(postgres.url, MIGRATIONS)
        await postgres.let_in("switchboard_pipeline")
        yield Stage(
            sqs=client,
            postgres=postgres,
            environment={
                "AWS_ENDPOINT_URL": sqs.endpoint_url,
                "QUEUE_PREFIX": _PREFIX,
                "DATABASE_URL": postgres.address(role="switchboard_pipeline"),
                "REDIS_URL": redis.url,
                "LOG_LEVEL": "warning",
            },
        )
