"""Events a second for each core of the router, beside a consumer that decides nothing."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from bench.process import free_port, running
from bench.report import Figure, show
from dev import platform
from dev.servers import embedded_postgres, embedded_redis, embedded_sqs
from switchboard.contracts import AccountId, CampaignId, CommentWritten, TraceId, WorkspaceId
from switchboard.db import credentials, migrate, tenancy
from switchboard.db.pool import open_pool
from switchboard.queues import Address, Outgoing, Publisher, SqsClient, create_queues, open_sqs
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.topology import EVENTS, OUTBOUND

EVENTS_EACH = 4_000
PREFIX = "bench"
ACCOUNT = AccountId("17841400000000001")
MIGRATIONS = Path(__file__).parent.parent / migrate.DIRECTORY
REPLIES = {
    "trigger": {"kind": "comment", "keywords": {"include": ["link"]}},
    "steps": [
        {"kind": "private_reply", "variants": [{"text": "Here it is"}]},
        {"kind": "public_reply", "variants": ["Sent"]},
    ],
}


async def fill(client: SqsClient, text: str) -> None:
    """Put `EVENTS_EACH` comments that say `text` on the queue."""
    now = datetime.now(UTC)
    async with Publisher.open(client, Address(client, EVENTS.physical(PREFIX))) as publisher:
        await publisher.publish(
            [
                Outgoing(
                    CommentWritten.model_validate(
                        {
                            "account_id": ACCOUNT,
                            "occurred_at": now,
                            "received_at": now,
                            "trace_id": TraceId(uuid4().hex),
                            "comment_id": str(17900000000000000 + secrets.randbelow(10**15)),
                            "author_id": str(10**15 + number),
                            "text": text,
                            "media_id": "18000000000000001",
                        }
                    ).to_json(),
                    group=ACCOUNT,
                )
                for number in range(EVENTS_EACH)
            ]
        )


async def drained(client: SqsClient) -> None:
    """Return when the queue is empty and nobody holds a message of it."""
    url = await Address(client, EVENTS.physical(PREFIX)).url()
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    while True:
        found = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        waiting = {name: int(value) for name, value in found["Attributes"].items() if name in names}
        if not any(waiting.values()):
            return
        await asyncio.sleep(0.05)


async def cpu_s(client: SqsClient, module: str, env: Mapping[str, str], text: str) -> float:
    """Return the CPU seconds `module` needs for `EVENTS_EACH` events, its start not counted."""
    port = free_port()
    async with running(module, env={**env, "HEALTH_PORT": str(port)}, port=port) as process:
        before_s = process.cpu_s()
        await fill(client, text)
        await drained(client)
        return process.cpu_s() - before_s


async def main() -> None:
    """Measure the baseline, then the router on comments that match nothing and that match."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench")
    async with AsyncExitStack() as stack:
        sqs = await stack.enter_async_context(embedded_sqs())
        redis = await stack.enter_async_context(embedded_redis())
        postgres = await stack.enter_async_context(embedded_postgres())
        client = await stack.enter_async_context(
            open_sqs(endpoint_url=sqs.endpoint_url, region="us-east-1")
        )
        await create_queues(client, PREFIX)
        await platform.apply(postgres.url)
        await migrate.apply(postgres.url, MIGRATIONS)
        await _seed(postgres.url)
        await postgres.let_in("switchboard_pipeline")
        env = {
            "AWS_ENDPOINT_URL": sqs.endpoint_url,
            "QUEUE_PREFIX": PREFIX,
            "DATABASE_URL": postgres.address(role="switchboard_pipeline"),
            "REDIS_URL": redis.url,
            "LOG_LEVEL": "warning",
        }
        bare = await cpu_s(client, "bench.baseline_consumer", env, "lovely")
        quiet = await cpu_s(client, "services.router", env, "lovely")
        busy = await cpu_s(client, "services.router", env, "LINK please")
        found = await client.get_queue_attributes(
            QueueUrl=await Address(client, OUTBOUND.physical(PREFIX)).url(),
            AttributeNames=["ApproximateNumberOfMessages"],
        )
    due = int(found["Attributes"]["ApproximateNumberOfMessages"])
    if due != 2 * EVENTS_EACH:
        raise RuntimeError(f"{due} deliveries published, not {2 * EVENTS_EACH}")
    show(
        "router: events for each second of one core",
        [
            Figure("received, parsed and deleted", EVENTS_EACH / bare, "/s"),
            Figure("decided, nothing to send", EVENTS_EACH / quiet, "/s"),
            Figure("decided, two deliveries each", EVENTS_EACH / busy, "/s"),
        ],
    )


async def _seed(owner_url: str) -> None:
    workspace, account = WorkspaceId(UUID(int=1)), UUID(int=2)
    vault = credentials.Vault({"bench": secrets.token_bytes(32)})
    async with open_pool(owner_url, max_size=1, name="bench") as db:
        await tenancy.create_workspace(db, workspace, "Bench")
        await tenancy.connect_account(
            db, account, workspace=workspace, instagram_id=ACCOUNT, username="bench"
        )
        await credentials.store(db, account, vault.seal("token", account), None)
        await tenancy.publish_campaign(
            db,
            CampaignId(UUID(int=3)),
            workspace=workspace,
            account=account,
            name="Link",
            rank=1,
            definition=CAMPAIGN_DEFINITION.validate_python(REPLIES),
        )


if __name__ == "__main__":
    asyncio.run(main())
