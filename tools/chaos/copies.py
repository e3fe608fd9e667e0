"""
Messages that are received a second time.

A copy is a message as it was received, under a receipt of our own: the queue's server knows nothing
of it. So it comes back even if the message it was has long been deleted, which SQS does not rule
out and no local server does.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from typing import Any, Final

Message = dict[str, Any]

_MARK: Final = "once-more-"


class Copies:
    """Copies by queue, each kept until its moment. Moments are in seconds on one clock."""

    def __init__(self) -> None:
        self._kept: defaultdict[str, list[tuple[float, int, Message]]] = defaultdict(list)
        self._numbers = itertools.count(1)

    def keep(self, queue: str, message: Message, *, due_at: float) -> None:
        """Have `message` received once more from `due_at` on."""
        number = next(self._numbers)
        copy = {**message, "ReceiptHandle": f"{_MARK}{number}"}
        counted = int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)) + 1
        attributes = {**message.get("Attributes", {}), "ApproximateReceiveCount": str(counted)}
        heapq.heappush(self._kept[queue], (due_at, number, {**copy, "Attributes": attributes}))

    def take(self, queue: str, *, now: float, most: int) -> list[Message]:
        """Return up to `most` copies whose moment has come, and forget them."""
        kept = self._kept[queue]
        taken: list[Message] = []
        while kept and len(taken) < most and kept[0][0] <= now:
            taken.append(heapq.heappop(kept)[2])
        return taken

    def left(self) -> int:
        """Return how many copies are still to come."""
        return sum(len(kept) for kept in self._kept.values())


def is_copy(receipt: str) -> bool:
    """Whether a receipt is one of ours."""
    return receipt.startswith(_MARK)
