"""How many turns there are, asked without taking one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.contracts import AccountId
from switchboard.errors import Unavailable
from switchboard.state import Bucket, Ceiling, Limits, keys
from switchboard.state.client import Redis
from tests.integration.state.happenings import (
    Step,
    ceilings,
    gap,
    live,
    refused,
    shared,
    steps,
    told,
)
from tests.integration.state.own_redis import OwnRedis
from tests.integration.state.world import World

ACCOUNT, OTHER = AccountId("17841400000000001"), AccountId("17841400000000002")
HOURLY = Bucket(
    name="private_replies",
    ceiling=Ceiling(burst=30, sustained=690, window=timedelta(hours=1)),
    recalled=True,
)
SENDS = Bucket(name="sends", ceiling=Ceiling(burst=10, sustained=40, window=timedelta(hours=1)))


async def recall(_bucket: Bucket) -> int:
    return 0


@shared
@given(ceiling=ceilings, happened=steps(told, refused), takes=st.integers(0, 12), last=gap)
async def test_what_is_free_is_granted(
    redis: Redis, ceiling: Ceiling, happened: list[Step], takes: int, last: int
) -> None:
    """Whatever happened before, exactly as many tokens are granted as there were said to be."""
    world = World(redis, Bucket(name="b", ceiling=ceiling))
    await live(world, happened)
    world.now_us += last
    for _ in range(takes):
        await world.attempt()

    said = await world.senders[2].free(world.account_id, world.bucket)

    assert said == await world.senders[1].free(world.account_id, world.bucket)
    assert said == await world.take_all()


async def test_a_bucket_nobody_knows_is_full(redis: Redis) -> None:
    """Also one that would be asked for: who reserves asks, and may get less."""
    limits = Limits(redis)

    assert [30, 10] == await limits.free_many([(ACCOUNT, HOURLY), (OTHER, SENDS)])


async def test_each_account_has_its_own(redis: Redis) -> None:
    """Many accounts are asked about at once, and answered in their order."""
    limits = Limits(redis)
    for _ in range(7):
        await limits.reserve(ACCOUNT, [HOURLY], recall=recall)
    await limits.reserve(OTHER, [SENDS], recall=recall)

    asked = [(ACCOUNT, HOURLY), (OTHER, HOURLY), (OTHER, SENDS), (ACCOUNT, SENDS)]
    assert [23, 30, 9, 10] == await limits.free_many(asked)
    assert [] == await limits.free_many([])


async def test_nothing_is_free_while_an_account_cools_down(redis: Redis) -> None:
    """One that Meta wants quiet has no turns; the others have theirs."""
    limits = Limits(redis)
    await limits.refused(ACCOUNT, wait=timedelta(minutes=1))

    assert [0, 30] == await limits.free_many([(ACCOUNT, HOURLY), (OTHER, HOURLY)])


async def test_nothing_is_free_while_the_app_cools_down(redis: Redis) -> None:
    """When Meta wants the app quiet, nobody has turns."""
    limits = Limits(redis)
    await limits.brake(wait=timedelta(minutes=1))

    assert [0, 0] == await limits.free_many([(ACCOUNT, HOURLY), (OTHER, SENDS)])


async def test_asking_takes_nothing_and_leaves_nothing(redis: Redis) -> None:
    """One round trip for all of them: a script each and one look at the brake, and no key more."""
    limits = Limits(redis)
    await limits.free(ACCOUNT, HOURLY)
    await redis.config_resetstat()
    await limits.free_many([(AccountId(str(n)), HOURLY) for n in range(20)])

    stats = await redis.info("commandstats")
    assert (20, 1) == (stats["cmdstat_evalsha"]["calls"], stats["cmdstat_pttl"]["calls"])
    assert "cmdstat_multi" not in stats
    assert 0 == await redis.exists(keys.limit(ACCOUNT, HOURLY.name))


async def test_a_redis_that_is_away_says_so(server: OwnRedis, fragile: Redis) -> None:
    """Nobody takes silence for turns."""
    limits = Limits(fragile)
    await limits.free(ACCOUNT, HOURLY)
    await server.stop()

    with pytest.raises(Unavailable):
        await limits.free(ACCOUNT, HOURLY)
