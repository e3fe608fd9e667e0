"""An ingress over a real SQS server, with queues of each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from switchboard.queues import SqsClient, create_queues, open_sqs
from switchboard.topology import EVENTS
from tests.integration.ingress.front import Front, open_front
from tests.integration.ingress.house import House, Shelf, open_house

REGION = "us-east-1"


@pytest.fixture
async def sqs(sqs_endpoint_url: str) -> AsyncIterator[SqsClient]:
    """Our client, talking to the server."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region=REGION) as client:
        yield client


@pytest.fixture
async def shelf(sqs: SqsClient, queue_prefix: str) -> Shelf:
    """The test's own `events` queue."""
    urls = await create_queues(sqs, queue_prefix, [EVENTS])
    return Shelf(sqs, urls[EVENTS.name])


@pytest.fixture
async def house(shelf: Shelf, sqs_endpoint_url: str, queue_prefix: str) -> AsyncIterator[House]:
    """A running ingress."""
    async with open_house(sqs_endpoint_url, queue_prefix) as house:
        yield house


@pytest.fixture
async def front(sqs_endpoint_url: str) -> AsyncIterator[Front]:
    """A door in front of the server."""
    async with open_front(sqs_endpoint_url) as front:
        yield front
