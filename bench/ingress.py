"""Webhooks a second for each core, beside a bare handler of the same server library."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os

from bench.http_load import Load, post_all, request
from bench.process import Measured, free_port, running
from bench.report import Figure, show
from dev.servers import embedded_sqs
from switchboard.queues import create_queues, open_sqs

WEBHOOKS = 6_000
BATCHES, UPDATES = 100, 100
CONNECTIONS = 32
SECRET = "bench-secret"
PREFIX = "bench"


def webhook(first: int, updates: int) -> bytes:
    """Return one signed webhook of `updates` comments, as Meta sends it."""
    entries = [
        {
            "id": "17841400000000001",
            "time": 1760000001,
            "changes": [
                {
                    "field": "comments",
                    "value": {
                        "id": str(17900000000000000 + number),
                        "from": {"id": "1234567890123456", "username": "somebody"},
                        "text": "could you send me the LINK please",
                        "media": {"id": "18000000000000001", "media_product_type": "REELS"},
                    },
                }
            ],
        }
        for number in range(first, first + updates)
    ]
    body = json.dumps({"object": "instagram", "entry": entries}).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
    return request("/webhooks/instagram", body, headers)


async def measured(server: Measured, port: int, requests: list[bytes]) -> tuple[Load, float]:
    """Return what a load did and the CPU seconds it cost the server."""
    before_s = server.cpu_s()
    load = await post_all("127.0.0.1", port, requests, connections=CONNECTIONS)
    if set(load.statuses) != {200}:
        raise RuntimeError(f"not all accepted: {load.statuses}")
    return load, server.cpu_s() - before_s


async def main() -> None:
    """Measure the bare handler, then ingress, with one comment a webhook and with a hundred."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench")
    singles = [webhook(number, 1) for number in range(WEBHOOKS)]
    batches = [webhook(number * UPDATES, UPDATES) for number in range(BATCHES)]
    bare_port, port = free_port(), free_port()
    async with embedded_sqs() as sqs:
        async with open_sqs(endpoint_url=sqs.endpoint_url, region="us-east-1") as client:
            await create_queues(client, PREFIX)
        env = {
            "AWS_ENDPOINT_URL": sqs.endpoint_url,
            "QUEUE_PREFIX": PREFIX,
            "INGRESS_PORT": str(port),
            "META_APP_SECRETS": SECRET,
            "META_VERIFY_TOKEN": "bench",
            "LINK_SECRETS": "bench-link-secret-of-32-characters",
            "LOG_LEVEL": "warning",
        }
        async with running(
            "bench.bare", env={}, port=bare_port, arguments=[str(bare_port)]
        ) as bare:
            _, bare_s = await measured(bare, bare_port, singles)
        async with running("services.ingress", env=env, port=port) as ingress:
            load, single_s = await measured(ingress, port, singles)
            _, batch_s = await measured(ingress, port, batches)
            memory_mib = ingress.peak_mib()
    show(
        "ingress: webhooks for each second of one core",
        [
            Figure("a bare aiohttp handler", WEBHOOKS / bare_s, "/s"),
            Figure("ingress, one comment each", WEBHOOKS / single_s, "/s"),
        ],
    )
    show(
        f"ingress: events for each second of one core (webhooks of 1 and of {UPDATES})",
        [
            Figure("one a webhook", WEBHOOKS / single_s, "/s"),
            Figure(f"{UPDATES} a webhook", BATCHES * UPDATES / batch_s, "/s"),
        ],
    )
    print(
        f"\n{CONNECTIONS} connections, client and SQS server on the same two cores: "
        f"{WEBHOOKS / load.elapsed_s:,.0f} webhooks/s; peak memory {memory_mib:.0f} MiB"
    )


if __name__ == "__main__":
    asyncio.run(main())
