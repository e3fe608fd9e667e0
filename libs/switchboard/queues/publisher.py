"""Putting contracts on a queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchboard.errors import Failure, Unavailable
from switchboard.queues.batching import MAX_BATCH_BYTES, Batcher, open_batcher
from switchboard.queues.client import Address, QueueRefused, SqsClient, sqs_errors

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_FIRST_RETRY_S: Final = 0.05
# Left for names, types and the group id of a message, which count towards its size.
_OVERHEAD_BYTES: Final = 1_024
MAX_MESSAGE_BYTES: Final = MAX_BATCH_BYTES - _OVERHEAD_BYTES
# SQS, "MessageGroupId": up to 128 characters.
_MAX_GROUP_CHARACTERS: Final = 128


@dataclass(frozen=True, slots=True)
class Outgoing:
    """
    A message to be stored: its JSON, and whose it is.

    `group` is the account; on a standard queue it makes no order, it lets SQS serve a quiet
    account before a noisy one ("fair queues").
    """

    body: str
    group: str
    delay_s: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """What the message counts for in a batch."""
        return len(self.body.encode()) + _OVERHEAD_BYTES


class MessageTooLarge(Failure):
    """A message that no queue can hold."""

    reason = "message_too_large"


class Publisher:
    """Stores messages in one queue; see `open_publisher`."""

    def __init__(self, client: SqsClient, address: Address, *, budget_s: float) -> None:
        self._client, self._address, self._budget_s = client, address, budget_s
        self._batcher: Batcher[Outgoing] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        client: SqsClient,
        address: Address,
        *,
        budget_s: float = 3.0,
        linger_s: float = 0.003,
        concurrency: int = 8,
    ) -> AsyncIterator[Publisher]:
        """
        Open a publisher to the queue at `address`; leaving stores what is still waiting.

        `budget_s` is how long a message is tried for before the caller hears that it is not
        stored. `linger_s` is how long a message waits for company in its SendMessageBatch.
        """
        publisher = cls(client, address, budget_s=budget_s)
        async with open_batcher(
            publisher._store, linger_s=linger_s, concurrency=concurrency
        ) as batcher:
            publisher._batcher = batcher
            yield publisher

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """
        Store `messages`; return when SQS has every one of them.

        Raises:
            MessageTooLarge: One is over 1 MiB; none was stored.
            Unavailable: At least one was not stored within the budget; the others were.
            QueueRefused: SQS will not take them.
        """
        for message in messages:
            if len(message.body.encode()) > MAX_MESSAGE_BYTES:
                raise MessageTooLarge(f"{message.size_bytes} bytes; SQS holds {MAX_BATCH_BYTES}")
        if self._batcher is None:
            raise RuntimeError("a Publisher is used inside `async with Publisher.open(...)`")
        await self._batcher.add(messages, size_bytes=lambda message: message.size_bytes)

    async def _store(self, batch: Sequence[Outgoing]) -> Sequence[BaseException | None]:
        """Send `batch`, and what of it failed again, until all is stored or the budget is spent."""
        loop = asyncio.get_running_loop()
        give_up_at, wait_s = loop.time() + self._budget_s, _FIRST_RETRY_S
        outcomes: list[BaseException | None] = [None] * len(batch)
        remaining = list(range(len(batch)))
        while remaining:
            failed = await self._send({i: batch[i] for i in remaining}, give_up_at=give_up_at)
            for index, failure in failed.items():
                outcomes[index] = failure
            for index in remaining:
                if index not in failed:
                    outcomes[index] = None
            remaining = [i for i, failure in failed.items() if isinstance(failure, Unavailable)]
            if not remaining or loop.time() + wait_s > give_up_at:
                break
            await asyncio.sleep(wait_s)
            wait_s *= 2
        return outcomes

    async def _send(
        self, batch: Mapping[int, Outgoing], *, give_up_at: float
    ) -> dict[int, Failure]:
        """Send `batch` once, until `give_up_at` (the loop's clock); return what failed, and why."""
        try:
            with sqs_errors("send"):
                async with asyncio.timeout_at(give_up_at):
                    answer = await self._client.send_message_batch(
                        QueueUrl=await self._address.url(),
                        Entries=[_entry(index, message) for index, message in batch.items()],
                    )
        except (Unavailable, QueueRefused) as failure:
            return dict.fromkeys(batch, failure)
        return {
            int(failed["Id"]): _failure(failed["Code"], theirs=not failed["SenderFault"])
            for failed in answer.get("Failed", ())
        }


def _failure(code: str, *, theirs: bool) -> Failure:
    """Return why an entry was not stored: SQS's trouble, which passes, or a fault of ours."""
    return Unavailable(f"SQS send: {code}") if theirs else QueueRefused(f"SQS send: {code}")


def _entry(index: int, message: Outgoing) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": str(index),
        "MessageBody": message.body,
        "MessageGroupId": (message.group or "none")[:_MAX_GROUP_CHARACTERS],
    }
    if message.delay_s:
        entry["DelaySeconds"] = message.delay_s
    if message.attributes:
        entry["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in message.attributes.items()
        }
    return entry
