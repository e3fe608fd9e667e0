"""The ingress as its own process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientConnectionError, ClientSession

from tests.integration.ingress.front import Front
from tests.integration.ingress.house import LINK_SECRET, Shelf
from tests.unit.ingress.bodies import (
    SECRET,
    change,
    comment,
    entry,
    envelope,
    signature,
    wire,
)

ROOT = Path(__file__).parents[3]
BODY = wire(envelope(entry(changes=[change("comments", comment())])))


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@asynccontextmanager
async def started(**environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start `python -m services.ingress` with this environment; kill it if it outlives the test."""
    secrets = {"META_APP_SECRETS": SECRET, "LINK_SECRETS": LINK_SECRET.get_secret_value()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.ingress",
        cwd=ROOT,
        env=os.environ
        | secrets
        | {"META_VERIFY_TOKEN": "token", "PYTHONPATH": f"{ROOT}:{ROOT / 'libs'}"}
        | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_live(http: ClientSession, url: str) -> None:
    """Return when the process at `url` answers."""
    while True:
        try:
            async with http.get(url + "/health/live") as answer:
                await answer.read()
                return
        except ClientConnectionError:
            await asyncio.sleep(0.02)


async def test_sigterm_lets_it_finish(front: Front, shelf: Shelf, queue_prefix: str) -> None:
    """A webhook under way at SIGTERM is stored and answered 200, and the process ends well."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    front.gate.clear()
    signed = {"X-Hub-Signature-256": signature(BODY)}

    async with (
        started(
            INGRESS_PORT=str(port), AWS_ENDPOINT_URL=front.url, QUEUE_PREFIX=queue_prefix
        ) as process,
        ClientSession() as http,
    ):
        await until_live(http, url)
        begun = asyncio.create_task(
            http.post(url + "/webhooks/instagram", data=BODY, headers=signed)
        )
        await front.waiting.wait()
        process.send_signal(signal.SIGTERM)
        front.gate.set()
        async with await begun as answer:
            status = answer.status
        ended = await process.wait()

    assert (200, 0) == (status, ended)
    assert ["comment.v1"] == await shelf.by_kind(at_least=1)


async def test_a_taken_port_is_one_clear_line() -> None:
    """A port that somebody else listens on ends the process with a line naming the setting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        async with started(
            INGRESS_PORT=str(port), AWS_ENDPOINT_URL="http://127.0.0.1:9"
        ) as process:
            _, told = await process.communicate()

    assert process.returncode == 2
    said = f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert told.decode().splitlines() == [f"cannot start: INGRESS_HOST, INGRESS_PORT: {said}"]


async def test_a_missing_secret_is_one_clear_line() -> None:
    """Without a secret it does not start, and says which variable is missing."""
    async with started(META_APP_SECRETS="") as process:
        _, told = await process.communicate()

    assert process.returncode == 2
    assert told.decode().splitlines() == ["cannot start: META_APP_SECRETS: Field required"]
