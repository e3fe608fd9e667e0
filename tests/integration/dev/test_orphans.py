"""Whoever started a server may die without a farewell; the server does not outlive them."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import asyncpg
from redis.asyncio import Redis

from dev.servers import embedded_postgres, embedded_redis
from dev.servers.home import Home
from tests.integration.dev.conftest import gone

# Starts two servers, says where they are, and waits to be killed.
HOLDER = """
import asyncio, json, pathlib, sys
from dev.servers import embedded_postgres, embedded_redis, embedded_sqs

async def main(home):
    async with (
        embedded_postgres(data_dir=home / "postgres") as postgres,
        embedded_redis(data_dir=home / "redis") as redis,
        embedded_sqs(data_dir=home / "sqs") as sqs,
    ):
        told = {
            "postgres": postgres.url, "redis": redis.url,
            "pids": [postgres.pid, redis.pid, sqs.pid],
        }
        print(json.dumps(told), flush=True)
        await asyncio.Event().wait()

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


async def test_servers_die_with_their_owner_and_keep_their_data(
    tmp_path: Path, checkout: Path
) -> None:
    """After SIGKILL of the owner all three end, and the next owner finds what was written."""
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER, str(tmp_path)), stdout=asyncio.subprocess.PIPE, cwd=checkout
    )
    assert holder.stdout is not None
    told = json.loads(await holder.stdout.readline())
    await write(told["postgres"], told["redis"])

    holder.send_signal(signal.SIGKILL)
    await holder.wait()

    for pid in told["pids"]:
        assert await gone(pid)
    async with (
        embedded_postgres(data_dir=tmp_path / "postgres") as postgres,
        embedded_redis(data_dir=tmp_path / "redis") as redis,
    ):
        assert (1, b"1") == await read(postgres.url, redis.url)


async def test_what_was_left_behind_is_stopped_by_the_next(tmp_path: Path) -> None:
    """Where the kernel tells no server that its owner died, the next start on its home stops it."""
    home = tmp_path / "redis"
    async with embedded_redis(data_dir=home) as server:
        left = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
        await server.stop()
        Home(home, temporary=False).remember(left.pid)
        await server.start()

    assert -signal.SIGTERM == await left.wait()


async def test_a_stranger_with_the_same_id_is_spared(tmp_path: Path) -> None:
    """A process id is used again by another process, which is not ours to stop."""
    home = tmp_path / "redis"
    stranger = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
    async with embedded_redis(data_dir=home) as server:
        await server.stop()
        (home / "server.pid").write_text(f"{stranger.pid}\n1")
        await server.start()

    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def write(postgres_url: str, redis_url: str) -> None:
    """Leave something in both."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("create table kept as select 1 as n")
    await connection.close()
    async with Redis.from_url(redis_url) as client:
        await client.set("kept", "1")


async def read(postgres_url: str, redis_url: str) -> tuple[object, object]:
    """Return what was left."""
    connection = await asyncpg.connect(postgres_url)
    found = await connection.fetchval("select n from kept")
    await connection.close()
    async with Redis.from_url(redis_url) as client:
        return found, await client.get("kept")
