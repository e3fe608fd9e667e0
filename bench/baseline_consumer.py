"""The baseline of the router: receive, parse, delete, and decide nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from switchboard.contracts import INBOUND_EVENT, InboundEvent
from switchboard.health import Health, LoopWatch, serve_health
from switchboard.lifecycle import run_until_signalled
from switchboard.queues import Consumer, Received, open_sqs
from switchboard.queues.fates import Fates
from switchboard.telemetry import Meter
from switchboard.topology import EVENTS


async def forget(batch: Sequence[Received[InboundEvent]], /) -> Sequence[None]:
    """Do nothing with any of them."""
    return [None] * len(batch)


async def ready() -> None:
    """Nothing is needed."""


async def main() -> None:
    """Consume until told to stop."""
    meter, prefix = Meter("baseline", "bench"), os.environ["QUEUE_PREFIX"]
    async with (
        open_sqs(endpoint_url=os.environ["AWS_ENDPOINT_URL"], region="us-east-1") as sqs,
        Fates.open(sqs, EVENTS, prefix=prefix) as fates,
        serve_health(
            Health(loop=LoopWatch(), lag_limit_s=5.0),
            meter,
            host="127.0.0.1",
            port=int(os.environ["HEALTH_PORT"]),
        ),
    ):
        consumer = Consumer(
            sqs,
            queue=EVENTS,
            prefix=prefix,
            parse=INBOUND_EVENT.validate_json,
            handle=forget,
            fates=fates,
            meter=meter,
            ready=ready,
        )
        await run_until_signalled(consumer, drain_s=10)


if __name__ == "__main__":
    asyncio.run(main())
