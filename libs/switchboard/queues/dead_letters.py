"""
Dead letters as a person deals with them: looked at, sent back to where they came from, thrown away.

SQS has no way to look without receiving. So what is looked at is nobody else's for as long as it
takes, two minutes at most, and is given back as it was: two who look at once each see a part. Who
looks is told whether they saw all.

A letter that is sent back is first stored in its queue and then deleted here. Whoever is stopped in
between leaves it in both places, and the next one sends it again: a message may then be read twice,
which every reader of ours expects, and is never lost. It is written down first, and what came of it
afterwards (`Book`). What is buried anew while letters are being
sent back is left alone, so a message that cannot be handled does not go round in circles.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from switchboard.errors import Unavailable
from switchboard.queues.batching import MAX_ENTRIES
from switchboard.queues.client import Address, SqsClient, sqs_errors
from switchboard.queues.publisher import Outgoing, Publisher
from switchboard.topology import Queue

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

_OURS_FOR_S: Final = 120
# So many are written down and ended together; the first of them waits no longer for the others.
_TOGETHER: Final = 100
_WAITS_S: Final = 30.0
# A queue is over several of SQS's servers, and a receive that waits asks them all; still, one that
# brings nothing may be wrong.
_WAIT_S: Final = 1
_EMPTY_TWICE: Final = 2
_NOT_TOLD: Final = "SQS gave up on it: each time, whoever had it ended without a word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """
    A message that was buried.

    `message_id` names it here, `original_id` where it was; `receives` is how often it was tried
    there. `group` is the account. `body` may have people's words in it.
    """

    message_id: str
    original_id: str
    reason: str
    receives: int
    buried_at: datetime
    group: str
    body: str
    handle: str

    @property
    def kind(self) -> str:
        """What it is, as far as that can be read: a contract's kind."""
        with contextlib.suppress(ValueError):
            read = json.loads(self.body)
            if isinstance(read, dict):
                return str(read.get("kind", "unknown"))
        return "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """About how many messages there are: to be had, in somebody's hands, and for later."""

    waiting: int
    in_hand: int
    delayed: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.in_hand + self.delayed


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """
    Letters that were wanted, and how many there were of them among all that was looked through.

    `complete`: all that there are were looked through, and nobody else had any in their hands.
    """

    letters: Sequence[Letter]
    found: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many are no longer among the dead letters; `complete` is as when looking."""

    many: int
    complete: bool


Wanted: TypeAlias = Callable[[Letter], bool]
Done: TypeAlias = Callable[[Letter], None]


class Book(Protocol):
    """Where it is written down what becomes of letters."""

    def entry(self, letters: Sequence[Letter], /) -> AbstractAsyncContextManager[Done]:
        """
        Write down that `letters` are about to be ended; on leaving, which of them were.

        Those are the ones that what it gives is told of. Nothing is done that could not be written.
        """
        ...


class Unwritten:
    """A book that nothing is written into."""

    @contextlib.asynccontextmanager
    async def entry(self, _letters: Sequence[Letter]) -> AsyncIterator[Done]:
        """Tell nobody."""
        yield lambda _letter: None


def everything(_letter: Letter) -> bool:
    """Want each."""
    return True


class DeadLetters:
    """The dead letters of `queue`."""

    def __init__(self, client: SqsClient, queue: Queue, *, prefix: str) -> None:
        self.queue = queue
        self._client = client
        self._source = Address(client, queue.physical(prefix))
        self._address = Address(client, queue.dead_letters(prefix))

    async def depth(self) -> Depth:
        """
        Return how many there are.

        Raises:
            Unavailable, QueueRefused: SQS does not answer, or there is no such queue.
        """
        return await depth(self._client, self._address)

    async def look(
        self,
        *,
        most: int,
        wanted: Wanted = everything,
        through: int | None = None,
        within_s: float | None = None,
    ) -> Looked:
        """
        Return at most `most` of those that are `wanted`, the longest buried first; all stay.

        At most `through` are looked through, or `most` of them, for no longer than `within_s`.

        Raises:
            Unavailable, QueueRefused: As `depth`.
        """
        letters: list[Letter] = []
        found = 0
        async with self._taking(through or most, within_s) as taken:
            async for batch in taken.batches():
                fitting = [one for one in batch if wanted(one)]
                found += len(fitting)
                letters = sorted([*letters, *fitting], key=_since)[:most]
            complete = await self._has_all(taken)
        return Looked(letters=letters, found=found, complete=complete)

    async def redrive(
        self,
        wanted: Wanted,
        *,
        most: int,
        book: Book,
        through: int | None = None,
        within_s: float | None = None,
    ) -> Ended:
        """
        Send those that are `wanted` back to their queue, at most `most`.

        Those buried since it began are not. All are looked through, or at most `through` of them,
        for no longer than `within_s`.

        Raises:
            Unavailable, QueueRefused: As `depth`; what was sent back until then has been, and is
                in the `book`.
        """
        began_at = datetime.now(UTC)
        async with Publisher.open(self._client, self._source) as publisher:

            async def send(letters: Sequence[Letter], done: Done) -> None:
                outcomes = await asyncio.gather(
                    *(publisher.publish([Outgoing(one.body, one.group)]) for one in letters),
                    return_exceptions=True,
                )
                failures = [one for one in outcomes if one is not None]
                sent = [one for one, why in zip(letters, outcomes, strict=True) if why is None]
                for one in sent:
                    done(one)
                await self._delete(sent)
                if failures:
                    raise failures[0]

            return await self._each(
                lambda one: one.buried_at <= began_at and wanted(one),
                send,
                most=most,
                book=book,
                through=through,
                within_s=within_s,
            )

    async def discard(self, wanted: Wanted, *, most: int, book: Book) -> Ended:
        """
        Throw away those that are `wanted`, at most `most`.

        Raises:
            Unavailable, QueueRefused: As `depth`; what was thrown away until then has been, and is
                in the `book`.
        """

        async def throw(letters: Sequence[Letter], done: Done) -> None:
            await self._delete(letters, done)

        return await self._each(wanted, throw, most=most, book=book)

    async def _each(
        self,
        wanted: Wanted,
        end: Callable[[Sequence[Letter], Done], Awaitable[object]],
        *,
        most: int,
        book: Book,
        through: int | None = None,
        within_s: float | None = None,
    ) -> Ended:
        ended = 0
        through = through or (await self.depth()).total + most
        async with self._taking(through, within_s) as taken:
            async for chosen in taken.chosen(wanted, most):
                async with book.entry(chosen) as done:
                    await end(chosen, done)
                taken.ended(chosen)
                ended += len(chosen)
            complete = await self._has_all(taken)
        return Ended(many=ended, complete=complete)

    async def _has_all(self, taken: _Taken) -> bool:
        """Return whether there is no letter that was not seen, nor is in somebody else's hands."""
        return taken.exhausted and (await self.depth()).total <= len(taken.in_hand)

    @contextlib.asynccontextmanager
    async def _taking(self, most: int, within_s: float | None) -> AsyncIterator[_Taken]:
        """Take letters; those that were not ended when it is over are anybody's again."""
        taken = _Taken(self._receive, most, within_s)
        try:
            yield taken
        finally:
            await self._give_back(list(taken.in_hand.values()))

    async def _receive(self, most: int) -> list[Letter]:
        url = await self._address.url()
        with sqs_errors(f"receive {self._address.name}"):
            answer = await self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=_OURS_FOR_S,
                WaitTimeSeconds=_WAIT_S,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        return [_letter(message) for message in answer.get("Messages", ())]

    async def _delete(self, letters: Sequence[Letter], done: Done = lambda _letter: None) -> None:
        """Delete `letters`, and tell `done` of each that is."""
        url = await self._address.url()
        for start in range(0, len(letters), MAX_ENTRIES):
            some = letters[start : start + MAX_ENTRIES]
            with sqs_errors(f"delete {self._address.name}"):
                answer = await self._client.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(i), "ReceiptHandle": one.handle} for i, one in enumerate(some)
                    ],
                )
            # What SQS does not know any more by our handle is gone, or somebody else's by now.
            failures = {one["Id"]: one for one in answer.get("Failed", ())}
            failed = [one["Code"] for one in failures.values() if not one["SenderFault"]]
            for i, one in enumerate(some):
                if str(i) not in failures:
                    done(one)
            if failed:
                raise Unavailable(f"SQS delete {self._address.name}: {failed[0]}")

    async def _give_back(self, handles: Sequence[str]) -> None:
        url = await self._address.url()
        for start in range(0, len(handles), MAX_ENTRIES):
            with sqs_errors(f"give back {self._address.name}"):
                await self._client.change_message_visibility_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(i), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                        for i, handle in enumerate(handles[start : start + MAX_ENTRIES])
                    ],
                )


class _Taken:
    """
    Letters in our hands: by their ids, what gives each back. What they say is not kept.

    `exhausted` is whether there was nothing more to be had, when no more were taken.
    """

    def __init__(
        self,
        receive: Callable[[int], Awaitable[list[Letter]]],
        most: int,
        within_s: float | None,
    ) -> None:
        self._receive, self._most = receive, most
        self._until = float("inf") if within_s is None else time.monotonic() + within_s
        self.in_hand: dict[str, str] = {}
        self.exhausted = False
        self._seen: set[str] = set()

    async def batches(self) -> AsyncIterator[list[Letter]]:
        """Receive, and yield what was not seen before, until there is nothing more or enough."""
        empty = 0
        while len(self._seen) < self._most and time.monotonic() < self._until:
            received = await self._receive(min(MAX_ENTRIES, self._most - len(self._seen)))
            fresh = [one for one in received if one.message_id not in self._seen]
            self._seen.update(one.message_id for one in fresh)
            self.in_hand.update({one.message_id: one.handle for one in received})
            empty = 0 if fresh else empty + 1
            if fresh:
                yield fresh
            if empty == _EMPTY_TWICE:
                break
        self.exhausted = empty == _EMPTY_TWICE or len(self._seen) == self._most

    async def chosen(self, wanted: Wanted, most: int) -> AsyncIterator[list[Letter]]:
        """Yield at most `most` letters that are `wanted`, some of them together."""
        held: list[Letter] = []
        left, until = most, float("inf")
        async for batch in self.batches():
            fitting = [one for one in batch if wanted(one)][:left]
            if fitting and not held:
                until = time.monotonic() + _WAITS_S
            held, left = [*held, *fitting], left - len(fitting)
            if held and (not left or len(held) >= _TOGETHER or time.monotonic() >= until):
                yield held
                held = []
            if not left:
                return
        if held:
            yield held

    def ended(self, letters: Sequence[Letter]) -> None:
        """Forget letters that are gone."""
        for one in letters:
            self.in_hand.pop(one.message_id, None)


def _since(letter: Letter) -> tuple[datetime, str]:
    return letter.buried_at, letter.message_id


async def depth(client: SqsClient, address: Address) -> Depth:
    """
    Return about how many messages a queue has.

    Raises:
        Unavailable, QueueRefused: SQS does not answer, or there is no such queue.
    """
    url = await address.url()
    with sqs_errors(f"count {address.name}"):
        answer = await client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
    told = answer["Attributes"]
    return Depth(
        waiting=int(told.get("ApproximateNumberOfMessages", 0)),
        in_hand=int(told.get("ApproximateNumberOfMessagesNotVisible", 0)),
        delayed=int(told.get("ApproximateNumberOfMessagesDelayed", 0)),
    )


def _letter(message: MessageTypeDef) -> Letter:
    said = {
        name: value.get("StringValue", "")
        for name, value in message.get("MessageAttributes", {}).items()
    }
    attributes = message.get("Attributes", {})
    sent_ms = int(attributes.get("SentTimestamp", 0))
    return Letter(
        message_id=message["MessageId"],
        original_id=said.get("OriginalMessageId", message["MessageId"]),
        reason=said.get("Reason", _NOT_TOLD),
        receives=int(said.get("Receives", 0)),
        buried_at=datetime.fromtimestamp(sent_ms / 1000, UTC),
        group=attributes.get("MessageGroupId", "none"),
        body=message["Body"],
        handle=message["ReceiptHandle"],
    )
