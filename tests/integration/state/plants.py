"""Limiters that are wrong in ways limiters often are, for a referee to notice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from switchboard.contracts import AccountId
from switchboard.state import Bucket, Limits, Recall
from switchboard.state.client import Redis
from switchboard.state.scripts import Script
from tests.integration.state.world import WINDOW_US, Clock

MOST = 60

_FIXED_WINDOW = f"""
local key = KEYS[3] .. ':' .. math.floor(tonumber(ARGV[1]) / {WINDOW_US})
if redis.call('INCR', key) <= {MOST} then
  return {{ 0, 0 }}
end
redis.call('DECR', key)
return {{ 1000, 1 }}
"""


class Planted(Script):
    """A script whose source is another one."""

    def __init__(self, redis: Redis, source: str) -> None:
        super().__init__(redis, "reserve", parts=("pace",))
        self._source = source
        self._sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


def fixed_window(redis: Redis, now_us: Clock, _number: int) -> Limits:
    """Count in hours that begin at the full hour."""
    limits = Limits(redis, now_us=now_us)
    limits._reserve = Planted(redis, _FIXED_WINDOW)
    return limits


def stretched_interval(redis: Redis, now_us: Clock, _number: int) -> Limits:
    """Go slower by giving tokens back more slowly, so that a debt counts for less."""
    limits = Limits(redis, now_us=now_us)
    source = limits._reserve._source
    cost, read = "cost_us(interval_us, share)", "local keep_ms"
    for right, wrong in ((f"+ {cost}", "+ interval_us"), (read, f"interval_us = {cost} {read}")):
        assert 1 == source.count(right)
        source = source.replace(right, wrong)
    limits._reserve = Planted(redis, source)
    return limits


class CountedAlone(Limits):
    """Each process counts its own."""

    def __init__(self, redis: Redis, now_us: Clock, number: int) -> None:
        super().__init__(redis, now_us=now_us)
        self._number = number

    async def reserve(
        self,
        account_id: AccountId,
        buckets: Sequence[Bucket],
        *,
        recall: Recall,
        to_meta: bool = True,
    ) -> None:
        mine = AccountId(f"{account_id}-{self._number}")
        await super().reserve(mine, buckets, recall=_nothing, to_meta=to_meta)


class Forgetful(Limits):
    """What was granted before Redis was emptied is not asked for."""

    def __init__(self, redis: Redis, now_us: Clock, _number: int) -> None:
        super().__init__(redis, now_us=now_us)

    async def reserve(
        self,
        account_id: AccountId,
        buckets: Sequence[Bucket],
        *,
        recall: Recall,
        to_meta: bool = True,
    ) -> None:
        await super().reserve(account_id, buckets, recall=_nothing, to_meta=to_meta)


async def _nothing(_bucket: Bucket) -> int:
    return 0
