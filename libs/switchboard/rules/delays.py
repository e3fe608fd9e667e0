"""
How much later than at once an account answers: as people do, and not all alike.

The delay is drawn from the delivery's id, so deciding again draws the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from switchboard.contracts.ids import DeliveryId

# What a delay leaves of the time in which Meta allows it: ours to send it, and to try again.
LEAVES: Final = timedelta(minutes=15)

_MICROSECOND: Final = timedelta(microseconds=1)
# Of an id, the part that is drawn by: its last 48 bits, which a hash has made.
_NODE_BITS: Final = 48


@dataclass(frozen=True, slots=True)
class Delay:
    """Between `least` and `most`, evenly; nothing at all, unless an owner sets it."""

    least: timedelta = timedelta()
    most: timedelta = timedelta()

    def of(self, delivery: DeliveryId) -> timedelta:
        """Return how much later `delivery` goes than it could."""
        span_us = (self.most - self.least) // _MICROSECOND
        return self.least + ((span_us * delivery.node) >> _NODE_BITS) * _MICROSECOND

    def after(self, base: datetime, delivery: DeliveryId, *, deadline: datetime) -> datetime:
        """Return when `delivery` goes that could go at `base`: not later than is safe."""
        return max(base, min(base + self.of(delivery), deadline - LEAVES))


AT_ONCE: Final = Delay()
