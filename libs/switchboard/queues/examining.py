"""How a queue is set up at SQS, for an examination to compare with the topology."""

from __future__ import annotations

import json
from dataclasses import dataclass

from switchboard.queues.client import Address, SqsClient, sqs_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """
    What SQS does with a queue's messages by itself.

    After `max_receives` it moves one to the queue called `dead_letters`; `None`: it never does.
    """

    visibility_s: int
    retention_s: int
    dead_letters: str | None
    max_receives: int | None


async def arranged(client: SqsClient, address: Address) -> Arranged:
    """
    Return how a queue is set up.

    Raises:
        Unavailable, QueueRefused: SQS does not answer, or there is no such queue.
    """
    url = await address.url()
    with sqs_errors(f"examine {address.name}"):
        answer = await client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=["VisibilityTimeout", "MessageRetentionPeriod", "RedrivePolicy"],
        )
    told = answer["Attributes"]
    redrive = json.loads(told.get("RedrivePolicy") or "{}")
    target = redrive.get("deadLetterTargetArn")
    return Arranged(
        visibility_s=int(told["VisibilityTimeout"]),
        retention_s=int(told["MessageRetentionPeriod"]),
        dead_letters=target and str(target).rpartition(":")[2],
        max_receives=target and int(redrive["maxReceiveCount"]),
    )
