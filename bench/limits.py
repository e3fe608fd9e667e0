"""
Reservations for each second of one core, beside a bare INCR through the same client.

Both ends are measured: a sender's process with as many calls under way as senders usually have
messages in hand, and Redis. It is their CPU seconds that count, so whoever else uses the machine
changes little.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count

from bench.report import Figure, show
from dev.servers import embedded_redis
from switchboard.contracts import AccountId, PersonId
from switchboard.errors import Throttled
from switchboard.state import Bucket, Ceiling, Limits, open_redis
from switchboard.state.client import Redis

ACCOUNTS = 500
UNDER_WAY = 32
CALLS = 20_000
TOGETHER = 100
HOUR = timedelta(hours=1)
ENDLESS = Ceiling(burst=1_000_000, sustained=1_000_000, window=HOUR)  # never in the way
ONE = Ceiling(burst=1, sustained=1, window=HOUR)

Call = Callable[[int], Awaitable[object]]


class Calls:
    """The calls that are compared."""

    def __init__(self, redis: Redis) -> None:
        self._redis, self._limits = redis, Limits(redis)
        self._endless, self._one = reply(ENDLESS, "endless"), reply(ONE, "one")

    async def bare(self, number: int) -> None:
        """Count, and nothing else."""
        await self._redis.incr(account(number))

    async def granted(self, number: int) -> None:
        """Take a private reply's turn."""
        await self._limits.reserve(account(number), self._endless, recall=nothing)

    async def refused(self, number: int) -> None:
        """Be told to wait for one: the first of each account has had it."""
        with contextlib.suppress(Throttled):
            await self._limits.reserve(account(number), self._one, recall=nothing)

    async def free(self, number: int) -> None:
        """Ask how many turns there are, for many accounts in one call."""
        if number % TOGETHER == 0:
            asked = [(account(number + n), self._endless[2]) for n in range(TOGETHER)]
            await self._limits.free_many(asked)


def account(number: int) -> AccountId:
    """Return one of the accounts."""
    return AccountId(str(17841400000000000 + number % ACCOUNTS))


def reply(ceiling: Ceiling, kind: str) -> list[Bucket]:
    """Return as many limits as a private reply has: two of them for a moment, one for long."""
    person_id = PersonId("1234567890123456")
    return [
        Bucket(name=f"{kind}_sends", ceiling=ceiling),
        Bucket(name=f"{kind}_person", ceiling=ceiling, person_id=person_id),
        Bucket(name=f"{kind}_replies", ceiling=ceiling, recalled=True),
    ]


async def nothing(_bucket: Bucket) -> int:
    """Recall nothing: the first call to a bucket asks, the others do not."""
    return 0


async def measured(redis: Redis, call: Call) -> tuple[float, float]:
    """Return how many calls a core of the client's makes in a second, and a core of Redis's."""
    numbers = count()

    async def some() -> None:
        while (number := next(numbers)) < CALLS:
            await call(number)

    for number in range(ACCOUNTS):  # what comes once: connections, scripts, first turns
        await call(number)
    before_s, began_s = await redis_cpu_s(redis), time.process_time()
    await asyncio.gather(*(some() for _ in range(UNDER_WAY)))
    ours_s = time.process_time() - began_s
    return CALLS / ours_s, CALLS / (await redis_cpu_s(redis) - before_s)


async def redis_cpu_s(redis: Redis) -> float:
    """Return the CPU seconds that Redis has used."""
    used = await redis.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


async def main() -> None:
    """Measure a bare INCR, then turns that are granted, refused, and asked for."""
    async with embedded_redis() as server, open_redis(server.url) as redis:
        calls = Calls(redis)
        found = {
            "a bare INCR": await measured(redis, calls.bare),
            "a private reply's turn, granted": await measured(redis, calls.granted),
            "the same, refused": await measured(redis, calls.refused),
            f"how many turns there are, {TOGETHER} at once": await measured(redis, calls.free),
        }
    for title, end in (("the client", 0), ("Redis", 1)):
        figures = [Figure(name, per_s[end], "/s") for name, per_s in found.items()]
        show(f"limits: for each second of one core of {title}", figures)


if __name__ == "__main__":
    asyncio.run(main())
