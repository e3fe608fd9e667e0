"""Waiting until the queues are empty: then whatever was going to happen has happened."""

from __future__ import annotations

import asyncio
from typing import Final

from switchboard.queues import Address, SqsClient, open_sqs
from switchboard.queues.client import sqs_errors
from switchboard.topology import QUEUES

_POLL_S: Final = 0.05
_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


async def until_quiet(
    endpoint_url: str, *, region: str, prefix: str, timeout_s: float
) -> dict[str, int]:
    """
    Wait until no queue holds a message; return what each still holds when the time runs out.

    A message that is being worked on still counts, so a chain from queue to queue is seen whole:
    each link is published before the one before it is deleted.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + timeout_s
    async with open_sqs(endpoint_url=endpoint_url, region=region) as sqs:
        queues = {queue.name: Address(sqs, queue.physical(prefix)) for queue in QUEUES}
        while True:
            held = {name: await _held(sqs, await queue.url()) for name, queue in queues.items()}
            left = {name: count for name, count in held.items() if count}
            if not left or loop.time() > give_up_at:
                return left
            await asyncio.sleep(_POLL_S)


async def _held(sqs: SqsClient, url: str) -> int:
    with sqs_errors("count"):
        told = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))
    return sum(int(told["Attributes"][count]) for count in _COUNTS)
