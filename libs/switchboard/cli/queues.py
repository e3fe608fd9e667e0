"""Opening the queues that the environment names, for commands that look into them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from switchboard.cli.database import environment
from switchboard.cli.failing import CannotDo
from switchboard.queues import SqsClient, open_sqs
from switchboard.settings import QueueSettings
from switchboard.topology import QUEUES, Queue


@asynccontextmanager
async def open_queues() -> AsyncIterator[tuple[SqsClient, str]]:
    """Open SQS; give the client, and what the queues' names begin with."""
    settings = environment(QueueSettings)
    async with open_sqs(
        endpoint_url=settings.aws_endpoint_url, region=settings.aws_region
    ) as client:
        yield client, settings.queue_prefix


def queue_named(name: str) -> Queue:
    """
    Return the queue called `name`.

    Raises:
        CannotDo: There is none.
    """
    found = next((queue for queue in QUEUES if queue.name == name), None)
    if found is None:
        names = ", ".join(queue.name for queue in QUEUES)
        raise CannotDo(f"there is no queue {name!r}; there are {names}")
    return found
