"""Carrying out a verdict, when the message is no longer only ours."""

from __future__ import annotations

from structlog.testing import capture_logs

from switchboard.queues import Bury, Defer, Delete, Release, SqsClient
from switchboard.queues.fates import Fates, Held
from tests.integration.queues.line import Line, reason
from tests.integration.queues.relay import Relay


async def held_twice(line: Line) -> tuple[Held, Held]:
    """Return one message as two consumers hold it: the first one's receipt is stale."""
    await line.publish("a")
    (first,) = await line.receive(wait_s=5, VisibilityTimeout=0)
    (second,) = await line.receive(wait_s=5)
    return Held.of(first), Held.of(second)


async def test_a_stale_receipts_delete_counts_as_done(line: Line) -> None:
    """Whoever has it now sees to it; for us nothing has failed."""
    stale, good = await held_twice(line)
    with capture_logs() as lines:
        async with Fates.open(line.client, line.queue, prefix=line.prefix) as fates:
            await fates.carry_out(Delete(), good)
            await fates.carry_out(Delete(), stale)
            await fates.carry_out(Delete(), good)

    assert [] == lines
    assert 0 == await line.left()


async def test_a_stale_receipt_beside_good_ones_does_no_harm(line: Line) -> None:
    """They share a call; the good ones are deleted."""
    stale, good = await held_twice(line)
    async with Fates.open(line.client, line.queue, prefix=line.prefix) as fates:
        await fates.carry_out(Delete(), good)
        await line.publish("b")
        (b,) = await line.receive(wait_s=5)
        await fates.carry_out(Delete(), stale)
        await fates.carry_out(Delete(), Held.of(b))

    assert 0 == await line.left()


async def test_release_shows_it_again_at_once(line: Line) -> None:
    """What is given back with no wait is anybody's."""
    await line.publish("a")
    (message,) = await line.receive(wait_s=5)
    async with Fates.open(line.client, line.queue, prefix=line.prefix) as fates:
        await fates.carry_out(Release(0), Held.of(message))
    (again,) = await line.receive(wait_s=1)

    assert 2 == int(again["Attributes"]["ApproximateReceiveCount"])


async def test_defer_brings_it_back_as_new(line: Line) -> None:
    """The delivery does not count: what comes back is a new message of the same account."""
    await line.publish("a")
    (message,) = await line.receive(wait_s=5)
    async with Fates.open(line.client, line.queue, prefix=line.prefix) as fates:
        await fates.carry_out(Defer(0.2), Held.of(message))
    (again,) = await line.receive(wait_s=5)

    assert message["Body"] == again["Body"]
    assert "1" == again["Attributes"]["ApproximateReceiveCount"]
    assert "acc1" == again["Attributes"]["MessageGroupId"]
    assert 1 == await line.left()


async def test_bury_moves_it_with_the_reason(line: Line) -> None:
    """A very long reason is shortened; the message is moved all the same."""
    await line.publish("a")
    (message,) = await line.receive(wait_s=5)
    async with Fates.open(line.client, line.queue, prefix=line.prefix) as fates:
        await fates.carry_out(Bury("ы" * 5_000), Held.of(message))
    (letter,) = await line.dead()

    assert reason(letter).startswith("ыыы")
    assert message["Body"] == letter["Body"]
    assert 0 == await line.left()


async def test_a_fate_that_fails_is_told_and_leaves_the_message(
    line: Line, cuttable: SqsClient, relay: Relay
) -> None:
    """The server is away: a line says so, nothing is raised, and the message is still there."""
    await line.publish("a")
    (message,) = await line.receive(wait_s=5)
    with capture_logs() as lines:
        async with Fates.open(cuttable, line.queue, prefix=line.prefix) as fates:
            relay.cut()
            await fates.carry_out(Delete(), Held.of(message))

    assert ["message.fate_failed"] == [one["event"] for one in lines]
    assert 1 == await line.left()
