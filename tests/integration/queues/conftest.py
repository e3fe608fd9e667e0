"""A queue of each test's own on the SQS server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from switchboard.queues import SqsClient, create_queues, open_sqs
from switchboard.topology import Queue
from tests.integration.queues.line import Line
from tests.integration.queues.relay import Relay, open_relay

REGION = "us-east-1"
LineOf = Callable[..., Awaitable[Line]]


@pytest.fixture
async def sqs(sqs_endpoint_url: str) -> AsyncIterator[SqsClient]:
    """Our client, talking to a real server."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region=REGION) as client:
        yield client


@pytest.fixture
async def relay(sqs_endpoint_url: str) -> AsyncIterator[Relay]:
    """A wire to the server that can be cut."""
    async with open_relay(sqs_endpoint_url) as relay:
        yield relay


@pytest.fixture
async def cuttable(relay: Relay) -> AsyncIterator[SqsClient]:
    """Our client, talking to the server through the relay."""
    async with open_sqs(endpoint_url=relay.url, region=REGION) as client:
        yield client


@pytest.fixture
def line_of(sqs: SqsClient) -> LineOf:
    """Create a queue with these attributes, and a `Line` for it."""

    async def create(**attributes: Any) -> Line:
        chosen: dict[str, Any] = {"visibility_s": 60, "max_receives": 3} | attributes
        queue = Queue(name="notes", producers=("test",), consumer="test", **chosen)
        prefix = f"t{uuid4().hex[:12]}"
        await create_queues(sqs, prefix, [queue])
        return Line(client=sqs, queue=queue, prefix=prefix)

    return create


@pytest.fixture
async def line(line_of: LineOf) -> Line:
    """Return a queue like any other."""
    return await line_of()
