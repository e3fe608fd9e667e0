"""A consumer against a real server: nothing lost, little done twice, whatever happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from structlog.testing import capture_logs

from switchboard.contracts import INBOUND_EVENT
from switchboard.errors import Final, Retryable, Throttled, Unavailable, Uncertain
from switchboard.queues import Receipt, Received, SqsClient, create_queues
from switchboard.queues.publisher import MAX_MESSAGE_BYTES
from tests.integration.queues.conftest import LineOf
from tests.integration.queues.line import Line, Log, Note, attribute, reason
from tests.integration.queues.relay import Relay


async def test_handled_messages_are_gone(line: Line) -> None:
    """What was handled is deleted, counted, and not given to anybody again."""
    log = Log()
    await line.publish(*"abc")
    async with line.consuming(log):
        await log.until(lambda log: len(log.seen) == 3)

    assert Counter("abc") == log.times
    assert 0 == await line.left()
    assert 3 == line.meter.totals()["MessagesHandled{outcome=delete,queue=notes}"]


async def test_final_failures_are_deleted(line: Line) -> None:
    """What can never work is not tried again, and is no dead letter: its reason is recorded."""

    async def refuse(_note: Note, _receipt: Receipt) -> None:
        raise Final("never")

    log = Log(refuse)
    await line.publish("a")
    async with line.consuming(log):
        await log.until(lambda log: len(log.seen) == 1)

    assert 0 == await line.left()
    assert [] == list(await line.dead(wait_s=0))


class TestPoison:
    async def test_is_buried_at_once_with_its_reason(self, line: Line) -> None:
        """A body no contract describes is put aside on its first delivery, for a person."""
        log = Log()
        await line.publish_bodies('{"nottext": "anna@example.com"}')
        async with line.consuming(log):
            (letter,) = await line.dead()

        assert '{"nottext": "anna@example.com"}' == letter.get("Body")
        assert "unreadable: text: Field required" == reason(letter)
        assert "1" == attribute(letter, "Receives")
        assert "acc1" == letter["Attributes"]["MessageGroupId"]
        assert 0 == await line.left()

    async def test_does_not_harm_its_neighbours(self, line: Line) -> None:
        """The rest of its batch is handled."""
        log = Log()
        await line.publish_bodies("]", '{"text": "a"}', "{}", '{"text": "b"}', "\x85")
        async with line.consuming(log, batch_size=10):
            await log.until(lambda log: len(log.seen) == 2)

        assert Counter("ab") == log.times
        assert 0 == await line.left()
        assert 3 == len(await line.dead(wait_s=1))

    async def test_a_parser_that_fails_otherwise_buries_too(self, line: Line) -> None:
        """Not every parser fails as pydantic does; none may take its batch down."""
        log = Log()
        await line.publish("a")

        def parse(body: str) -> Note:
            raise ValueError(body)

        async with line.consuming(log, parse=parse):
            (letter,) = await line.dead()

        assert "unreadable: ValueError" == reason(letter)

    async def test_the_largest_message_can_be_buried(self, line: Line) -> None:
        """Its reason fits beside a body that fills the message."""
        body = "x" * MAX_MESSAGE_BYTES
        await line.publish_bodies(body)

        def parse(_body: str) -> Note:
            raise ValueError

        async with line.consuming(Log(), parse=parse):
            (letter,) = await line.dead()

        assert len(body) == len(letter["Body"])

    async def test_a_reason_that_quotes_strange_characters_can_be_written(self, line: Line) -> None:
        """A kind made of control characters is named without them: SQS would refuse them."""
        await line.publish_bodies('{"kind": "\\u0000\\u0007comment.v9"}')
        async with line.consuming(Log(), parse=INBOUND_EVENT.validate_json):
            (letter,) = await line.dead()

        assert "comment.v9" in reason(letter)
        assert reason(letter).isprintable()


class TestFailures:
    async def test_a_bug_is_retried_then_buried(self, line_of: LineOf) -> None:
        """Every delivery is used, and the last leaves the reason behind."""
        line = await line_of(max_receives=2)

        async def fail(note: Note, _receipt: Receipt) -> None:
            raise KeyError(note.text)

        log = Log(fail)
        await line.publish("a")
        async with line.consuming(log):
            (letter,) = await line.dead()

        assert [("a", 1), ("a", 2)] == log.seen
        assert "gave up after 2 deliveries: KeyError: 'a'" == reason(letter)
        assert "2" == attribute(letter, "Receives")
        assert 0 == await line.left()

    async def test_a_failure_that_passes_is_handled_in_the_end(self, line: Line) -> None:
        """Shown again when asked for, with the delivery counted."""

        async def fail_once(_note: Note, receipt: Receipt) -> None:
            if receipt.receives == 1:
                raise Retryable("not yet", after_s=0)

        log = Log(fail_once)
        await line.publish("a")
        async with line.consuming(log):
            await log.until(lambda log: len(log.seen) == 2)

        assert [("a", 1), ("a", 2)] == log.seen
        assert 0 == await line.left()

    async def test_waiting_our_turn_spends_no_delivery(self, line: Line) -> None:
        """Throttled more often than there are deliveries, a message is still handled."""
        times = line.queue.max_receives + 2

        async def throttle(_note: Note, _receipt: Receipt) -> None:
            if len(log.seen) <= times:
                raise Throttled("bucket", after_s=0)

        log = Log(throttle)
        await line.publish("a")
        async with line.consuming(log):
            await log.until(lambda log: len(log.seen) == times + 1)

        assert {("a", 1)} == set(log.seen)
        assert 0 == await line.left()
        assert [] == list(await line.dead(wait_s=0))

    async def test_an_unclear_outcome_is_buried(self, line: Line) -> None:
        """Trying again may send twice, so a person looks."""

        async def lose(_note: Note, _receipt: Receipt) -> None:
            raise Uncertain("no answer")

        log = Log(lose)
        await line.publish("a")
        async with line.consuming(log):
            (letter,) = await line.dead()

        assert "uncertain: no answer" == reason(letter)
        assert [("a", 1)] == log.seen

    async def test_each_of_a_batch_has_its_own_fate(self, line: Line) -> None:
        """One failure in a batch is that message's alone."""
        seen: list[str] = []

        async def handle(batch: list[Received[Note]]) -> list[BaseException | None]:
            texts = [received.message.text for received in batch]
            seen.extend(texts)
            return [Uncertain(text) if text == "bad" else None for text in texts]

        await line.publish("good", "bad", "fine")
        async with line.consuming(Log(), batch_size=10, handle=handle):
            (letter,) = await line.dead()

        assert "uncertain: bad" == reason(letter)
        assert Counter(["good", "bad", "fine"]) == Counter(seen)
        assert 0 == await line.left()

    async def test_a_handler_that_hangs_is_ended(self, line: Line) -> None:
        """A call without a time-out cannot hold a place for ever."""

        async def hang(_note: Note, receipt: Receipt) -> None:
            if receipt.receives == 1:
                await asyncio.Event().wait()

        log = Log(hang)
        await line.publish("a")
        async with line.consuming(log, work_budget_s=0.05, max_in_flight=1):
            await log.until(lambda log: len(log.seen) == 2)

        assert [("a", 1), ("a", 2)] == log.seen


async def test_an_absent_dependency_pauses_receiving_and_spends_nothing(line: Line) -> None:
    """While it is away nobody is given anything; when it is back all is handled, as if new."""
    away, asked = True, asyncio.Event()
    asked_again = asyncio.Semaphore(0)

    async def ready() -> None:
        asked.set()
        asked_again.release()
        if away:
            raise Unavailable("postgres")

    async def need(_note: Note, _receipt: Receipt) -> None:
        if away:
            raise Unavailable("postgres", after_s=0)

    log = Log(need)
    async with line.consuming(log, ready=ready, receivers=1):
        await line.publish("first")
        async with asyncio.timeout(30):
            await asked.wait()
        before = len(log.seen)
        await line.publish("second")
        for _ in range(3):
            await asked_again.acquire()
        assert before == len(log.seen)

        away = False
        await log.until(lambda log: {"first", "second"} <= set(log.times))

    assert {1} == {receives for _, receives in log.seen}
    assert 0 == await line.left()


async def test_a_slow_message_is_not_given_to_another(line_of: LineOf) -> None:
    """
    What is being worked on stays invisible, well beyond its visibility timeout.

    The witness is delayed by more than two of those; when the second consumer gets it, it would
    long have been given the slow one, too.
    """
    line = await line_of(visibility_s=2)
    finish = asyncio.Event()

    async def take_long(_note: Note, _receipt: Receipt) -> None:
        await finish.wait()

    slow, other = Log(take_long), Log()
    await line.publish("slow")
    async with line.consuming(slow, max_in_flight=1):
        await slow.until(lambda log: len(log.seen) == 1)
        async with line.consuming(other):
            await line.publish("witness", delay_s=5)
            await other.until(lambda log: "witness" in log.times)
            finish.set()

    assert [("slow", 1)] == slow.seen
    assert [("witness", 1)] == other.seen
    assert 0 == await line.left()


async def test_stopping_finishes_what_it_can_and_gives_back_the_rest(line: Line) -> None:
    """
    What ends within the drain is done; what does not is there for another at once.

    There is room for just these two, so no receive is open that the server might still answer.
    """
    stopped = asyncio.Event()

    async def end_or_hang(note: Note, _receipt: Receipt) -> None:
        await (asyncio.Event().wait() if note.text == "stuck" else stopped.wait())

    log = Log(end_or_hang)
    await line.publish("stuck", "ends")
    async with line.consuming(log, drain_s=0.5, max_in_flight=2):
        await log.until(lambda log: len(log.seen) == 2)
        asyncio.get_running_loop().call_later(0.1, stopped.set)

    (left,) = await line.receive(wait_s=1)
    assert Note(text="stuck").model_dump_json() == left["Body"]
    assert 1 == await line.left()


async def test_stopping_takes_nothing_more(line_of: LineOf) -> None:
    """
    What comes after the stop is for another.

    A receive that was given up may still take it, on the server; so another may have to wait for
    one visibility timeout, but not longer.
    """
    line, log = await line_of(visibility_s=2), Log()
    async with line.consuming(log):
        await line.publish("before")
        await log.until(lambda log: len(log.seen) == 1)
    await line.publish("after")

    (left,) = await line.receive(wait_s=15)
    assert Note(text="after").model_dump_json() == left["Body"]
    assert ["before"] == list(log.times)


async def test_it_recovers_from_a_server_that_goes_away(
    line_of: LineOf, cuttable: SqsClient, relay: Relay
) -> None:
    """Every connection drops in mid-work and stays refused for a while; nothing is lost."""
    line = await line_of(visibility_s=2, max_receives=50)
    wanted = {f"{n}" for n in range(60)}
    log = Log()
    await line.publish(*sorted(wanted))
    async with line.consuming(log, through=cuttable, max_in_flight=5) as consumer:
        await log.until(lambda log: len(log.seen) >= 20)
        relay.cut()
        await relay.dropped_again(4)
        relay.mend()
        await log.until(lambda log: set(log.times) == wanted)
        assert consumer.still_s() < 60

    assert wanted == set(log.times)


async def test_a_queue_that_is_not_there_yet_is_waited_for(line: Line) -> None:
    """A service started before its queues works as soon as they exist."""
    unborn = Line(client=line.client, queue=line.queue, prefix=f"{line.prefix}x")
    log = Log()
    with capture_logs() as lines:
        async with unborn.consuming(log):
            async with asyncio.timeout(30):
                while "consumer.paused" not in [one["event"] for one in lines]:  # noqa: ASYNC110  a list tells nobody
                    await asyncio.sleep(0.01)
            await create_queues(line.client, unborn.prefix, [line.queue])
            await unborn.publish("a")
            await log.until(lambda log: len(log.seen) == 1)

    assert 0 == await unborn.left()


async def test_a_thousand_messages_each_once_among_three_consumers(line: Line) -> None:
    """However many read one queue, each message is one consumer's, once."""
    wanted = Counter({f"{n}": 1 for n in range(1000)})
    log = Log()
    await line.publish(*wanted)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(line.consuming(log, max_in_flight=30))
        await log.until(lambda log: len(log.seen) >= 1000)

    assert wanted == log.times
    assert 0 == await line.left()
