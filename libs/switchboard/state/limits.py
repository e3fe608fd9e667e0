"""
How fast we may call Meta for an account, agreed between all senders.

A limit is a bucket: it holds `burst` tokens and gets `sustained` back in each `window`. In any
span of one window, wherever it begins, no more than `burst + sustained` are granted; that sum must
not exceed what Meta allows. A counter that starts afresh each hour would grant twice the limit
around the turn of the hour.

The arithmetic is one Lua script over all buckets of a call, on Redis's clock: senders' clocks
differ, and there is one Redis. It fails closed: while Redis is away nothing is granted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from switchboard.contracts import AccountId, PersonId
from switchboard.errors import Throttled, Unavailable
from switchboard.rules.ceilings import Ceiling
from switchboard.state import keys
from switchboard.state.client import Redis
from switchboard.state.scripts import Argument, Call, Script

# How long a recalled bucket is remembered after its last use: one missing for longer, or lost with
# Redis, costs one question to Postgres.
_REMEMBERED: Final = timedelta(days=30)

# How many other calls of a bucket were begun in its last window, from what survives Redis.
Recall = Callable[["Bucket"], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """
    A limit on one subject: the account, or one person talking to it.

    `recalled`: after Redis was emptied, how much of it is used up is asked of Postgres. Without
    it a missing bucket is full, so a flush may grant `burst` more than `most` in one window; that
    is right only for short windows whose ceiling leaves room for it.
    """

    name: str
    ceiling: Ceiling
    person_id: PersonId | None = None
    recalled: bool = False


class Limits:
    """
    Reservations that every sender shares.

    `now_us` replaces Redis's clock in tests, where an hour must pass at once; in production it is
    left out.
    """

    def __init__(self, redis: Redis, *, now_us: Callable[[], int] | None = None) -> None:
        self._reserve, self._cool = Script(redis, "reserve"), Script(redis, "cool")
        self._now_us = now_us

    async def reserve(
        self, account_id: AccountId, buckets: Sequence[Bucket], *, recall: Recall
    ) -> None:
        """
        Take one token from each of `buckets`, or none at all.

        `recall` is asked about a recalled bucket that Redis does not know: how many calls besides
        this one were begun in its last window. Too many is safe, too few is not.

        Raises:
            Throttled: One is empty, or the account cools down; `after_s` is the wait until all
                could be taken, if nobody else takes them first.
            Unavailable: Redis is away; nothing may be sent.
        """
        used: dict[int, int] = {}
        for _ in range(len(buckets) + 1):
            answer = cast("int", await self._reserve.run(self._call(account_id, buckets, used)))
            if answer == 0:
                return
            if answer > 0:
                raise Throttled("our own limits", after_s=answer / 1000)
            unknown = -answer - 1
            used[unknown] = await recall(buckets[unknown])
        raise Unavailable("Redis forgets buckets while they are filled")

    async def cool(self, account_id: AccountId, *, wait: timedelta) -> None:
        """
        Grant nothing to the account for `wait`: Meta asked for it, and calls only prolong it.

        A longer wait already agreed on is kept.

        Raises:
            Unavailable: Redis is away (and so nothing is granted anyway).
        """
        wait_ms = max(1, wait // timedelta(milliseconds=1))
        await self._cool.run(Call([keys.cooldown(account_id)], [wait_ms]))

    def _call(self, account_id: AccountId, buckets: Sequence[Bucket], used: dict[int, int]) -> Call:
        found = [keys.cooldown(account_id)]
        args: list[Argument] = [0 if self._now_us is None else self._now_us()]
        for index, bucket in enumerate(buckets):
            found.append(keys.limit(account_id, bucket.name, bucket.person_id))
            args += _arguments(bucket, used.get(index))
        return Call(found, args)


def _arguments(bucket: Bucket, used: int | None) -> list[Argument]:
    """Return the script's four arguments for `bucket`, of which `used` tokens are known taken."""
    ceiling = bucket.ceiling
    if not bucket.recalled:
        return [ceiling.burst, ceiling.interval_us, 0, "full"]
    keep_ms = _REMEMBERED // timedelta(milliseconds=1)
    return [ceiling.burst, ceiling.interval_us, keep_ms, "ask" if used is None else used]
