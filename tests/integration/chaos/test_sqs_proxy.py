"""The door before a real queue server: our own client meets every trouble it can be ordered to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession

from switchboard.errors import Unavailable
from switchboard.queues import Address, Outgoing, Publisher, SqsClient, create_queues, open_sqs
from switchboard.queues.client import sqs_errors
from switchboard.topology import EVENTS, OUTBOUND
from tests.support.waiting import until
from tools.chaos.sqs_proxy import CONTROL, serve

REGION = "us-east-1"


@dataclass
class Door:
    """The door, our client behind it, and another that goes past it."""

    url: str
    sqs: SqsClient
    past: SqsClient
    http: ClientSession
    prefix: str

    async def order(self, *faults: dict[str, Any]) -> None:
        """Let calls go wrong in these ways."""
        body = {"seed": 1, "faults": list(faults)}
        async with self.http.put(self.url + CONTROL, json=body) as answer:
            assert 200 == answer.status, await answer.text()

    async def queue(self, name: str = "events") -> str:
        """Return a queue's URL."""
        return await Address(self.past, f"{self.prefix}-{name}").url()

    async def receive(self, **more: Any) -> list[Any]:
        """Receive from `events`, without waiting."""
        with sqs_errors("receive"):
            told = await self.sqs.receive_message(
                QueueUrl=await self.queue(), AttributeNames=["All"], **more
            )
        return list(told.get("Messages", ()))

    async def send(self, *bodies: str) -> Any:
        """Send to `events`."""
        entries: Any = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
        with sqs_errors("send"):
            return await self.sqs.send_message_batch(QueueUrl=await self.queue(), Entries=entries)

    async def held(self) -> int:
        """Return how many messages `events` holds, seen past the door."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = await self.past.get_queue_attributes(
            QueueUrl=await self.queue(), AttributeNames=names
        )
        return sum(int(told["Attributes"][name]) for name in names)


@pytest.fixture
async def door(sqs_endpoint_url: str, queue_prefix: str) -> AsyncIterator[Door]:
    """A door with nothing wrong, before queues of this test's own."""
    async with (
        serve(sqs_endpoint_url) as url,
        open_sqs(endpoint_url=url, region=REGION) as sqs,
        open_sqs(endpoint_url=sqs_endpoint_url, region=REGION) as past,
        ClientSession() as http,
    ):
        await create_queues(past, queue_prefix)
        yield Door(url, sqs, past, http, queue_prefix)


async def test_without_faults_it_is_the_server(door: Door) -> None:
    """What is sent through the door is received through it, and deleted for good."""
    await door.send("a", "b")
    received = await door.receive(MaxNumberOfMessages=10)
    entries: Any = [
        {"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(received)
    ]
    deleted = await door.sqs.delete_message_batch(QueueUrl=await door.queue(), Entries=entries)

    assert ["a", "b"] == sorted(one["Body"] for one in received)
    assert 2 == len(deleted["Successful"])
    assert 0 == await door.held()


async def test_a_refused_call_does_nothing(door: Door) -> None:
    """`refuse`: our client hears that SQS is away, and nothing was stored."""
    await door.order({"queue": "events", "action": "SendMessageBatch", "kind": "refuse"})

    with pytest.raises(Unavailable):
        await door.send("a")

    assert 0 == await door.held()


async def test_a_lost_answer_was_a_call(door: Door) -> None:
    """`lose_answer`: our client hears that SQS is away, and the message is stored all the same."""
    await door.order({"queue": "events", "action": "SendMessageBatch", "kind": "lose_answer"})

    with pytest.raises(Unavailable):
        await door.send("a")

    assert 1 == await door.held()


async def test_half_a_batch_is_refused(door: Door) -> None:
    """`refuse_some`: every other entry fails, and SQS takes the blame for it."""
    await door.order({"queue": "events", "action": "SendMessageBatch", "kind": "refuse_some"})

    told = await door.send("a", "b", "c")

    assert ["0", "2"] == sorted(one["Id"] for one in told["Successful"])
    assert [("1", False)] == [(one["Id"], one["SenderFault"]) for one in told["Failed"]]
    assert 2 == await door.held()


async def test_our_publisher_gets_through_half_refused_batches(door: Door) -> None:
    """What is refused of a batch is sent again by the publisher, until all of it is stored."""
    await door.order({"queue": "events", "action": "SendMessageBatch", "kind": "refuse_some"})

    async with Publisher.open(door.sqs, Address(door.sqs, EVENTS.physical(door.prefix))) as events:
        await events.publish([Outgoing(str(n), "group") for n in range(10)])

    assert 10 == await door.held()


async def test_a_fault_concerns_its_queue_and_its_action(door: Door) -> None:
    """Another queue, and another action on the same queue, are as they were."""
    await door.order({"queue": "events", "action": "SendMessageBatch", "kind": "refuse"})
    outbound = Address(door.sqs, OUTBOUND.physical(door.prefix))

    async with Publisher.open(door.sqs, outbound) as publisher:
        await publisher.publish([Outgoing("a", "group")])

    assert [] == await door.receive()


async def test_what_hangs_is_let_go(door: Door) -> None:
    """`hang`: no answer comes until the fault is over; then the connection breaks."""
    await door.order({"queue": "events", "action": "SendMessageBatch", "kind": "hang"})
    hanging = asyncio.create_task(door.send("a"))
    done, _ = await asyncio.wait({hanging}, timeout=0.3)
    await door.order()

    with pytest.raises(Unavailable):
        await hanging
    assert set() == done
    assert 0 == await door.held()


async def test_a_message_comes_twice_although_it_was_deleted(door: Door) -> None:
    """`twice`: under another receipt, counted once more, and deleted in the end like any other."""
    twice = {"queue": "events", "action": "ReceiveMessage", "kind": "twice", "delay_s": 0.0}
    await door.order(twice)
    await door.send("a")
    (first,) = await door.receive()
    await door.sqs.delete_message(QueueUrl=await door.queue(), ReceiptHandle=first["ReceiptHandle"])
    await door.order()
    (again,) = await until(door.receive, bool)
    entries: Any = [{"Id": "0", "ReceiptHandle": again["ReceiptHandle"]}]
    hidden: Any = [{**entries[0], "VisibilityTimeout": 5}]
    kept = await door.sqs.change_message_visibility_batch(
        QueueUrl=await door.queue(), Entries=hidden
    )
    deleted = await door.sqs.delete_message_batch(QueueUrl=await door.queue(), Entries=entries)

    assert first["Body"] == again["Body"]
    assert first["ReceiptHandle"] != again["ReceiptHandle"]
    assert "2" == again["Attributes"]["ApproximateReceiveCount"]
    assert ["0"] == [one["Id"] for one in kept["Successful"]]
    assert ["0"] == [one["Id"] for one in deleted["Successful"]]
    assert [] == await door.receive()


async def test_copies_and_messages_share_a_batch(door: Door) -> None:
    """Deleting a copy and a message in one call deletes the message, and is well with both."""
    twice = {"queue": "events", "action": "ReceiveMessage", "kind": "twice", "delay_s": 0.0}
    await door.send("a")
    await door.order(twice)
    (first,) = await door.receive()
    await door.order()
    (copy,) = await until(door.receive, bool)
    entries: Any = [
        {"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate((first, copy))
    ]

    told = await door.sqs.delete_message_batch(QueueUrl=await door.queue(), Entries=entries)

    assert ["0", "1"] == sorted(one["Id"] for one in told["Successful"])
    assert 0 == await door.held()


async def test_no_faults_is_said(door: Door) -> None:
    """A fault that is none is refused with what is wrong, and those in force stay."""
    await door.order({"queue": "events", "action": "SendMessageBatch", "kind": "refuse"})
    body = {"faults": [{"queue": "events", "action": "SendMessageBatch", "kind": "explode"}]}
    async with door.http.put(door.url + CONTROL, json=body) as answer:
        said = await answer.text()

    assert 400 == answer.status
    assert "kind" in said
    with pytest.raises(Unavailable):
        await door.send("a")
