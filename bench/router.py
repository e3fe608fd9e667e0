"""Events a second for each core of the router, beside a consumer that decides nothing."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from bench.report import Figure, show
from bench.stage import Stage, open_stage
from switchboard.contracts import AccountId, CampaignId, CommentWritten, TraceId, WorkspaceId
from switchboard.db import credentials, tenancy
from switchboard.db.pool import open_pool
from switchboard.queues import Outgoing, Publisher
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.topology import EVENTS, OUTBOUND

EVENTS_EACH = 4_000
ACCOUNT = AccountId("17841400000000001")
REPLIES = {
    "trigger": {"kind": "comment", "keywords": {"include": ["link"]}},
    "steps": [
        {"kind": "private_reply", "variants": [{"text": "Here it is"}]},
        {"kind": "public_reply", "variants": ["Sent"]},
    ],
}


async def fill(stage: Stage, text: str, count: int = EVENTS_EACH) -> None:
    """Put `count` comments that say `text` on the queue, each by somebody else."""
    now = datetime.now(UTC)
    async with Publisher.open(stage.sqs, stage.address(EVENTS)) as publisher:
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
                            "author_id": str(10**15 + secrets.randbelow(10**15)),
                            "text": text,
                            "media_id": "18000000000000001",
                        }
                    ).to_json(),
                    group=ACCOUNT,
                )
                for _ in range(count)
            ]
        )


async def main() -> None:
    """Measure the baseline, then the router on comments that match nothing and that match."""
    async with open_stage() as stage:
        await seed(stage.owner_url)

        async def cpu_s(module: str, text: str) -> float:
            return await stage.cpu_s(module, {}, EVENTS, partial(fill, stage, text))

        bare = await cpu_s("bench.baseline_consumer", "lovely")
        quiet = await cpu_s("services.router", "lovely")
        busy = await cpu_s("services.router", "LINK please")
        due = await stage.waiting(OUTBOUND)
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


async def seed(owner_url: str) -> None:
    """Make an account whose campaign answers comments twice."""
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
