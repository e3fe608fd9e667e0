"""
How fast we may call Meta for an account, agreed between all senders.

A limit is a bucket: it holds `burst` tokens and gets `sustained` back in each `window`. In any
span of one window, wherever it begins, no more than `burst + sustained` are granted; that sum must
not exceed what Meta allows. A counter that starts afresh each hour would grant twice the limit
around the turn of the hour.

What Meta allows may be less than it says, so an account also has a pace: a share of its ceilings,
which falls when Meta's figures say that a budget is nearly spent, or when Meta refuses, and grows
back slowly. It makes tokens dearer and never adds one, so the ceilings hold whatever it does.
`lua/reserve.lua` has the arithmetic and its proof.

It is one Lua script over all buckets of a call, on Redis's clock: senders' clocks differ, and there
is one Redis. What concerns every account of the app, the brake, is another slot's; it is looked at
beside the script, in the same round trip, and a token that was taken under it is a token unused. It
all fails closed: while Redis is away nothing is granted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final, cast

from switchboard.contracts import AccountId, PersonId
from switchboard.errors import Throttled, Unavailable
from switchboard.rules.ceilings import Ceiling
from switchboard.state import keys
from switchboard.state.client import Redis
from switchboard.state.scripts import Argument, Call, Script

# How long a recalled bucket is remembered after its last use: one missing for longer, or lost with
# Redis, costs one question to Postgres.
_REMEMBERED: Final = timedelta(days=30)
# How long Meta's figures stand once nothing new is heard: its budgets are of an hour or a day, so
# not much comes back in a twelfth of an hour.
_FIGURES_STAND: Final = timedelta(minutes=5)
# Meta reckons an app's calls by the hour: after one, whatever was too much is forgotten.
_LONGEST_DOUBLED: Final = timedelta(hours=1)
_BRAKE_COUNTS: Final = timedelta(hours=1)
_FULL: Final = 1000  # shares are kept in thousandths
_MILLISECOND: Final = timedelta(milliseconds=1)

# The bucket of reads of conversations: senders and the caretaker take from the same one.
CONVERSATIONS: Final = "conversations"

# How many other calls of a bucket were begun in its last window, from what survives Redis.
Recall = Callable[["Bucket"], Awaitable[int]]


class Limited(Throttled):
    """
    Our own limits say wait; nothing was asked of Meta.

    `limit` says which, as it is stored with what waits: `limit_` and the bucket's name, `cooling`
    for an account and `app_cooling` for all of them.
    """

    reason: ClassVar[str] = "our_limits"

    def __init__(self, limit: str, *, after_s: float) -> None:
        super().__init__(f"{limit}: wait {after_s:.3f} s", after_s=after_s)
        self.limit = limit


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
        self._reserve, self._free, self._heed, self._refused = (
            Script(redis, name, parts=("pace",)) for name in ("reserve", "free", "heed", "refused")
        )
        self._brake = Script(redis, "brake")
        self._now_us = now_us

    async def reserve(
        self,
        account_id: AccountId,
        buckets: Sequence[Bucket],
        *,
        recall: Recall,
        to_meta: bool = True,
    ) -> None:
        """
        Take one token from each of `buckets`, or none at all.

        `recall` is asked about a recalled bucket that Redis does not know: how many calls besides
        this one were begun in its last window. Too many is safe, too few is not. Cooling down and
        going slower concern only calls `to_meta`.

        Raises:
            Limited: One is empty, or the account or the app cools down; `after_s` is the wait
                until all could be taken, if nobody else takes them first.
            Unavailable: Redis is away; nothing may be sent.
        """
        used: dict[int, int] = {}
        for _ in range(len(buckets) + 1):
            call = self._call(account_id, buckets, used, to_meta=to_meta)
            (answer,), braked = await self._reserve.run_beside([call], keys.brake())
            wait_ms, which = cast("list[int]", answer)
            if braked and to_meta:
                raise Limited("app_cooling", after_s=braked.total_seconds())
            if wait_ms == 0:
                return
            if wait_ms > 0:
                limit = f"limit_{buckets[which - 1].name}" if which else "cooling"
                raise Limited(limit, after_s=wait_ms / 1000)
            used[which - 1] = await recall(buckets[which - 1])
        raise Unavailable("Redis forgets buckets while they are filled")

    async def free(self, account_id: AccountId, bucket: Bucket) -> int:
        """
        Return how many tokens `bucket` would grant for calls to Meta at this moment; take none.

        That is 0 while the account or the app cools down. A recalled bucket that Redis does not
        know counts as full: who reserves will ask.

        Raises:
            Unavailable: Redis is away (and so nothing is granted).
        """
        (tokens,) = await self.free_many([(account_id, bucket)])
        return tokens

    async def free_many(self, asked: Sequence[tuple[AccountId, Bucket]]) -> list[int]:
        """
        Return what `free` would for each of `asked`, in one round trip.

        Raises:
            Unavailable: Redis is away (and so nothing is granted).
        """
        calls = [self._free_call(account_id, bucket) for account_id, bucket in asked]
        answers, braked = await self._free.run_beside(calls, keys.brake())
        return [0 if braked else cast("int", tokens) for tokens in answers]

    async def heed(self, account_id: AccountId, *, share: float, wait: timedelta) -> None:
        """
        Go at `share` of the account's full pace while Meta's figures stand, after a `wait` at 0.

        A lesser share that stands, or a longer wait already agreed on, is kept.

        Raises:
            Unavailable: Redis is away (and so nothing is granted anyway).
        """
        told = min(_FULL, max(0, int(share * _FULL)))
        waits_ms = (_whole_ms(wait), _whole_ms(_FIGURES_STAND))
        await self._heed.run(Call(_pace_keys(account_id), [self._now(), told, *waits_ms]))

    async def refused(self, account_id: AccountId, *, wait: timedelta) -> None:
        """
        Learn from Meta's refusing a call for a limit: none for `wait`, then fewer for a while.

        Raises:
            Unavailable: Redis is away (and so nothing is granted anyway).
        """
        wait_ms = max(1, _whole_ms(wait))
        await self._refused.run(Call(_pace_keys(account_id), [self._now(), wait_ms]))

    async def brake(self, *, wait: timedelta) -> None:
        """
        Grant nothing to any account for `wait`, or for longer if the last time is not long ago.

        Raises:
            Unavailable: Redis is away (and so nothing is granted anyway).
        """
        lengths = (wait, _LONGEST_DOUBLED, _BRAKE_COUNTS)
        args = [max(1, _whole_ms(length)) for length in lengths]
        await self._brake.run(Call([keys.brake(), keys.last_brake()], args))

    def _call(
        self,
        account_id: AccountId,
        buckets: Sequence[Bucket],
        used: dict[int, int],
        *,
        to_meta: bool,
    ) -> Call:
        found = _pace_keys(account_id)
        args: list[Argument] = [self._now(), int(to_meta)]
        for index, bucket in enumerate(buckets):
            found.append(keys.limit(account_id, bucket.name, bucket.person_id))
            args += _arguments(bucket, used.get(index))
        return Call(found, args)

    def _free_call(self, account_id: AccountId, bucket: Bucket) -> Call:
        key = keys.limit(account_id, bucket.name, bucket.person_id)
        ceiling = bucket.ceiling
        args = [self._now(), ceiling.burst, ceiling.interval_us]
        return Call([*_pace_keys(account_id), key], args)

    def _now(self) -> int:
        return 0 if self._now_us is None else self._now_us()


def _pace_keys(account_id: AccountId) -> list[str]:
    return [keys.cooldown(account_id), keys.pace(account_id)]


def _arguments(bucket: Bucket, used: int | None) -> list[Argument]:
    """Return the script's four arguments for `bucket`, of which `used` tokens are known taken."""
    ceiling = bucket.ceiling
    if not bucket.recalled:
        return [ceiling.burst, ceiling.interval_us, 0, "full"]
    keep_ms = _whole_ms(_REMEMBERED)
    return [ceiling.burst, ceiling.interval_us, keep_ms, "ask" if used is None else used]


def _whole_ms(length: timedelta) -> int:
    return length // _MILLISECOND
