"""
Reservations a second, beside a bare INCR through the same client and to the same Redis.

One process, as a sender is, with as many calls under way as senders usually have messages in hand.
What Redis itself spends on a call is its own count (`INFO commandstats`), so that the client's
Python is not in it.
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
ASKED_TOGETHER = 100
HOUR = timedelta(hours=1)
ENDLESS = Ceiling(burst=1_000_000, sustained=1_000_000, window=HOUR)  # never in the way
ONE = Ceiling(burst=1, sustained=1, window=HOUR)

Call = Callable[[int], Awaitable[object]]


async def nothing(_bucket: Bucket) -> int:
    """Recall nothing: the first call to a bucket asks, the others do not."""
    return 0


def reply(ceiling: Ceiling) -> list[Bucket]:
    """Return the limits of a private reply."""
    return [
        Bucket(name="sends", ceiling=ceiling),
        Bucket(name="person", ceiling=ceiling, person_id=PersonId("1234567890123456")),
        Bucket(name="private_replies", ceiling=ceiling, recalled=True),
    ]


async def measured(redis: Redis, call: Call, command: str) -> tuple[float, float]:
    """Return the calls a second, and the microseconds that Redis spends on `command`."""
    numbers = count()

    async def calls() -> None:
        while (number := next(numbers)) < CALLS:
            await call(number)

    for number in range(ACCOUNTS):  # what comes once
        await call(number)
    await redis.config_resetstat()
    began = time.perf_counter()
    await asyncio.gather(*(calls() for _ in range(UNDER_WAY)))
    elapsed_s = time.perf_counter() - began
    stats = await redis.info("commandstats")
    return CALLS / elapsed_s, stats[f"cmdstat_{command}"]["usec_per_call"]


async def main() -> None:
    """Measure a bare INCR, then turns that are granted, refused, and asked for."""
    async with embedded_redis() as server, open_redis(server.url) as redis:
        limits, endless, one = Limits(redis), reply(ENDLESS), reply(ONE)
        accounts = [AccountId(str(17841400000000000 + number)) for number in range(ACCOUNTS)]
        other = [AccountId(f"9{account}") for account in accounts]

        async def incr(number: int) -> None:
            await redis.incr(accounts[number % ACCOUNTS])

        async def granted(number: int) -> None:
            await limits.reserve(accounts[number % ACCOUNTS], endless, recall=nothing)

        async def refused(number: int) -> None:
            with contextlib.suppress(Throttled):
                await limits.reserve(other[number % ACCOUNTS], one, recall=nothing)

        async def free(_number: int) -> None:
            await limits.free_many([(it, endless[0]) for it in accounts[:ASKED_TOGETHER]])

        found = {
            "a bare INCR": await measured(redis, incr, "incrby"),  # as the client sends it
            "a private reply's turn, three limits, granted": await measured(
                redis, granted, "evalsha"
            ),
            "the same, refused": await measured(redis, refused, "evalsha"),
        }
        began = time.perf_counter()
        for number in range(CALLS // ASKED_TOGETHER):
            await free(number)
        asked = CALLS / (time.perf_counter() - began)
    by_client = [Figure(name, per_s, "/s") for name, (per_s, _) in found.items()]
    by_client.append(Figure(f"turns asked for, {ASKED_TOGETHER} accounts at once", asked, "/s"))
    show("limits: calls a second from one process", by_client)
    show("limits: what Redis spends", [Figure(name, us, "us") for name, (_, us) in found.items()])


if __name__ == "__main__":
    asyncio.run(main())
