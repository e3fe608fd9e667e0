"""
Taking messages off a queue, for as long as the process lives.

    receive ─▶ parse ─▶ handle ─▶ settle ─▶ delete | show again | send again | bury
                 └─ unreadable ─▶ bury

While a message is worked on its visibility is extended, so a slow one is not given to another
consumer as well. When a dependency is away the consumer stops receiving until it is back: a
message that is not received spends none of its deliveries.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog
from pydantic import ValidationError

from switchboard.errors import Failure, Unavailable, Unreadable
from switchboard.queues.client import Address, SqsClient, sqs_errors
from switchboard.queues.fates import Fates, Held
from switchboard.queues.received import Handler, Receipt, Received
from switchboard.queues.settle import backoff_s, describe, settle
from switchboard.telemetry import Meter, Metric
from switchboard.topology import LONG_POLL_S, Queue

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

M = TypeVar("M")

HANDLED = Metric("MessagesHandled")
AGE = Metric("MessageAge", "Milliseconds")

_BATCH = 10  # SQS: the most one receive brings
_GRACE_S = 0.2  # for a receive that is just being answered when we are told to stop
_LONGEST_PAUSE_S = 30.0

log = structlog.get_logger()


class Consumer(Generic[M]):
    """
    Reads `queue`, parses each body with `parse` and hands `handle` up to `batch_size` at a time.

    `ready` is awaited while a dependency is away and raises `Unavailable` until it is back.
    `work_budget_s` ends a handler that hangs; it must be well above what `handle` takes.
    """

    def __init__(
        self,
        client: SqsClient,
        *,
        queue: Queue,
        prefix: str,
        parse: Callable[[str], M],
        handle: Handler[M],
        fates: Fates,
        meter: Meter,
        ready: Callable[[], Awaitable[None]],
        batch_size: int = _BATCH,
        max_in_flight: int = 100,
        receivers: int = 2,
        drain_s: float = 25.0,
        work_budget_s: float = 120.0,
    ) -> None:
        self.name = f"{queue.name}-consumer"
        self._client, self._queue = client, queue
        self._address = Address(client, queue.physical(prefix))
        self._parse, self._handle, self._fates, self._meter = parse, handle, fates, meter
        self._ready, self._batch_size = ready, batch_size
        self._max_in_flight, self._receivers = max_in_flight, receivers
        self._drain_s, self._work_budget_s = drain_s, work_budget_s
        self._work: dict[asyncio.Task[None], Sequence[Held]] = {}
        self._room = asyncio.Condition()
        self._reserved = 0  # room promised to receive calls that are still open
        self._away: Unavailable | None = None
        self._moved_at = time.monotonic()

    def still_s(self) -> float:
        """Return for how long nothing was received, handled or found empty: a pulse for health."""
        return time.monotonic() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`, then finish what is in hand; what is left over is shown again."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._receivers):
                group.create_task(self._receive_until(stop), name=f"{self.name}-{number}")
            keeper = group.create_task(self._keep_invisible(), name=f"{self.name}-visibility")
            await stop.wait()
            await self._drain()
            keeper.cancel()

    async def _receive_until(self, stop: asyncio.Event) -> None:
        """Receive again and again, as far as there is room, with pauses while something is away."""
        failures = 0
        while not stop.is_set():
            try:
                if self._away is not None:
                    await self._ready()
                    self._away = None
                await self._receive(stop)
                failures = 0
            except Failure as failure:
                failures += 1
                self._moved_at = time.monotonic()
                log.warning("consumer.paused", queue=self._queue.name, because=describe(failure))
                await _sleep_unless(stop, min(backoff_s(failures) / 4, _LONGEST_PAUSE_S))

    async def _receive(self, stop: asyncio.Event) -> None:
        """Take what room allows; start work on it, or give it back if we have been told to stop."""
        room = await self._reserve(stop)
        try:
            messages = await self._poll(room, stop) if room else ()
        finally:
            self._reserved -= room
        self._moved_at = time.monotonic()
        held = [Held.of(message) for message in messages]
        if stop.is_set():
            await self._fates.release([one.handle for one in held], after_s=0)
            return
        for start in range(0, len(held), self._batch_size):
            self._start(held[start : start + self._batch_size])

    async def _reserve(self, stop: asyncio.Event) -> int:
        """Wait until there is room for at least one message; return for how many, ten at most."""
        async with self._room:
            await self._room.wait_for(lambda: stop.is_set() or self._free() > 0)
            room = 0 if stop.is_set() else min(_BATCH, self._free())
            self._reserved += room
            return room

    def _free(self) -> int:
        in_hand = sum(len(held) for held in self._work.values())
        return self._max_in_flight - in_hand - self._reserved

    async def _poll(self, room: int, stop: asyncio.Event) -> Sequence[MessageTypeDef]:
        """Make one long poll, cut short when we are told to stop."""
        receive = asyncio.ensure_future(self._receive_once(room))
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((receive, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not receive.done():
                await asyncio.wait((receive,), timeout=_GRACE_S)
            return receive.result() if receive.done() else ()
        finally:
            stopped.cancel()
            receive.cancel()
            await asyncio.wait((receive, stopped))  # the client may be closed right after us

    async def _receive_once(self, room: int) -> Sequence[MessageTypeDef]:
        url = await self._address.url()
        with sqs_errors(f"receive {self._queue.name}"):
            answer = await self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=room,
                WaitTimeSeconds=LONG_POLL_S,
                VisibilityTimeout=self._queue.visibility_s,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        return answer.get("Messages", ())

    def _start(self, held: Sequence[Held]) -> None:
        work = asyncio.get_running_loop().create_task(self._work_on(held))
        self._work[work] = held
        work.add_done_callback(self._finished)

    def _finished(self, work: asyncio.Task[None]) -> None:
        self._work.pop(work, None)
        self._moved_at = time.monotonic()
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("consumer.settling_failed", queue=self._queue.name, because=describe(error))
        asyncio.get_running_loop().create_task(self._tell_room())

    async def _tell_room(self) -> None:
        async with self._room:
            self._room.notify_all()

    async def _work_on(self, held: Sequence[Held]) -> None:
        """Parse, handle and settle one batch."""
        outcomes: dict[str, BaseException | None] = {}
        readable: list[tuple[Held, Received[M]]] = []
        for one in held:
            try:
                readable.append((one, self._received(one)))
            except Unreadable as failure:
                outcomes[one.handle] = failure
        if readable:
            ended = await self._try([received for _, received in readable])
            outcomes |= {one.handle: how for (one, _), how in zip(readable, ended, strict=True)}
        await asyncio.gather(*(self._settle(one, outcomes[one.handle]) for one in held))

    def _received(self, one: Held) -> Received[M]:
        """
        Return the message in `one`.

        Raises:
            Unreadable: No contract describes it. Said without quoting it: it holds people's words.
        """
        receipt = Receipt(message_id=one.message_id, receives=one.receives, sent_at=one.sent_at)
        try:
            return Received(self._parse(one.body), receipt)
        except ValidationError as error:
            faults = error.errors(include_input=False, include_url=False, include_context=False)
            what = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults[:3])
            raise Unreadable(what) from None
        except ValueError as error:  # a parser that is no pydantic one
            raise Unreadable(type(error).__name__) from None

    async def _try(self, batch: Sequence[Received[M]]) -> Sequence[BaseException | None]:
        """Handle `batch`. The one place where any error at all is caught: here a bug meets SQS."""
        try:
            async with asyncio.timeout(self._work_budget_s):
                return await self._handle(batch)
        except Failure as failure:
            return [failure] * len(batch)
        except Exception as error:
            log.exception("consumer.failed", queue=self._queue.name)
            return [error] * len(batch)

    async def _settle(self, one: Held, failure: BaseException | None) -> None:
        if isinstance(failure, Unavailable):
            self._away = failure
        verdict = settle(failure, receives=one.receives, max_receives=self._queue.max_receives)
        outcome = type(verdict).__name__.lower()
        if failure is not None:
            log.warning(
                "message.settled",
                queue=self._queue.name,
                message_id=one.message_id,
                receives=one.receives,
                outcome=outcome,
                because=describe(failure),
            )
        age_ms = (datetime.now(UTC) - one.sent_at).total_seconds() * 1000
        self._meter.count(HANDLED, 1, queue=self._queue.name, outcome=outcome)
        self._meter.observe(AGE, max(age_ms, 0), queue=self._queue.name)
        await self._fates.carry_out(verdict, one)

    async def _keep_invisible(self) -> None:
        """Extend the visibility of what is in hand, well before it ends."""
        every_s = self._queue.visibility_s / 3
        while True:
            await asyncio.sleep(every_s)
            due_at = time.monotonic() - every_s
            handles = [
                one.handle
                for held in self._work.values()
                for one in held
                if one.received_at <= due_at
            ]
            await self._fates.release(handles, after_s=self._queue.visibility_s)

    async def _drain(self) -> None:
        """Finish what is in hand within `drain_s`; show the rest to another consumer at once."""
        async with self._room:
            self._room.notify_all()
        if not self._work:
            return
        _, unfinished = await asyncio.wait(self._work, timeout=self._drain_s)
        left = [one.handle for work in unfinished for one in self._work.get(work, ())]
        for work in unfinished:
            work.cancel()
        if unfinished:
            await asyncio.wait(unfinished)  # shown to others only once we have really let go
        await self._fates.release(left, after_s=0)


async def _sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, or return early when `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
