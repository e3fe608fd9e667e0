"""What a queue can be ordered to do wrong, and which call it happens to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import TypeAdapter

Kind: TypeAlias = Literal[
    "refuse",  # 503, and nothing was done
    "refuse_some",  # of a batch, every other entry fails
    "lose_answer",  # done, and answered 503
    "delay",  # done `delay_s` later
    "hang",  # no answer until the fault is over; then a broken connection, and nothing was done
    "twice",  # what is received is received once more, within `delay_s`, whatever became of it
]
ANY: Final = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFault:
    """
    One way in which calls of `action` on `queue` go wrong, a `share` of them.

    `queue` is its name in the topology and `action` SQS's own word; either may be `any`.
    """

    queue: str
    action: str
    kind: Kind
    share: float = 1.0
    delay_s: float = 1.0

    def fits(self, queue: str, action: str) -> bool:
        """Whether a call of `action` on the queue with that physical name may meet it."""
        here = self.queue == ANY or queue.endswith(f"-{self.queue}")
        return here and self.action in {ANY, action}


QUEUE_FAULTS: Final = TypeAdapter(list[QueueFault])


class FaultsInForce:
    """The faults in force, drawn with a seeded hand. The first that fits and fires is met."""

    def __init__(self, faults: Sequence[QueueFault] = (), *, seed: int = 0) -> None:
        self._faults, self._random = faults, random.Random(seed)

    def draw(self, queue: str, action: str) -> QueueFault | None:
        """Return the fault that this call meets, if any."""
        for fault in self._faults:
            if fault.fits(queue, action) and self._random.random() < fault.share:
                return fault
        return None

    def moment(self, fault: QueueFault) -> float:
        """Return how many seconds from now, within the fault's `delay_s`."""
        return self._random.uniform(0, fault.delay_s)
