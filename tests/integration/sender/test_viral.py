"""A post that goes viral, in simulated time; `bench.viral` plays it with tens of thousands."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bench.simulated import Somebody, open_world
from switchboard.rules.ceilings import HOUR

CROWD, QUIET = 850, 5
MINUTE = timedelta(minutes=1)


async def test_a_crowd_is_answered_within_metas_hours(
    database_url: str, pipeline_url: str, redis_url: str
) -> None:
    """More than an hour holds: all are answered once, no hour is over, and nobody else waits."""
    async with open_world(
        owner_url=database_url, pipeline_url=pipeline_url, redis_url=redis_url
    ) as world:
        (viral,) = await world.open_shops(1)
        quiet = await world.open_shops(QUIET)
        began = world.clock.now()
        crowd = [
            Somebody(began + number * MINUTE / CROWD, viral, f"c{number}")
            for number in range(CROWD)
        ]
        others = [
            Somebody(began + MINUTE / 2, shop, f"q{place}", writes=place % 2 == 0)
            for place, shop in enumerate(quiet)
        ]
        people = sorted([*crowd, *others], key=lambda one: one.at)
        await world.live(people, began + 2 * MINUTE)
        waiting = await world.states(viral)
        await world.pass_time(began + 2 * HOUR, each=MINUTE)

        answered = world.meta.answered
        assert waiting["sent"] < CROWD == waiting.total()
        assert Counter(sent=CROWD) == await world.states(viral)
        assert 0 == world.meta.twice
        assert 700 < world.meta.most_in(HOUR) <= 750
        assert {timedelta()} == {answered[one.name] - one.at for one in others}
