"""Deliveries a second for each core of the sender, beside a consumer that only calls Meta."""

from __future__ import annotations

import asyncio
import base64
import secrets
from functools import partial
from uuid import UUID

from bench.process import free_port, running
from bench.report import Figure, show
from bench.stage import Stage, open_stage
from switchboard.contracts import (
    AccountId,
    CampaignId,
    DeliveryDue,
    DeliveryId,
    TraceId,
    WorkspaceId,
)
from switchboard.db import credentials, tenancy
from switchboard.db.pool import Database, open_pool
from switchboard.queues import Outgoing, Publisher
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.topology import OUTBOUND

ACCOUNTS, EACH = 200, 20
ALL = ACCOUNTS * EACH
WORKSPACE, CAMPAIGN, EVENT = WorkspaceId(UUID(int=1)), CampaignId(UUID(int=2)), UUID(int=3)
ANSWER = {
    "trigger": {"kind": "message", "keywords": {"include": ["link"]}},
    "steps": [{"kind": "message", "variants": [{"text": "Here it is"}]}],
}


async def tell(stage: Stage, due: list[DeliveryDue]) -> None:
    """Put all of `due` on the queue."""
    async with Publisher.open(stage.sqs, stage.address(OUTBOUND)) as publisher:
        await publisher.publish([Outgoing(one.to_json(), one.account_id) for one in due])


async def main() -> None:
    """Measure the baseline, then the sender on as many messages."""
    key, port = secrets.token_bytes(32), free_port()
    graph = f"http://127.0.0.1:{port}"
    environment = {
        "META_GRAPH_URL": graph,
        "TOKEN_KEYS": f"bench:{base64.b64encode(key).decode()}",
        "GRAPH": graph,
    }
    async with (
        open_stage() as stage,
        open_pool(stage.owner_url, max_size=1, name="bench") as db,
        running("bench.stub_graph", env={}, port=port, arguments=[str(port)]),
    ):
        await open_accounts(db, credentials.Vault({"bench": key}))
        due = await owe(db)

        async def cpu_s(module: str) -> float:
            return await stage.cpu_s(module, environment, OUTBOUND, partial(tell, stage, due))

        bare, whole = await cpu_s("bench.bare_sender"), await cpu_s("services.sender")
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


async def open_accounts(db: Database, vault: credentials.Vault) -> None:
    """Make `ACCOUNTS` accounts, which owe nobody anything yet."""
    await tenancy.create_workspace(db, WORKSPACE, "Bench")
    for number in range(ACCOUNTS):
        account = _account(number)
        await tenancy.connect_account(
            db,
            account,
            workspace=WORKSPACE,
            instagram_id=_instagram_id(number),
            username=f"shop{number}",
        )
        await credentials.store(db, account, vault.seal("token", account), None)
        if number == 0:
            await _publish(db, account)


async def owe(db: Database, each: int = EACH) -> list[DeliveryDue]:
    """Let each account owe `each` more people a message; return what is due."""
    due = []
    for number in range(ACCOUNTS):
        rows = await db.fetch(_OWE, WORKSPACE, _account(number), EVENT, CAMPAIGN, each)
        due += [
            DeliveryDue(
                delivery_id=DeliveryId(row["id"]),
                account_id=_instagram_id(number),
                trace_id=TraceId("0" * 32),
            )
            for row in rows
        ]
    return due


def _account(number: int) -> UUID:
    return UUID(int=1000 + number)


def _instagram_id(number: int) -> AccountId:
    return AccountId(str(17841400000000000 + number))


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
select gen_random_uuid(), $1, $2, $3, $4, 1, '0', 'message', (random() * 1e15)::bigint::text,
       '{"text": "Here it is"}', 'ready', now(), now() + interval '1 day', repeat('0', 32), now()
  from generate_series(1, $5::int)
returning id
"""

if __name__ == "__main__":
    asyncio.run(main())
