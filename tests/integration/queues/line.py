"""One queue on a real server, with what a test does to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter

from switchboard.queues import (
    Address,
    Consumer,
    Outgoing,
    Publisher,
    Receipt,
    SqsClient,
    one_by_one,
)
from switchboard.queues.fates import Fates
from switchboard.telemetry import Meter
from switchboard.topology import Queue

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef


class Note(BaseModel):
    """The message of these tests."""

    text: str


NOTE: TypeAdapter[Note] = TypeAdapter(Note)


async def all_is_well() -> None:
    """Be a dependency that answers."""


@dataclass(slots=True)
class Log:
    """A handler that remembers what it was given, and does as it is told for each text."""

    fate: Callable[[Note, Receipt], Awaitable[None]] | None = None
    seen: list[tuple[str, int]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, note: Note, receipt: Receipt, /) -> None:
        """Remember `note`, then do what the test wants done with it."""
        async with self.news:
            self.seen.append((note.text, receipt.receives))
            self.news.notify_all()
        if self.fate is not None:
            await self.fate(note, receipt)

    @property
    def times(self) -> Counter[str]:
        """How often each text was seen."""
        return Counter(text for text, _ in self.seen)

    async def until(self, condition: Callable[[Log], bool]) -> None:
        """Wait until `condition` holds of what was seen."""
        async with self.news, asyncio.timeout(30):
            await self.news.wait_for(lambda: condition(self))


@dataclass(slots=True, kw_only=True)
class Line:
    """A queue, its dead letters and its consumers."""

    client: SqsClient
    queue: Queue
    prefix: str
    meter: Meter = field(default_factory=lambda: Meter("test", "test"))

    @property
    def address(self) -> Address:
        """Where the queue is."""
        return Address(self.client, self.queue.physical(self.prefix))

    async def publish(self, *texts: str, delay_s: int = 0) -> None:
        """Put notes on the queue."""
        bodies = [Note(text=text).model_dump_json() for text in texts]
        await self.publish_bodies(*bodies, delay_s=delay_s)

    async def publish_bodies(self, *bodies: str, delay_s: int = 0) -> None:
        """Put anything on the queue."""
        async with Publisher.open(self.client, self.address, budget_s=10) as publisher:
            await publisher.publish([Outgoing(body, "acc1", delay_s=delay_s) for body in bodies])

    @contextlib.asynccontextmanager
    async def consuming(
        self, log: Log, *, through: SqsClient | None = None, **options: Any
    ) -> AsyncIterator[Consumer[Note]]:
        """Run a consumer; leaving tells it to stop and waits until it has."""
        client, stop = through or self.client, asyncio.Event()
        chosen: dict[str, Any] = {
            "parse": NOTE.validate_json,
            "handle": one_by_one(log),
            "batch_size": 1,
            "ready": all_is_well,
            "meter": self.meter,
            "drain_s": 10.0,
        } | options
        async with Fates.open(client, self.queue, prefix=self.prefix) as fates:
            consumer: Consumer[Note] = Consumer(
                client, queue=self.queue, prefix=self.prefix, fates=fates, **chosen
            )
            running = asyncio.create_task(consumer.run(stop))
            try:
                yield consumer
            finally:
                stop.set()
                await running

    async def receive(self, *, wait_s: int, **options: Any) -> Sequence[MessageTypeDef]:
        """Receive from the queue itself."""
        return await self._receive(await self.address.url(), wait_s=wait_s, **options)

    async def dead(self, *, wait_s: int = 20) -> Sequence[MessageTypeDef]:
        """Receive from the dead letters; waits for the first."""
        where = Address(self.client, self.queue.dead_letters(self.prefix))
        return await self._receive(await where.url(), wait_s=wait_s)

    async def _receive(self, url: str, *, wait_s: int, **options: Any) -> Sequence[MessageTypeDef]:
        answer = await self.client.receive_message(
            QueueUrl=url,
            WaitTimeSeconds=wait_s,
            MaxNumberOfMessages=10,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            **options,
        )
        return answer.get("Messages", ())

    async def left(self) -> int:
        """Return how many messages the queue holds: waiting, invisible and delayed."""
        names: Any = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        answer = await self.client.get_queue_attributes(
            QueueUrl=await self.address.url(), AttributeNames=names
        )
        return sum(int(n) for name, n in answer["Attributes"].items() if name in names)


def reason(message: MessageTypeDef) -> str:
    """Return why a dead letter was buried."""
    return attribute(message, "Reason")


def attribute(message: MessageTypeDef, name: str) -> str:
    """Return the value of an attribute."""
    return message["MessageAttributes"][name]["StringValue"]
