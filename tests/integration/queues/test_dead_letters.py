"""Dead letters are looked at, sent back once each, and thrown away, on a real server."""

from __future__ import annotations

import pytest

from switchboard.errors import Unavailable
from switchboard.queues import Bury, SqsClient
from switchboard.queues.dead_letters import DeadLetters, Letter
from switchboard.queues.fates import Fates, Held
from tests.integration.queues.line import Line
from tests.integration.queues.relay import Relay


async def bury(line: Line, *texts: str) -> DeadLetters:
    """Bury a note for each of `texts`, for a reason that names it; return the dead letters."""
    async with Fates.open(line.client, line.queue, prefix=line.prefix) as fates:
        for text in texts:
            await line.publish(text)
            (message,) = await line.receive(wait_s=5)
            await fates.carry_out(Bury(f"because of {text}"), Held.of(message))
    return DeadLetters(line.client, line.queue, prefix=line.prefix)


def everything(_letter: Letter) -> bool:
    """Want each."""
    return True


def texts_of(letters: list[Letter]) -> list[str]:
    """Return what the reasons name, in alphabetical order."""
    return sorted(letter.reason.removeprefix("because of ") for letter in letters)


async def bodies(line: Line) -> list[str]:
    """Receive all that is in the queue itself."""
    found: list[str] = []
    while messages := await line.receive(wait_s=1):
        found += [message["Body"] for message in messages]
    return sorted(found)


class TestLooking:
    async def test_each_with_its_reason_and_whose_it_is(self, line: Line) -> None:
        """What was buried is told with why, when, how often it was tried, and for whom."""
        letters = await bury(line, "a")

        (letter,) = await letters.look(most=10)

        assert ("because of a", 1, "acc1", '{"text":"a"}') == (
            letter.reason,
            letter.receives,
            letter.group,
            letter.body,
        )
        assert letter.original_id != letter.message_id
        assert "unknown" == letter.kind

    async def test_looking_leaves_them_there(self, line: Line) -> None:
        """Whoever looks next sees the same, at once; more than one receive brings."""
        letters = await bury(line, *map(str, range(12)))

        once = await letters.look(most=100)
        again = await letters.look(most=100)

        assert 12 == len(once)
        assert [one.message_id for one in once] == [one.message_id for one in again]
        assert 12 == (await letters.depth()).waiting

    async def test_no_more_than_asked_for(self, line: Line) -> None:
        """Looking is bounded."""
        letters = await bury(line, "a", "b", "c")

        assert 2 == len(await letters.look(most=2))
        assert 3 == (await letters.depth()).waiting

    async def test_what_sqs_moved_by_itself(self, line: Line) -> None:
        """Nobody gave a reason: that is what is told."""
        await line.publish("a")
        for _ in range(line.queue.max_receives):
            await line.receive(wait_s=5, VisibilityTimeout=0)
        assert [] == list(await line.receive(wait_s=1))

        (letter,) = await DeadLetters(line.client, line.queue, prefix=line.prefix).look(most=1)

        assert letter.reason.startswith("SQS gave up on it")


class TestSendingBack:
    async def test_all_once_each(self, line: Line) -> None:
        """Each is in its queue once, as it was, and no longer among the dead letters."""
        letters = await bury(line, *map(str, range(12)))
        told: list[int] = []

        sent = await letters.redrive(everything, most=100, done=lambda: told.append(1))

        assert (12, 12) == (sent, len(told))
        assert sorted(f'{{"text":"{number}"}}' for number in range(12)) == await bodies(line)
        assert 0 == (await letters.depth()).total

    async def test_one_of_them(self, line: Line) -> None:
        """The others stay, and can be had at once."""
        letters = await bury(line, "a", "b", "c")
        wanted = next(one for one in await letters.look(most=10) if one.reason.endswith("of b"))

        sent = await letters.redrive(lambda one: one.message_id == wanted.message_id, most=1)

        assert 1 == sent
        assert ['{"text":"b"}'] == await bodies(line)
        assert ["a", "c"] == texts_of(await letters.look(most=10))

    async def test_no_more_than_allowed(self, line: Line) -> None:
        """Sending back is bounded, so that a queue is not flooded."""
        letters = await bury(line, "a", "b", "c")

        assert 2 == await letters.redrive(everything, most=2)
        assert 2 == len(await bodies(line))
        assert 1 == len(await letters.look(most=10))

    async def test_whose_account_it_is_stays(self, line: Line) -> None:
        """SQS goes on serving accounts in turn."""
        letters = await bury(line, "a")
        await letters.redrive(everything, most=1)

        (message,) = await line.receive(wait_s=5)

        assert "acc1" == message["Attributes"]["MessageGroupId"]

    async def test_interrupted_before_it_was_stored(
        self, line: Line, cuttable: SqsClient, relay: Relay
    ) -> None:
        """Nothing is lost: what could not be sent back is still a dead letter."""
        await bury(line, "a", "b")
        letters = DeadLetters(cuttable, line.queue, prefix=line.prefix)

        def cut(_letter: Letter) -> bool:
            relay.cut()
            return True

        with pytest.raises(Unavailable):
            await letters.redrive(cut, most=10)

        whole = DeadLetters(line.client, line.queue, prefix=line.prefix)
        assert [] == await bodies(line)
        assert 2 == (await whole.depth()).total


class TestThrowingAway:
    async def test_only_what_is_meant(self, line: Line) -> None:
        """One is gone for good, the other stays."""
        letters = await bury(line, "a", "b")

        assert 1 == await letters.discard(lambda one: one.reason.endswith("a"), most=10)
        assert ["b"] == texts_of(await letters.look(most=10))
        assert [] == await bodies(line)
