"""A publisher against a real server: stored when it says so, and honest when not."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from switchboard.errors import Unavailable
from switchboard.queues import Address, Outgoing, Publisher, SqsClient, create_queues
from switchboard.queues.client import QueueRefused
from switchboard.queues.publisher import MAX_MESSAGE_BYTES, MessageTooLarge
from tests.integration.queues.line import Line, Log, Note, attribute
from tests.integration.queues.relay import Relay


async def test_concurrent_publishers_store_everything(line: Line) -> None:
    """Two hundred callers at once: each returns when its own messages are stored."""
    texts = [[f"{caller}.{n}" for n in range(caller % 13)] for caller in range(200)]
    async with Publisher.open(line.client, line.address) as publisher:
        await asyncio.gather(
            *(
                publisher.publish(
                    [Outgoing(Note(text=text).model_dump_json(), "acc1") for text in one]
                )
                for one in texts
            )
        )
    wanted = Counter(text for one in texts for text in one)
    log = Log()
    async with line.consuming(log):
        await log.until(lambda log: len(log.seen) >= len(wanted))

    assert wanted == log.times


async def test_the_account_and_the_attributes_travel_along(line: Line) -> None:
    """Fair queues go by the group, a person at the dead letters by the attributes."""
    async with Publisher.open(line.client, line.address) as publisher:
        await publisher.publish([Outgoing("hello", "17841400000000123", attributes={"Why": "ж"})])
    (message,) = await line.receive(wait_s=5)

    assert "17841400000000123" == message["Attributes"]["MessageGroupId"]
    assert "ж" == attribute(message, "Why")


async def test_the_largest_message_is_stored_and_a_larger_one_named(line: Line) -> None:
    """The limit is known before the call, and nothing of the lot is stored halfway."""
    async with Publisher.open(line.client, line.address) as publisher:
        with pytest.raises(MessageTooLarge):
            await publisher.publish(
                [Outgoing("small", "a"), Outgoing("x" * (MAX_MESSAGE_BYTES + 1), "a")]
            )
        assert 0 == await line.left()
        await publisher.publish([Outgoing("x" * MAX_MESSAGE_BYTES, "a")])

    assert 1 == await line.left()


async def test_large_messages_share_calls_only_as_far_as_they_fit(line: Line) -> None:
    """Seven messages of 400 kB are stored, though no call holds more than two."""
    async with Publisher.open(line.client, line.address) as publisher:
        await publisher.publish([Outgoing("x" * 400_000, "a")] * 7)

    assert 7 == await line.left()


async def test_a_missing_queue_is_named(sqs: SqsClient) -> None:
    """The error says which queue, for whoever reads the log."""
    async with Publisher.open(sqs, Address(sqs, "t-no-such-queue")) as publisher:
        with pytest.raises(QueueRefused, match="t-no-such-queue"):
            await publisher.publish([Outgoing("a", "a")])


async def test_a_server_that_is_away_is_unavailable(
    line: Line, cuttable: SqsClient, relay: Relay
) -> None:
    """The caller hears within its budget, and the same publisher works when it is back."""
    address = Address(cuttable, line.queue.physical(line.prefix))
    async with Publisher.open(cuttable, address, budget_s=0.3) as publisher:
        relay.cut()
        with pytest.raises(Unavailable):
            await publisher.publish([Outgoing("a", "a")])
        relay.mend()
        await publisher.publish([Outgoing("b", "a")])

    (stored,) = await line.receive(wait_s=5)
    assert "b" == stored["Body"]


async def test_a_short_absence_is_bridged(line: Line, cuttable: SqsClient, relay: Relay) -> None:
    """Within the budget a message is tried again, and its caller never knows."""
    address = Address(cuttable, line.queue.physical(line.prefix))
    async with Publisher.open(cuttable, address, budget_s=20) as publisher:
        relay.cut()
        publishing = asyncio.create_task(publisher.publish([Outgoing("a", "a")]))
        await relay.dropped_again(2)
        relay.mend()
        await publishing

    assert 1 == await line.left()


async def test_a_server_that_hangs_is_unavailable(
    line: Line, cuttable: SqsClient, relay: Relay
) -> None:
    """Far sooner than the read time-out of a long poll, which is half a minute."""
    address = Address(cuttable, line.queue.physical(line.prefix))
    async with Publisher.open(cuttable, address, budget_s=0.3) as publisher:
        relay.freeze()
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable):
                await publisher.publish([Outgoing("a", "a")])


async def test_ping_says_whether_the_queue_is_there(
    line: Line, cuttable: SqsClient, relay: Relay
) -> None:
    """Health asks so; away and missing are told apart."""
    address = Address(cuttable, line.queue.physical(line.prefix))
    await address.ping()
    relay.cut()
    with pytest.raises(Unavailable):
        await address.ping()
    with pytest.raises(QueueRefused):
        await Address(line.client, "t-no-such-queue").ping()


async def test_creating_queues_twice_changes_nothing(line: Line) -> None:
    """The local stack creates them at every start."""
    await line.publish("kept")
    urls = await create_queues(line.client, line.prefix, [line.queue])

    assert {"notes": await line.address.url()} == urls
    assert 1 == await line.left()
