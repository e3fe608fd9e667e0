"""`switchboard queues`: an installation's queues, made by hand."""

from __future__ import annotations

import json

import pytest

from switchboard.queues import open_sqs
from switchboard.topology import QUEUES
from tests.integration.cli.conftest import Switchboard


@pytest.fixture(autouse=True)
def environment(sqs_endpoint_url: str, queue_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues of the test's own, which are not there yet."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", sqs_endpoint_url)
    monkeypatch.setenv("QUEUE_PREFIX", queue_prefix)


async def test_creating(switchboard: Switchboard, sqs_endpoint_url: str, queue_prefix: str) -> None:
    """Each is there then, with its dead letters' beside it; doing it again changes nothing."""
    before = await switchboard("dlq", "list")
    created = await switchboard("queues", "create", "--json")
    again = await switchboard("queues", "create")
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as client:
        there = (await client.list_queues(QueueNamePrefix=queue_prefix))["QueueUrls"]
    after = await switchboard("dlq", "list")

    assert (2, 0) == (before.code, after.code)
    assert [queue.name for queue in QUEUES] == list(json.loads(created.out))
    assert {url.rpartition("/")[2] for url in there} == {
        name
        for queue in QUEUES
        for name in (queue.physical(queue_prefix), queue.dead_letters(queue_prefix))
    }
    assert [f"{name}: {url}" for name, url in json.loads(created.out).items()] == (
        again.out.splitlines()
    )


async def test_one_that_is_otherwise(
    switchboard: Switchboard, sqs_endpoint_url: str, queue_prefix: str
) -> None:
    """A queue that services would lose messages with is told of, and left as it is."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as client:
        await client.create_queue(
            QueueName=QUEUES[0].dead_letters(queue_prefix),
            Attributes={"MessageRetentionPeriod": "60"},
        )
    ended = await switchboard("queues", "create")

    assert 2 == ended.code
    assert ended.err.startswith(f"switchboard: SQS create {QUEUES[0].name}")
