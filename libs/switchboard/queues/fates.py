"""Carrying out a verdict: the calls to SQS that delete, show again, send again and bury."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from switchboard.errors import Failure, Unavailable
from switchboard.queues.batching import MAX_ENTRIES, Batcher, open_batcher
from switchboard.queues.client import Address, SqsClient, sqs_errors
from switchboard.queues.publisher import Outgoing, Publisher
from switchboard.queues.settle import (
    LONGEST_WAIT_S,
    Bury,
    Defer,
    Delete,
    Release,
    Verdict,
    describe,
)
from switchboard.topology import Queue

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

log = structlog.get_logger()

# A reason is a line for a person. With the other attributes it fits in what a publisher leaves free
# beside a body, so that even the largest message can be buried.
_MAX_REASON_BYTES: Final = 700
_LINGER_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Held:
    """A message in our hands. `received_at` is on the monotonic clock, in seconds."""

    handle: str
    message_id: str
    body: str
    group: str
    receives: int
    sent_at: datetime
    received_at: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, message: MessageTypeDef) -> Held:
        """Read what SQS gave us."""
        attributes = message.get("Attributes", {})
        sent_ms = int(attributes.get("SentTimestamp", 0))
        return cls(
            handle=message["ReceiptHandle"],
            message_id=message["MessageId"],
            body=message["Body"],
            group=attributes.get("MessageGroupId", "none"),
            receives=int(attributes.get("ApproximateReceiveCount", 1)),
            sent_at=datetime.fromtimestamp(sent_ms / 1000, UTC),
        )


class Fates:
    """
    The calls that end a message's stay with us.

    None of them may fail loudly: a message whose fate could not be carried out is simply given
    to somebody again, and everything downstream expects that.
    """

    def __init__(
        self, client: SqsClient, address: Address, *, again: Publisher, dead_letters: Publisher
    ) -> None:
        self._client, self._address = client, address
        self._again, self._dead_letters = again, dead_letters
        self._deletes: Batcher[str] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, client: SqsClient, queue: Queue, *, prefix: str, linger_s: float = _LINGER_S
    ) -> AsyncIterator[Fates]:
        """Open the fates of `queue`; leaving carries out what is still waiting."""
        address = Address(client, queue.physical(prefix))
        buried_at = Address(client, queue.dead_letters(prefix))
        async with (
            Publisher.open(client, address) as again,
            Publisher.open(client, buried_at) as dead_letters,
        ):
            fates = cls(client, address, again=again, dead_letters=dead_letters)
            async with open_batcher(
                fates._delete_batch, linger_s=linger_s, concurrency=8
            ) as deletes:
                fates._deletes = deletes
                yield fates

    async def carry_out(self, verdict: Verdict, held: Held) -> None:
        """Do to `held` what `verdict` says."""
        try:
            match verdict:
                case Delete():
                    await self._delete(held)
                case Release(after_s=after_s):
                    await self.release([held.handle], after_s=after_s)
                case Defer(after_s=after_s):
                    delay_s = round(min(after_s, LONGEST_WAIT_S))
                    await self._again.publish([Outgoing(held.body, held.group, delay_s=delay_s)])
                    await self._delete(held)
                case Bury(reason=reason):
                    await self._dead_letters.publish([_dead_letter(held, reason)])
                    await self._delete(held)
        except Failure as failure:
            log.warning(
                "message.fate_failed", message_id=held.message_id, because=describe(failure)
            )

    async def release(self, handles: Sequence[str], *, after_s: float) -> None:
        """Make messages visible to everyone `after_s` seconds from now, as far as SQS lets us."""
        batches = [handles[i : i + MAX_ENTRIES] for i in range(0, len(handles), MAX_ENTRIES)]
        try:
            await asyncio.gather(*(self._change(batch, round(after_s)) for batch in batches))
        except Failure as failure:
            log.warning("message.release_failed", because=describe(failure))

    async def _change(self, handles: Sequence[str], after_s: int) -> None:
        url = await self._address.url()
        with sqs_errors("change visibility"):
            await self._client.change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(i), "ReceiptHandle": handle, "VisibilityTimeout": after_s}
                    for i, handle in enumerate(handles)
                ],
            )

    async def _delete(self, held: Held) -> None:
        if self._deletes is None:
            raise RuntimeError("Fates are used inside `async with Fates.open(...)`")
        await self._deletes.add([held.handle], size_bytes=_no_size)

    async def _delete_batch(self, handles: Sequence[str]) -> Sequence[BaseException | None]:
        """
        Delete up to ten messages.

        A receipt that is no longer good ("SenderFault") means somebody else has the message now, or
        has already deleted it. Either way our part is done, so it counts as done.
        """
        url = await self._address.url()
        with sqs_errors("delete"):
            answer = await self._client.delete_message_batch(
                QueueUrl=url,
                Entries=[{"Id": str(i), "ReceiptHandle": h} for i, h in enumerate(handles)],
            )
        failed = {
            int(entry["Id"]): Unavailable(f"SQS delete: {entry['Code']}")
            for entry in answer.get("Failed", ())
            if not entry["SenderFault"]
        }
        return [failed.get(i) for i in range(len(handles))]


def _dead_letter(held: Held, reason: str) -> Outgoing:
    attributes = {
        "Reason": _printable(reason) or "no reason",
        "OriginalMessageId": held.message_id,
        "Receives": str(held.receives),
    }
    return Outgoing(held.body, held.group, attributes=attributes)


def _printable(reason: str) -> str:
    """Return `reason` as an attribute can hold it: SQS refuses control characters, for one."""
    line = "".join(character if character.isprintable() else " " for character in reason)
    return line.encode()[:_MAX_REASON_BYTES].decode(errors="ignore").strip()


_no_size: Callable[[str], int] = lambda _handle: 0  # noqa: E731  a receipt's size is not limited
