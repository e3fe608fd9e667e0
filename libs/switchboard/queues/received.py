"""A message as it came off a queue, and who handles it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)
M_co = TypeVar("M_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What the queue, rather than the publisher, knows about a message.

    `receives` counts deliveries, 1 for the first; `sent_at` is when SQS stored it.
    """

    message_id: str
    receives: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Received(Generic[M_co]):
    """A message and its receipt."""

    message: M_co
    receipt: Receipt


class Handler(Protocol[M_contra]):
    """
    Messages in, one outcome for each, in order: `None`, or why it failed.

    Raising instead says that all of them failed for that reason.
    """

    def __call__(
        self, batch: Sequence[Received[M_contra]], /
    ) -> Awaitable[Sequence[BaseException | None]]:
        """Handle `batch`."""
        ...


class One(Protocol[M_contra]):
    """One message in. Return, and it is deleted; raise a `Failure`, and it is settled."""

    def __call__(self, message: M_contra, receipt: Receipt, /) -> Awaitable[None]:
        """Handle `message`."""
        ...


def one_by_one(handle: One[M]) -> Handler[M]:
    """Return a `Handler` for a consumer of batches of one."""

    async def handle_batch(batch: Sequence[Received[M]], /) -> Sequence[BaseException | None]:
        for received in batch:
            await handle(received.message, received.receipt)
        return [None] * len(batch)

    return handle_batch
