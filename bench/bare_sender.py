"""The baseline of the sender: receive, call, delete; no row, no limit, no token of its own."""

from __future__ import annotations

import asyncio
import os

from aiohttp import ClientSession

from switchboard.contracts import DELIVERY_DUE, DeliveryDue
from switchboard.health import Health, LoopWatch, serve_health
from switchboard.lifecycle import run_until_signalled
from switchboard.queues import Consumer, Receipt, one_by_one, open_sqs
from switchboard.queues.fates import Fates
from switchboard.telemetry import Meter
from switchboard.topology import OUTBOUND


async def ready() -> None:
    """Nothing is needed."""


async def main() -> None:
    """Consume until told to stop."""
    meter, prefix, graph = Meter("bare", "bench"), os.environ["QUEUE_PREFIX"], os.environ["GRAPH"]
    async with (
        ClientSession(headers={"Authorization": "Bearer token"}) as http,
        open_sqs(endpoint_url=os.environ["AWS_ENDPOINT_URL"], region="us-east-1") as sqs,
        Fates.open(sqs, OUTBOUND, prefix=prefix) as fates,
        serve_health(
            Health(loop=LoopWatch(), lag_limit_s=5.0),
            meter,
            host="127.0.0.1",
            port=int(os.environ["HEALTH_PORT"]),
        ),
    ):

        async def call(due: DeliveryDue, _receipt: Receipt, /) -> None:
            said = {"recipient": {"id": "1"}, "message": {"text": "Here it is"}}
            url = f"{graph}/v26.0/{due.account_id}/messages"
            async with http.post(url, json=said) as answer:
                await answer.read()

        consumer = Consumer(
            sqs,
            queue=OUTBOUND,
            prefix=prefix,
            parse=DELIVERY_DUE.validate_json,
            handle=one_by_one(call),
            fates=fates,
            meter=meter,
            ready=ready,
            batch_size=1,
        )
        await run_until_signalled(consumer, drain_s=10)


if __name__ == "__main__":
    asyncio.run(main())
