"""Which limits a delivery takes its turn in. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from switchboard.db.deliveries import Claimed
from switchboard.state import Bucket, Ceiling

_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)

# Meta: 750 private replies an hour and account. Ours are 720 at most, whatever the account allows,
# and 30 of them may go at once: so if Redis forgets just then and grants a burst again, it is
# 720 + 30 = 750. A turn is also taken up to a call's length before Meta counts it (2 in 10 s).
PRIVATE_REPLIES: Final = "private_replies"
_PRIVATE_MOST: Final = 720
_PRIVATE_BURST: Final = 24  # one in 24 of the ceiling may go at once
_SENDS_BURST: Final = 5

# Meta names no figure for one conversation, nor for public replies, only that too much of the same
# is blocked as spam. A conversation of ours has a few messages; a post under siege can wait.
_PER_PERSON: Final = Ceiling(burst=10, sustained=10, window=_MINUTE)
_PUBLIC_REPLIES: Final = Ceiling(burst=20, sustained=40, window=_MINUTE)


def buckets(delivery: Claimed) -> list[Bucket]:
    """Return every limit that a call for `delivery` counts against."""
    if delivery.kind == "public_reply":
        return [Bucket(name="public_replies", ceiling=_PUBLIC_REPLIES)]
    sends = ceiling(delivery.sends_per_second, _SECOND, share=_SENDS_BURST)
    taken = [Bucket(name="sends", ceiling=sends)]
    if delivery.person_id is not None:
        taken.append(Bucket(name="person", ceiling=_PER_PERSON, person_id=delivery.person_id))
    if delivery.kind == "private_reply":
        most = min(delivery.private_replies_per_hour, _PRIVATE_MOST)
        hourly = ceiling(most, _HOUR, share=_PRIVATE_BURST)
        taken.append(Bucket(name=PRIVATE_REPLIES, ceiling=hourly, recalled=True))
    return taken


def ceiling(most: int, window: timedelta, *, share: int) -> Ceiling:
    """Return the bucket that grants `most` in any `window`, one in `share` of them at once."""
    if most == 1:
        return Ceiling(burst=1, sustained=1, window=2 * window)
    burst = max(1, most // share)
    return Ceiling(burst=burst, sustained=most - burst, window=window)
