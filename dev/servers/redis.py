"""An embedded Redis: the program alone, with a password and an append-only file."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from dev.servers.binaries import redis_server
from dev.servers.embedded import HOST, EmbeddedServer
from dev.servers.home import open_home, write_private

_PROBE_S = 2.0


class RedisServer(EmbeddedServer):
    """A Redis that keeps every acknowledged write when it is killed."""

    name = "redis"
    farewell = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 10.0))

    @property
    def url(self) -> str:
        """Its address, password included; database 0."""
        return f"redis://:{self._home.password()}@{HOST}:{self.port}/0"

    def _command(self, port: int) -> list[str]:
        settings = self._home.path / "redis.conf"
        write_private(settings, self._settings(port))
        return [str(redis_server()), str(settings)]

    def _settings(self, port: int) -> str:
        # A password even on the loopback address: without one, any user of the machine could
        # have Redis write files as us. `appendfsync no`: each write reaches the kernel before its
        # answer, so the death of the process loses nothing; `everysec` may put that off.
        return "\n".join(
            (
                f"bind {HOST}",
                f"port {port}",
                f"requirepass {self._home.password()}",
                f'dir "{self._home.data}"',
                'save ""',
                "appendonly yes",
                "appendfsync no",
                "databases 64",
                "daemonize no",
            )
        )

    async def _answers(self, port: int) -> bool:
        async with asyncio.timeout(_PROBE_S):
            reader, writer = await asyncio.open_connection(HOST, port)
            with contextlib.closing(writer):
                writer.write(f"AUTH {self._home.password()}\r\nPING\r\n".encode())
                answers = await reader.readline(), await reader.readline()
        return answers == (b"+OK\r\n", b"+PONG\r\n")  # while it loads its data, PING is an error


@contextlib.asynccontextmanager
async def embedded_redis(
    *, data_dir: Path | None = None, port: int = 0
) -> AsyncIterator[RedisServer]:
    """
    Run Redis on the loopback address, on `port` or a free one, with its files in `data_dir`.

    Raises:
        ServerFailed: It is not there, or does not start; the message says why.
    """
    with open_home(data_dir, name="redis") as home:
        home.data.mkdir(mode=0o700, exist_ok=True)
        server = RedisServer(home, port)
        try:
            await server.start()
            yield server
        finally:
            await server.stop()
