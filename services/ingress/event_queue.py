"""
The `events` queue, whether or not SQS is there yet.

A request waits for its events as long as Meta can wait for us, and then hears that they are not
stored. Its events are still on their way; if they arrive after all, Meta's repetition of them is
recognised by the router. How much may be on its way is limited: while SQS is away requests are
refused at once instead of filling the memory, and when it is back there are seconds of old events
before the new ones, not an hour's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from switchboard.errors import Unavailable
from switchboard.queues import Address, Outgoing, Publisher, SqsClient


class EventQueue:
    """Stores events within a budget; see `open_event_queue`."""

    def __init__(
        self, address: Address, publisher: Publisher, *, budget_s: float, max_pending_bytes: int
    ) -> None:
        self._address, self._publisher = address, publisher
        self._budget_s, self._max_pending_bytes = budget_s, max_pending_bytes
        self._pending_bytes = 0
        self._publishing: set[asyncio.Task[None]] = set()

    async def store(self, messages: Sequence[Outgoing]) -> None:
        """
        Return when SQS holds every one of `messages`.

        A request of more than may wait is still taken when nothing else waits, or it never would.

        Raises:
            Unavailable: It did not take all of them in time, or too many wait already.
            QueueRefused: It will not take them; the queue may be missing.
        """
        size_bytes = sum(len(message.body) for message in messages)
        if self._pending_bytes and self._pending_bytes + size_bytes > self._max_pending_bytes:
            raise Unavailable(f"{self._pending_bytes} bytes of events wait for SQS already")
        publishing = self._publish(messages, size_bytes)
        done, _ = await asyncio.wait({publishing}, timeout=self._budget_s)
        if not done:
            raise Unavailable(f"SQS did not store all within {self._budget_s:g} s")
        await publishing

    async def ping(self) -> None:
        """
        Ask SQS whether the queue is there.

        Raises:
            Unavailable, QueueRefused: It is not, or nobody answers.
        """
        await self._address.ping()

    async def close(self) -> None:
        """Forget what is still on its way: nobody was told that it is stored."""
        for publishing in self._publishing:
            publishing.cancel()
        await asyncio.gather(*self._publishing, return_exceptions=True)

    def _publish(self, messages: Sequence[Outgoing], size_bytes: int) -> asyncio.Task[None]:
        """Start publishing `messages`; they are pending until that has ended, however it does."""
        publishing = asyncio.create_task(self._publisher.publish(messages))
        self._publishing.add(publishing)
        self._pending_bytes += size_bytes

        def ended(publishing: asyncio.Task[None]) -> None:
            self._publishing.discard(publishing)
            self._pending_bytes -= size_bytes
            if not publishing.cancelled():
                publishing.exception()  # heard by the request, if it still waited

        publishing.add_done_callback(ended)
        return publishing


@contextlib.asynccontextmanager
async def open_event_queue(
    client: SqsClient,
    name: str,
    *,
    budget_s: float,
    linger_s: float,
    calls: int,
    max_pending_bytes: int,
) -> AsyncIterator[EventQueue]:
    """
    Open the queue called `name`; SQS is asked for it when it is first needed, not here.

    `budget_s` is how long SQS may take to store a request's events. Leaving takes at most as long.
    """
    address = Address(client, name)
    opening = Publisher.open(
        client, address, budget_s=budget_s, linger_s=linger_s, concurrency=calls
    )
    publisher = await opening.__aenter__()
    queue = EventQueue(address, publisher, budget_s=budget_s, max_pending_bytes=max_pending_bytes)
    try:
        yield queue
    finally:
        await queue.close()
        with contextlib.suppress(TimeoutError):  # a publisher empties its queue, however long it is
            async with asyncio.timeout(budget_s):
                await opening.__aexit__(None, None, None)
