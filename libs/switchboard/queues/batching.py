"""Concurrent callers sharing calls that take up to ten things at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

# SQS, "Quotas related to messages": 10 entries and 1 MiB in a batch, attributes included.
MAX_ENTRIES: Final = 10
MAX_BATCH_BYTES: Final = 1_048_576


@dataclass(slots=True)
class _Waiting(Generic[T]):
    item: T
    size_bytes: int
    done: asyncio.Future[None]


class Batcher(Generic[T]):
    """
    Collects items for `linger_s` seconds, or until a batch is full, and sends them together.

    `send` gets up to ten items and returns one outcome for each, in order. At most `concurrency`
    calls are open; while they all are, later items gather into fuller batches, so the busier it
    is the fewer calls each item costs.
    """

    def __init__(
        self,
        send: Callable[[Sequence[T]], Awaitable[Sequence[BaseException | None]]],
        *,
        linger_s: float,
        concurrency: int,
    ) -> None:
        self._send, self._linger_s, self._concurrency = send, linger_s, concurrency
        self._waiting: deque[_Waiting[T]] = deque()
        self._calls: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def add(self, items: Sequence[T], *, size_bytes: Callable[[T], int]) -> None:
        """
        Send `items`, and return when every one has been.

        Raises:
            The first failure, after all have been tried.
        """
        loop = asyncio.get_running_loop()
        ours = [_Waiting(item, size_bytes(item), loop.create_future()) for item in items]
        self._waiting.extend(ours)
        self._kick(lingered=False)
        outcomes = await asyncio.gather(*(one.done for one in ours), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def close(self) -> None:
        """Send what waits and return when the last call has ended."""
        while self._waiting or self._calls:
            self._kick(lingered=True)
            # Taken out here, not left to `_ended`: waiting for what has already ended need not let
            # the loop turn (from Python 3.12 on), and then nothing else would take it out.
            ended, _ = await asyncio.wait(tuple(self._calls))
            self._calls -= ended
            for call in ended:
                call.result()
        if self._timer is not None:
            self._timer.cancel()

    def _kick(self, *, lingered: bool) -> None:
        """Start what may start: full batches, and after the linger whatever there is."""
        while self._waiting and len(self._calls) < self._concurrency:
            batch, full = self._next()
            if not (full or lingered):
                break
            for _ in batch:
                self._waiting.popleft()
            call = asyncio.get_running_loop().create_task(self._call(batch))
            self._calls.add(call)
            call.add_done_callback(self._ended)
        self._set_timer()

    def _next(self) -> tuple[list[_Waiting[T]], bool]:
        """Return the batch at the head of the queue, and whether no more would fit in it."""
        batch: list[_Waiting[T]] = []
        total_bytes = 0
        for waiting in self._waiting:
            total_bytes += waiting.size_bytes
            if batch and total_bytes > MAX_BATCH_BYTES:
                return batch, True
            batch.append(waiting)
            if len(batch) == MAX_ENTRIES:
                return batch, True
        return batch, False

    def _set_timer(self) -> None:
        if self._waiting and self._timer is None and len(self._calls) < self._concurrency:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._linger_s, self._lingered)

    def _lingered(self) -> None:
        self._timer = None
        self._kick(lingered=True)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._kick(lingered=True)

    async def _call(self, batch: Sequence[_Waiting[T]]) -> None:
        try:
            outcomes = await self._send([waiting.item for waiting in batch])
            ended = list(zip(batch, outcomes, strict=True))
        except BaseException as error:  # the callers wait: they must hear of it, whatever it is
            for waiting in batch:
                _resolve(waiting.done, error)
            if not isinstance(error, Exception):
                raise
            return
        for waiting, outcome in ended:
            _resolve(waiting.done, outcome)


@contextlib.asynccontextmanager
async def open_batcher(
    send: Callable[[Sequence[T]], Awaitable[Sequence[BaseException | None]]],
    *,
    linger_s: float,
    concurrency: int,
) -> AsyncIterator[Batcher[T]]:
    """Open a `Batcher`; leaving sends what is still waiting."""
    batcher = Batcher(send, linger_s=linger_s, concurrency=concurrency)
    try:
        yield batcher
    finally:
        await batcher.close()


def _resolve(done: asyncio.Future[None], outcome: BaseException | None) -> None:
    if done.done():  # its caller has gone; the item went out all the same
        return
    if outcome is None:
        done.set_result(None)
    elif isinstance(outcome, asyncio.CancelledError):
        done.cancel()
    else:
        done.set_exception(outcome)
