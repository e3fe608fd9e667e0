"""
How much may be done in how long: the numbers that senders keep, and dry runs reckon by.

Meta: 750 private replies an hour and account. Ours are 720 at most, whatever the account allows,
and 30 of them may go at once: so if Redis forgets just then and grants a burst again, it is
720 + 30 = 750. A turn is also taken up to a call's length before Meta counts it (2 in 10 s).

Meta: 2 reads of conversations a second and account, whoever of us makes them. Ours are one, and
its burst of one again after a flush.

Meta: 100 messages a second and account; as many answers to a broadcast's comments. Ours are 80 at
most, 16 of them at once: 80 + 16 = 96.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

HOUR: Final = timedelta(hours=1)
PRIVATE_REPLIES_MOST: Final = 720  # an hour and account
PRIVATE_REPLIES_BURST_SHARE: Final = 24  # one in 24 of the ceiling may go at once
SECOND: Final = timedelta(seconds=1)
SENDS_MOST: Final = 80  # a second and account
SENDS_BURST_SHARE: Final = 5

_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """At most `burst` at once, and `sustained` more in each `window` while they keep coming."""

    burst: int
    sustained: int
    window: timedelta

    def __post_init__(self) -> None:
        """Refuse a bucket that could never grant anything."""
        if self.burst < 1 or self.sustained < 1 or self.window <= timedelta():
            raise ValueError(f"{self}: burst, sustained and window must be positive")

    @property
    def most(self) -> int:
        """What is granted at most in any span of one window, wherever it begins."""
        return self.burst + self.sustained

    @property
    def interval_us(self) -> int:
        """Microseconds in which one token comes back; rounded up, towards granting less."""
        return -(-(self.window // _MICROSECOND) // self.sustained)


def ceiling(most: int, window: timedelta, *, share: int) -> Ceiling:
    """Return the bucket that grants `most` in any `window`, one in `share` of them at once."""
    if most == 1:
        return Ceiling(burst=1, sustained=1, window=2 * window)
    burst = max(1, most // share)
    return Ceiling(burst=burst, sustained=most - burst, window=window)


CONVERSATION_READS: Final = Ceiling(burst=1, sustained=1, window=SECOND)


def private_replies(allowed: int) -> Ceiling:
    """Return how many private replies an account may send that is `allowed` so many an hour."""
    most = min(allowed, PRIVATE_REPLIES_MOST)
    return ceiling(most, HOUR, share=PRIVATE_REPLIES_BURST_SHARE)


def sends(allowed: int) -> Ceiling:
    """Return how many messages an account may send that is `allowed` so many a second."""
    return ceiling(min(allowed, SENDS_MOST), SECOND, share=SENDS_BURST_SHARE)
