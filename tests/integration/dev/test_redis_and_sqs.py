"""The embedded Redis and SQS: answer, keep what they were told, go when asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from dev.backing import make_bucket
from dev.servers import ServerFailed, embedded_redis, embedded_sqs
from dev.surroundings import BUCKET
from switchboard.queues import create_queues, open_sqs
from switchboard.storage import open_place
from switchboard.storage.settings import S3Options
from switchboard.topology import QUEUES
from tests.integration.dev.conftest import gone


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


async def test_redis_keeps_what_it_acknowledged() -> None:
    """A write that was answered is there after SIGKILL, on the same port."""
    async with embedded_redis() as server:
        async with Redis.from_url(server.url) as client:
            for number in range(200):
                await client.set(f"key {number}", number)
        await server.restart(kill=True)

        async with Redis.from_url(server.url) as client:
            assert 200 == await client.dbsize()


async def test_redis_wants_its_password() -> None:
    """Another user of the machine could otherwise make it write files as us."""
    async with embedded_redis() as server:
        url = f"redis://:guess@127.0.0.1:{server.port}/0"
        async with Redis.from_url(url) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.ping()


async def test_redis_leaves_no_process() -> None:
    """After the block its process is gone."""
    async with embedded_redis() as server:
        pid = server.pid
        assert pid is not None

    assert await gone(pid)


async def test_redis_says_why_it_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that ends at once is told with its exit code and its own words."""
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho no such setting\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("REDIS_SERVER_BIN", str(broken))
    with pytest.raises(ServerFailed, match=r"redis ended with 3:\n  no such setting"):
        async with embedded_redis():
            pass


async def test_sqs_takes_our_queues_and_keeps_them(tmp_path: Path) -> None:
    """Queues and messages are there after a polite stop, with the same directory."""
    async with embedded_sqs(data_dir=tmp_path / "sqs") as server:
        async with open_sqs(endpoint_url=server.endpoint_url, region="us-east-1") as sqs:
            urls = await create_queues(sqs, "kept")
            await sqs.send_message(QueueUrl=urls["events"], MessageBody="hello")
        await server.restart()
        async with open_sqs(endpoint_url=server.endpoint_url, region="us-east-1") as sqs:
            again = await create_queues(sqs, "kept")
            received = await sqs.receive_message(QueueUrl=again["events"])

    assert {queue.name for queue in QUEUES} == again.keys()
    assert ["hello"] == [message["Body"] for message in received["Messages"]]


async def test_its_files_are_kept(tmp_path: Path) -> None:
    """What was put into its bucket is there after a restart."""
    options = S3Options(region="us-east-1")
    async with embedded_sqs(data_dir=tmp_path / "sqs") as server:
        await make_bucket(server.endpoint_url, "us-east-1")
        at = replace(options, endpoint_url=server.endpoint_url)
        async with open_place(f"s3://{BUCKET}", at) as place, place.draft() as draft:
            draft.write_bytes(b"kept")
            await place.put(draft, "a")
    async with embedded_sqs(data_dir=tmp_path / "sqs") as server:
        await make_bucket(server.endpoint_url, "us-east-1")
        at = replace(options, endpoint_url=server.endpoint_url)
        async with open_place(f"s3://{BUCKET}", at) as place, place.read("a") as chunks:
            found = [chunk async for chunk in chunks]

    assert [b"kept"] == found


async def test_sqs_leaves_no_process() -> None:
    """After the block its process is gone."""
    async with embedded_sqs() as server:
        pid = server.pid
        assert pid is not None

    assert await gone(pid)
