"""
A viral post: 60,000 comments in five minutes, a second one beside it, and 200 quiet accounts.

In simulated time (`simulated`), so that seven days are minutes. First the quiet accounts alone,
then all; the quiet ones must not notice. Every comment of the two must be answered within its seven
days, and no rolling hour of any account may hold more than Meta's 750. A third account has more
comments than its ceiling lets through in seven days: the forecast must say so within a minute, and
how many.

`python -m bench.viral [SHARE]` runs with a share of those numbers, e.g. 0.1.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import count
from pathlib import Path
from typing import Final

import structlog

from bench.report import Figure, show
from bench.simulated import MARGIN, Somebody, World, open_world
from dev import platform
from dev.servers import embedded_postgres, embedded_redis
from switchboard.db import migrate
from switchboard.rules.ceilings import HOUR, private_replies
from tests.integration.db.town import Shop

META_MOST: Final = 750
SEVEN_DAYS: Final = timedelta(days=7)
MINUTE: Final = timedelta(minutes=1)
RUSH: Final = 5 * MINUTE
QUIET: Final = 10 * MINUTE  # how long the quiet accounts are watched, each time
QUIET_EACH: Final = MINUTE  # somebody comes to each of them this often
SLOW_AN_HOUR: Final = 60
_STEP: Final = MINUTE
# Days pass in rounds of a minute where a pacer makes one each second, so a few turns come too late.
_ROUNDED: Final = 0.005
_SERIES: Final = 200
_MIGRATIONS: Final = Path(__file__).parent.parent / migrate.DIRECTORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many of each."""

    viral: int = 60_000
    second: int = 20_000
    hopeless: int = 11_000
    quiet: int = 200

    def times(self, share: float) -> Scale:
        """Return a share of it."""
        return Scale(
            viral=int(self.viral * share),
            second=int(self.second * share),
            hopeless=self.hopeless,
            quiet=int(self.quiet * share),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What was said of the account that has too many, and what came of it."""

    true_at: datetime
    told_at: datetime | None
    told: int
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of it all."""

    alone_s: Sequence[float]
    beside_s: Sequence[float]
    path_alone_ms: float
    path_beside_ms: float
    states: Counter[str]
    twice: int
    most_in_an_hour: int
    longest: timedelta
    foreseen: Foreseen
    claims: float


async def play(world: World, scale: Scale) -> Found:
    """Let it all happen."""
    quiet = await world.open_shops(scale.quiet)
    viral, second = await world.open_shops(2)
    (hopeless,) = await world.open_shops(1, an_hour=SLOW_AN_HOUR)
    numbers = count()

    alone = list(_quiet(quiet, world.clock.now(), numbers))
    await world.live(alone, world.clock.now() + QUIET)
    path_alone_ms = await _path_ms(world, quiet[0], numbers)

    began = world.clock.now()
    beside = list(_quiet(quiet, began, numbers))
    crowds = [
        list(_rush(shop, began, many, numbers))
        for shop, many in ((viral, scale.viral), (second, scale.second))
    ]
    too_many = list(_rush(hopeless, began, scale.hopeless, numbers))
    everybody = list(merge(beside, *crowds, too_many, key=lambda one: one.at))
    await _foreseeing(world, everybody, began + QUIET)
    path_beside_ms = await _path_ms(world, quiet[0], numbers)

    await _drain(world, began, [viral, second, hopeless])
    states = sum([await world.states(shop) for shop in (*quiet, viral, second)], Counter())
    last = await world.states(hopeless)
    return Found(
        alone_s=_waits_s(world, alone),
        beside_s=_waits_s(world, beside),
        path_alone_ms=path_alone_ms,
        path_beside_ms=path_beside_ms,
        states=states,
        twice=world.meta.twice,
        most_in_an_hour=world.meta.most_in(HOUR),
        longest=_longest(world, [one for crowd in crowds for one in crowd]),
        foreseen=_foreseen(world, hopeless, too_many, last["expired"]),
        claims=await _claims_each(world),
    )


def faults(found: Found) -> Iterator[str]:
    """Yield what must not be and is."""
    others = {state: many for state, many in found.states.items() if state != "sent"}
    if others:
        yield f"not answered: {others}"
    if found.twice:
        yield f"{found.twice} answered twice"
    if found.most_in_an_hour > META_MOST:
        yield f"{found.most_in_an_hour} private replies in an hour"
    if found.longest > SEVEN_DAYS:
        yield f"somebody waited {found.longest}"
    foreseen = found.foreseen
    if foreseen.told_at is None or foreseen.told_at - foreseen.true_at > MINUTE:
        yield f"true at {foreseen.true_at}, told at {foreseen.told_at}"
    if abs(foreseen.told - foreseen.missed) > _ROUNDED * foreseen.missed:
        yield f"{foreseen.told} were foreseen to be late, {foreseen.missed} were"


async def main(share: float) -> None:
    """Play, and report; fail if a promise is broken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    began_s, scale = time.perf_counter(), Scale().times(share)
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(embedded_postgres())
        redis = await stack.enter_async_context(embedded_redis())
        await platform.apply(postgres.url)
        await migrate.apply(postgres.url, _MIGRATIONS)
        await postgres.let_in("switchboard_pipeline")
        world = await stack.enter_async_context(
            open_world(
                owner_url=postgres.url,
                pipeline_url=postgres.address(role="switchboard_pipeline"),
                redis_url=redis.url,
            )
        )
        found = await play(world, scale)
    _report(found, scale, time.perf_counter() - began_s)
    broken = list(faults(found))
    if broken:
        sys.exit("; ".join(broken))


def _quiet(shops: Sequence[Shop], began: datetime, numbers: Iterator[int]) -> Iterator[Somebody]:
    """Yield who comes to quiet accounts: one each minute to each, who comments or writes."""
    every = QUIET_EACH / max(len(shops), 1)
    for turn in range(QUIET // QUIET_EACH):
        for place, shop in enumerate(shops):
            at = began + turn * QUIET_EACH + place * every
            yield Somebody(at, shop, f"{next(numbers)}", writes=(turn + place) % 2 == 0)


def _rush(shop: Shop, began: datetime, many: int, numbers: Iterator[int]) -> Iterator[Somebody]:
    """Yield so many who comment, evenly, within five minutes."""
    for number in range(many):
        yield Somebody(began + number * RUSH / many, shop, f"{next(numbers)}")


async def _foreseeing(world: World, people: Sequence[Somebody], until: datetime) -> None:
    """Let it happen, with the forecaster looking every five seconds."""
    at = 0
    while world.clock.now() < until:
        soon = min(world.clock.now() + timedelta(seconds=5), until)
        first = at
        while at < len(people) and people[at].at <= soon:
            at += 1
        await world.live(people[first:at], soon)
        await world.foresee()


async def _drain(world: World, began: datetime, shops: Sequence[Shop]) -> None:
    """Let days pass until nobody waits any more."""
    waiting = True
    while waiting and world.clock.now() < began + 2 * SEVEN_DAYS:
        await world.pass_time(world.clock.now() + HOUR, each=_STEP)
        states = [await world.states(shop) for shop in shops]
        waiting = any(one["parked"] or one["ready"] for one in states)


async def _path_ms(world: World, shop: Shop, numbers: Iterator[int]) -> float:
    """Return the median wall time from recording somebody who writes to what is recorded of it."""
    times_ms = []
    for _ in range(_SERIES):
        await world.clock.reach(world.clock.now() + timedelta(seconds=1))
        began_s = time.perf_counter()
        await world.come([Somebody(world.clock.now(), shop, f"{next(numbers)}", writes=True)])
        await world.work()
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(times_ms)


def _waits_s(world: World, people: Sequence[Somebody]) -> list[float]:
    """Return how long each waited for the call to Meta, as the world's clock has it."""
    answered = world.meta.answered
    return [(answered[one.name] - one.at).total_seconds() for one in people]


def _longest(world: World, people: Sequence[Somebody]) -> timedelta:
    return max(world.meta.answered[one.name] - one.at for one in people)


def _foreseen(world: World, shop: Shop, people: Sequence[Somebody], missed: int) -> Foreseen:
    """Return when it became true that somebody will be late, by counting, and when it was told."""
    ceiling = private_replies(SLOW_AN_HOUR)
    each = timedelta(microseconds=ceiling.interval_us)
    first = people[0].at
    true_at = next(
        one.at
        for number, one in enumerate(people)
        if first + (number + 1 - ceiling.burst) * each > one.at + SEVEN_DAYS - MARGIN
    )
    told = world.alerts[shop.account, ""]
    return Foreseen(
        true_at=true_at,
        told_at=told[0][0] if told else None,
        told=told[-1][1].detail["missed"] if told else 0,
        missed=missed,
    )


async def _claims_each(world: World) -> float:
    """Return how often each delivery was taken by a sender."""
    row = await world.owner.fetchrow(_CLAIMS)
    return 0.0 if row is None else float(row["each"])


_CLAIMS: Final = """
select (select count(*) from public.delivery_transitions where after = 'sending')::float8
       / count(*) as each
  from public.deliveries
 where state = 'sent'
"""


def _report(found: Found, scale: Scale, wall_s: float) -> None:
    for name, percentile in (("p50", 50), ("p95", 95), ("p99", 99)):
        show(
            f"quiet accounts, from coming to the call, simulated, {name}",
            [
                Figure("alone", _at(found.alone_s, percentile), "s"),
                Figure("beside the viral posts", _at(found.beside_s, percentile), "s"),
            ],
        )
    show(
        "the same path, wall time, median",
        [
            Figure("nobody waits", found.path_alone_ms, "ms"),
            Figure("everybody waits", found.path_beside_ms, "ms"),
        ],
    )
    foreseen = found.foreseen
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{scale.viral + scale.second:,} comments: {dict(found.states)}, {found.twice} twice; "
        f"the last after {found.longest.total_seconds() / 3600:.1f} h; at most "
        f"{found.most_in_an_hour} in a rolling hour; taken {found.claims:.3f} times each\n"
        f"{scale.hopeless:,} at {SLOW_AN_HOUR} an hour: {foreseen.told:,} foreseen to be late, "
        f"{foreseen.told_at and foreseen.told_at - foreseen.true_at} after it was true; "
        f"{foreseen.missed:,} were late\n"
        f"{wall_s:.0f} s; {peak_mib:.0f} MiB"
    )


def _at(values: Sequence[float], percentile: int) -> float:
    return statistics.quantiles(values, n=100)[percentile - 1]


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
