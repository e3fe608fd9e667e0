"""Dead letters are looked at, sent back once each, and thrown away, on a real server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from switchboard.errors import Unavailable
from switchboard.queues import Bury, SqsClient, dead_letters
from switchboard.queues.client import Address
from switchboard.queues.dead_letters import (
    DeadLetters,
    Done,
    Ended,
    Letter,
    Unwritten,
    everything,
)
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


def texts_of(letters: Sequence[Letter]) -> list[str]:
    """Return what the reasons name, in alphabetical order."""
    return sorted(letter.reason.removeprefix("because of ") for letter in letters)


@dataclass
class Notes:
    """A book of letters' ids, which cannot be written into after so many entries."""

    away_after: int = 100
    entries: int = 0
    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def entry(self, letters: Sequence[Letter]) -> AsyncIterator[Done]:
        if self.entries == self.away_after:
            raise Unavailable("the book is away")
        self.entries += 1
        self.begun += [one.message_id for one in letters]
        yield lambda letter: self.done.append(letter.message_id)


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

        (letter,) = (await letters.look(most=10)).letters

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
        again = (await letters.look(most=100)).letters

        assert (12, 12, True) == (len(once.letters), once.found, once.complete)
        assert [one.message_id for one in once.letters] == [one.message_id for one in again]
        assert 12 == (await letters.depth()).waiting

    async def test_no_more_than_asked_for(self, line: Line) -> None:
        """Looking is bounded."""
        letters = await bury(line, "a", "b", "c")

        looked = await letters.look(most=2)

        assert (2, False) == (len(looked.letters), looked.complete)
        assert (await letters.look(most=3)).complete
        assert 3 == (await letters.depth()).waiting

    async def test_those_that_are_wanted(self, line: Line) -> None:
        """The longest buried are shown, all are counted, and it is said that all were seen."""
        letters = await bury(line, "a", "b", "c")

        looked = await letters.look(
            most=1, wanted=lambda one: not one.reason.endswith("of b"), through=10
        )

        assert (["a"], 2, True) == (texts_of(looked.letters), looked.found, looked.complete)

    async def test_what_others_are_at(self, line: Line) -> None:
        """Whoever looks while another does sees a part, and is told that it is one."""
        letters = await bury(line, "a", "b")
        dead = Address(line.client, line.queue.dead_letters(line.prefix))
        held = await line.client.receive_message(
            QueueUrl=await dead.url(), WaitTimeSeconds=5, VisibilityTimeout=60
        )

        looked = await letters.look(most=10)

        assert (1, 1, False) == (len(held["Messages"]), looked.found, looked.complete)

    async def test_no_longer_than_allowed(self, line: Line) -> None:
        """Time that is over before anything was received is enough to see nothing."""
        letters = await bury(line, "a")

        looked = await letters.look(most=10, within_s=0)

        assert (0, False) == (looked.found, looked.complete)

    async def test_what_sqs_moved_by_itself(self, line: Line) -> None:
        """Nobody gave a reason: that is what is told."""
        await line.publish("a")
        for _ in range(line.queue.max_receives):
            await line.receive(wait_s=5, VisibilityTimeout=0)
        assert [] == list(await line.receive(wait_s=1))

        letters = DeadLetters(line.client, line.queue, prefix=line.prefix)
        (letter,) = (await letters.look(most=1)).letters

        assert letter.reason.startswith("SQS gave up on it")


class TestSendingBack:
    async def test_all_once_each(self, line: Line) -> None:
        """Each is in its queue once, as it was, and no longer among the dead letters."""
        letters = await bury(line, *map(str, range(12)))
        book = Notes()

        sent = await letters.redrive(everything, most=100, book=book)

        assert Ended(many=12, complete=True) == sent
        assert (12, sorted(book.begun)) == (len(book.begun), sorted(book.done))
        assert sorted(f'{{"text":"{number}"}}' for number in range(12)) == await bodies(line)
        assert 0 == (await letters.depth()).total

    async def test_one_of_them(self, line: Line) -> None:
        """The others stay, and can be had at once."""
        letters = await bury(line, "a", "b", "c")
        looked = await letters.look(most=10)
        wanted = next(one for one in looked.letters if one.reason.endswith("of b"))

        sent = await letters.redrive(
            lambda one: one.message_id == wanted.message_id, most=1, book=Unwritten()
        )

        assert 1 == sent.many
        assert ['{"text":"b"}'] == await bodies(line)
        assert ["a", "c"] == texts_of((await letters.look(most=10)).letters)

    async def test_no_more_than_allowed(self, line: Line) -> None:
        """Sending back is bounded, so that a queue is not flooded."""
        letters = await bury(line, "a", "b", "c")

        assert Ended(many=2, complete=False) == await letters.redrive(
            everything, most=2, book=Unwritten()
        )
        assert 2 == len(await bodies(line))
        assert 1 == len((await letters.look(most=10)).letters)

    async def test_whose_account_it_is_stays(self, line: Line) -> None:
        """SQS goes on serving accounts in turn."""
        letters = await bury(line, "a")
        await letters.redrive(everything, most=1, book=Unwritten())

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
            await letters.redrive(cut, most=10, book=Unwritten())

        whole = DeadLetters(line.client, line.queue, prefix=line.prefix)
        assert [] == await bodies(line)
        assert 2 == (await whole.depth()).total

    async def test_what_cannot_be_written_down(self, line: Line) -> None:
        """It is not done: a letter is sent back only after it stands in the book."""
        letters = await bury(line, "a", "b")

        with pytest.raises(Unavailable):
            await letters.redrive(everything, most=10, book=Notes(away_after=0))

        assert [] == await bodies(line)
        assert 2 == len((await letters.look(most=10)).letters)

    async def test_many_at_once(self, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        """They are written down and sent back some at a time; what was before stays so."""
        monkeypatch.setattr(dead_letters, "_TOGETHER", 10)
        letters = await bury(line, *map(str, range(12)))
        book = Notes(away_after=1)

        with pytest.raises(Unavailable):
            await letters.redrive(everything, most=100, book=book)

        assert len(book.done) == len(await bodies(line)) >= 10
        assert 12 - len(book.done) == len((await letters.look(most=20)).letters)

    async def test_nobody_is_waited_for_long(
        self, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is in our hands is dealt with before SQS gives it to others."""
        monkeypatch.setattr(dead_letters, "_WAITS_S", 0)
        letters = await bury(line, *map(str, range(12)))
        book = Notes()

        await letters.redrive(everything, most=100, book=book)

        assert book.entries >= 2
        assert 12 == len(book.done)


class TestThrowingAway:
    async def test_only_what_is_meant(self, line: Line) -> None:
        """One is gone for good, the other stays."""
        letters = await bury(line, "a", "b")

        book = Notes()

        ended = await letters.discard(lambda one: one.reason.endswith("a"), most=10, book=book)

        assert Ended(many=1, complete=True) == ended
        assert (1, book.begun) == (len(book.begun), book.done)
        assert ["b"] == texts_of((await letters.look(most=10)).letters)
        assert [] == await bodies(line)
