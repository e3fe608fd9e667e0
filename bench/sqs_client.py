"""What a SendMessageBatch of ten costs us, with the client as it comes and as we set it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from bench.report import Figure, show
from switchboard.queues import SqsClient, open_sqs

CALLS = 1_000
ROUNDS = 3
REGION = "us-east-1"


@contextlib.contextmanager
def stub() -> Iterator[str]:
    """Run the stub in a process of its own; yield its URL."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.stub_sqs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        if server.stdout is None:
            raise RuntimeError("no standard output")
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"


@contextlib.asynccontextmanager
async def as_it_comes(endpoint: str) -> AsyncIterator[SqsClient]:
    """Open the client with its defaults."""
    session = get_session()
    async with session.create_client(
        "sqs", region_name=REGION, endpoint_url=endpoint, config=AioConfig()
    ) as client:
        yield client


async def cpu_ms_per_call(client: SqsClient, endpoint: str) -> float:
    """Return the CPU milliseconds of one call, best of `ROUNDS`."""
    body = "x" * 500
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            await client.send_message_batch(
                QueueUrl=f"{endpoint}/000000000000/q",
                Entries=[
                    {"Id": str(i), "MessageBody": body, "MessageGroupId": "a"} for i in range(10)
                ],
            )
        best = min(best, (time.process_time() - began) * 1000 / CALLS)
    return best


async def main() -> None:
    """Measure both and show them."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench")
    with stub() as endpoint:
        async with (
            as_it_comes(endpoint) as default,
            open_sqs(endpoint_url=endpoint, region=REGION) as ours,
        ):
            figures = [
                Figure("as it comes", await cpu_ms_per_call(default, endpoint), "ms CPU"),
                Figure("as we set it", await cpu_ms_per_call(ours, endpoint), "ms CPU"),
            ]
    show("One SendMessageBatch of ten, client side", figures)


if __name__ == "__main__":
    asyncio.run(main())
