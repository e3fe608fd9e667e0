"""Deliveries a second for each core of the sender, beside a consumer that only calls Meta."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

from bench.process import free_port, running
from bench.report import Figure, show
from dev import platform
from dev.servers import embedded_postgres, embedded_redis, embedded_sqs
from switchboard.contracts import (
    AccountId,
    CampaignId,
    DeliveryDue,
    DeliveryId,
    TraceId,
    WorkspaceId,
)
from switchboard.db import credentials, migrate, tenancy
from switchboard.db.pool import Database, open_pool
from switchboard.queues import Address, Outgoing, Publisher, SqsClient, create_queues, open_sqs
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.topology import OUTBOUND

ACCOUNTS, EACH = 200, 20
ALL = ACCOUNTS * EACH
PREFIX = "bench"
WORKSPACE, CAMPAIGN, EVENT = WorkspaceId(UUID(int=1)), CampaignId(UUID(int=2)), UUID(int=3)
MIGRATIONS = Path(__file__).parent.parent / migrate.DIRECTORY
ANSWER = {
    "trigger": {"kind": "message", "keywords": {"include": ["link"]}},
    "steps": [{"kind": "message", "variants": [{"text": "Here it is"}]}],
}


async def tell(client: SqsClient, due: list[DeliveryDue]) -> None:
    """Put all of `due` on the queue."""
    async with Publisher.open(client, Address(client, OUTBOUND.physical(PREFIX))) as publisher:
        await publisher.publish([Outgoing(one.to_json(), one.account_id) for one in due])


async def drained(client: SqsClient) -> None:
    """Return when the queue is empty and nobody holds a message of it."""
    url = await Address(client, OUTBOUND.physical(PREFIX)).url()
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    while True:
        found = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        if not any(int(found["Attributes"][name]) for name in names):  # type: ignore[literal-required]
            return
        await asyncio.sleep(0.05)


async def cpu_s(
    client: SqsClient, module: str, env: Mapping[str, str], due: list[DeliveryDue]
) -> float:
    """Return the CPU seconds `module` needs for all of `due`, its start not counted."""
    port = free_port()
    async with running(module, env={**env, "HEALTH_PORT": str(port)}, port=port) as process:
        before_s = process.cpu_s()
        await tell(client, due)
        await drained(client)
        return process.cpu_s() - before_s


async def main() -> None:
    """Measure the baseline, then the sender on as many messages."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench")
    key = secrets.token_bytes(32)
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
        await postgres.let_in("switchboard_pipeline")
        db = await stack.enter_async_context(open_pool(postgres.url, max_size=1, name="bench"))
        due = await _owe(db, credentials.Vault({"bench": key}))
        port = free_port()
        await stack.enter_async_context(
            running("bench.stub_graph", env={}, port=port, arguments=[str(port)])
        )
        graph = f"http://127.0.0.1:{port}"
        env = {
            "AWS_ENDPOINT_URL": sqs.endpoint_url,
            "QUEUE_PREFIX": PREFIX,
            "DATABASE_URL": postgres.address(role="switchboard_pipeline"),
            "REDIS_URL": redis.url,
            "META_GRAPH_URL": graph,
            "TOKEN_KEYS": f"bench:{base64.b64encode(key).decode()}",
            "LOG_LEVEL": "warning",
            "GRAPH": graph,
        }
        bare = await cpu_s(client, "bench.bare_sender", env, due)
        whole = await cpu_s(client, "services.sender", env, due)
        row = await db.fetchrow("select count(*) from public.deliveries where state = 'sent'")
    if row is None or row["count"] != ALL:
        raise RuntimeError(f"{row and row['count']} sent, not {ALL}")
    show(
        "sender: deliveries for each second of one core",
        [
            Figure("received, called and deleted", ALL / bare, "/s"),
            Figure("claimed, limited, called once, recorded", ALL / whole, "/s"),
        ],
    )


async def _owe(db: Database, vault: credentials.Vault) -> list[DeliveryDue]:
    """Make `ACCOUNTS` accounts that owe `EACH` people a message; return what is due."""
    await tenancy.create_workspace(db, WORKSPACE, "Bench")
    due = []
    for number in range(ACCOUNTS):
        account, instagram_id = UUID(int=1000 + number), AccountId(str(17841400000000000 + number))
        await tenancy.connect_account(
            db, account, workspace=WORKSPACE, instagram_id=instagram_id, username=f"shop{number}"
        )
        await credentials.store(db, account, vault.seal("token", account), None)
        if number == 0:
            await _publish(db, account)
        rows = await db.fetch(_OWE, WORKSPACE, account, EVENT, CAMPAIGN, EACH)
        due += [
            DeliveryDue(
                delivery_id=DeliveryId(row["id"]),
                account_id=instagram_id,
                trace_id=TraceId("0" * 32),
            )
            for row in rows
        ]
    return due


async def _publish(db: Database, account: UUID) -> None:
    await tenancy.publish_campaign(
        db,
        CAMPAIGN,
        workspace=WORKSPACE,
        account=account,
        name="Link",
        rank=1,
        definition=CAMPAIGN_DEFINITION.validate_python(ANSWER),
    )
    await db.execute(_HAPPEN, EVENT, WORKSPACE, account)


_HAPPEN = """
insert into public.events (event_id, workspace_id, account_id, instagram_id, kind, identity,
                           occurred_at, received_at, outcome, decision, event, trace_id)
values ($1, $2, $3, '1', 'message.v1', 'm:1', now(), now(), 'matched', '{}', '{}', 'none')
"""
_OWE = """
insert into public.deliveries (
  id, workspace_id, account_id, event_id, campaign_id, campaign_version, step, kind, person_id,
  content, state, not_before, deadline, trace_id, published_at)
select gen_random_uuid(), $1, $2, $3, $4, 1, '0', 'message', person::text,
       '{"text": "Here it is"}', 'ready', now(), now() + interval '1 day', repeat('0', 32), now()
  from generate_series(1, $5::int) person
returning id
"""

if __name__ == "__main__":
    asyncio.run(main())
