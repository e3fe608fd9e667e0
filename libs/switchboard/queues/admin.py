"""Creating the queues where no template does it: on one machine, by hand, and in tests."""

from __future__ import annotations

import json
from collections.abc import Iterable

from switchboard.queues.client import SqsClient, sqs_errors
from switchboard.topology import (
    DEAD_LETTER_RETENTION_S,
    LONG_POLL_S,
    QUEUES,
    RETENTION_S,
    Queue,
)


async def create_queues(
    client: SqsClient, prefix: str, queues: Iterable[Queue] = QUEUES
) -> dict[str, str]:
    """
    Create `queues` and their dead-letter queues unless they exist.

    Returns:
        The URL of each queue by its name in the topology.

    Raises:
        Unavailable, QueueRefused: SQS does not answer, or a queue exists with other attributes.
    """
    return {queue.name: await _create(client, prefix, queue) for queue in queues}


async def _create(client: SqsClient, prefix: str, queue: Queue) -> str:
    with sqs_errors(f"create {queue.name}"):
        dead = await client.create_queue(
            QueueName=queue.dead_letters(prefix),
            Attributes={"MessageRetentionPeriod": str(DEAD_LETTER_RETENTION_S)},
        )
        found = await client.get_queue_attributes(
            QueueUrl=dead["QueueUrl"], AttributeNames=["QueueArn"]
        )
        redrive = {
            "deadLetterTargetArn": found["Attributes"]["QueueArn"],
            "maxReceiveCount": str(queue.max_receives),
        }
        created = await client.create_queue(
            QueueName=queue.physical(prefix),
            Attributes={
                "VisibilityTimeout": str(queue.visibility_s),
                "MessageRetentionPeriod": str(RETENTION_S),
                "ReceiveMessageWaitTimeSeconds": str(LONG_POLL_S),
                "RedrivePolicy": json.dumps(redrive),
            },
        )
    return created["QueueUrl"]
