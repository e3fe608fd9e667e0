"""Reservations against a real Redis."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from switchboard.contracts import AccountId, PersonId
from switchboard.errors import Throttled, Unavailable
from switchboard.state import Bucket, Ceiling, Limited, Limits
from switchboard.state.client import Redis
from tests.integration.state.own_redis import OwnRedis

ACCOUNT = AccountId("17841400000000001")
HOURLY = Bucket(
    name="private_replies",
    ceiling=Ceiling(burst=10, sustained=60, window=timedelta(hours=1)),
    recalled=True,
)
EVERY_SECOND = Bucket(
    name="sends", ceiling=Ceiling(burst=3, sustained=1, window=timedelta(hours=1))
)


def bucket_of(name: str, burst: int, sustained: int) -> Bucket:
    """A bucket that holds `burst` and gets `sustained` an hour."""
    return Bucket(
        name=name, ceiling=Ceiling(burst=burst, sustained=sustained, window=timedelta(hours=1))
    )


class Ledger:
    """What Postgres would answer, and what it was asked."""

    def __init__(self, used: int = 0) -> None:
        self.used, self.asked = used, 0

    async def __call__(self, bucket: Bucket) -> int:
        self.asked += 1
        return self.used


async def granted(
    limits: Limits, bucket: Bucket, tries: int, *, ledger: Ledger | None = None
) -> int:
    """Return how many of `tries` concurrent reservations were granted."""
    recall = ledger or Ledger()
    tried = (limits.reserve(ACCOUNT, [bucket], recall=recall) for _ in range(tries))
    outcomes = await asyncio.gather(*tried, return_exceptions=True)
    assert all(outcome is None or isinstance(outcome, Throttled) for outcome in outcomes)
    return sum(outcome is None for outcome in outcomes)


async def test_a_burst_is_granted_and_no_more(redis: Redis) -> None:
    """However many senders ask at once, a full bucket grants exactly its burst."""
    assert 10 == await granted(Limits(redis), HOURLY, 40)


async def test_the_wait_is_when_the_next_token_comes(redis: Redis) -> None:
    """60 an hour is one a minute: an empty bucket says to come back in a minute."""
    now_us = 10**15
    limits = Limits(redis, now_us=lambda: now_us)
    for _ in range(10):
        await limits.reserve(ACCOUNT, [HOURLY], recall=Ledger())

    with pytest.raises(Throttled) as caught:
        await limits.reserve(ACCOUNT, [HOURLY], recall=Ledger())

    assert 60.0 == caught.value.after_s


async def test_all_or_nothing(redis: Redis) -> None:
    """A call that one bucket refuses takes nothing from the others."""
    limits = Limits(redis)
    for _ in range(3):
        await limits.reserve(ACCOUNT, [EVERY_SECOND], recall=Ledger())
    for _ in range(5):
        with pytest.raises(Throttled):
            await limits.reserve(ACCOUNT, [HOURLY, EVERY_SECOND], recall=Ledger())

    assert 10 == await granted(limits, HOURLY, 20)


async def test_people_and_accounts_do_not_share(redis: Redis) -> None:
    """Each person has a bucket of their own, and so has each account."""
    limits = Limits(redis)
    ceiling = Ceiling(burst=1, sustained=1, window=timedelta(hours=1))
    for person in ("1", "2"):
        bucket = Bucket(name="person", ceiling=ceiling, person_id=PersonId(person))
        await limits.reserve(ACCOUNT, [bucket], recall=Ledger())
        await limits.reserve(AccountId("2"), [bucket], recall=Ledger())
        with pytest.raises(Throttled):
            await limits.reserve(ACCOUNT, [bucket], recall=Ledger())


@pytest.mark.parametrize(("used", "left"), [(0, 10), (4, 6), (10, 0), (700, 0)])
async def test_a_flush_forgets_nothing_that_matters(redis: Redis, used: int, left: int) -> None:
    """After Redis was emptied, what Postgres saw begin in the last hour is counted as taken."""
    ledger = Ledger()
    limits = Limits(redis)
    await granted(limits, HOURLY, 40)
    await redis.flushdb()
    ledger.used = used

    assert left == await granted(limits, HOURLY, 40, ledger=ledger)


async def test_an_empty_bucket_fills_again_after_a_flush(redis: Redis) -> None:
    """What Postgres told of an emptied bucket is kept: its tokens come back from then on."""
    now_us = 10**15
    limits, ledger = Limits(redis, now_us=lambda: now_us), Ledger(used=700)
    none = await granted(limits, HOURLY, 5, ledger=ledger)
    asked, now_us = ledger.asked, now_us + 60 * 1_000_000

    assert 0 == none
    assert 1 == await granted(limits, HOURLY, 5, ledger=ledger)
    assert asked == ledger.asked


async def test_postgres_is_asked_only_when_redis_does_not_know(redis: Redis) -> None:
    """The hot path reads nothing from Postgres."""
    ledger = Ledger()
    limits = Limits(redis)
    for _ in range(5):
        await limits.reserve(
            ACCOUNT, [HOURLY, EVERY_SECOND] if ledger.asked == 0 else [HOURLY], recall=ledger
        )

    assert 1 == ledger.asked


async def test_after_a_flush_turns_come_back(redis: Redis) -> None:
    """What Postgres said is kept though nothing was granted, or every try would begin anew."""
    now_us, minute_us, ledger = 10**15, 60 * 10**6, Ledger(used=700)
    limits = Limits(redis, now_us=lambda: now_us)

    for _ in range(3):
        with pytest.raises(Throttled) as caught:
            await limits.reserve(ACCOUNT, [HOURLY], recall=ledger)
        assert 60.0 == caught.value.after_s
        now_us += minute_us
        await limits.reserve(ACCOUNT, [HOURLY], recall=ledger)

    assert 1 == ledger.asked


async def test_whoever_waits_is_told_for_what(redis: Redis) -> None:
    """Of several empty buckets it is the one that takes longest to have a token again."""
    limits = Limits(redis)
    hourly, slow = bucket_of("hourly", burst=1, sustained=60), bucket_of("slow", 2, 2)
    await limits.reserve(ACCOUNT, [hourly, slow], recall=Ledger())
    with pytest.raises(Limited) as first:
        await limits.reserve(ACCOUNT, [hourly, slow], recall=Ledger())
    await limits.reserve(ACCOUNT, [slow], recall=Ledger())
    with pytest.raises(Limited) as second:
        await limits.reserve(ACCOUNT, [hourly, slow], recall=Ledger())

    assert ["limit_hourly", "limit_slow"] == [one.value.limit for one in (first, second)]
    assert first.value.after_s <= 60 < second.value.after_s


async def test_a_redis_that_is_away_grants_nothing(server: OwnRedis, fragile: Redis) -> None:
    """Limits fail closed; when Redis is back, the same client goes on, scripts unknown or not."""
    limits = Limits(fragile)
    await limits.reserve(ACCOUNT, [HOURLY], recall=Ledger())
    await server.stop()
    with pytest.raises(Unavailable):
        await limits.reserve(ACCOUNT, [HOURLY], recall=Ledger())
    await server.start()

    assert 10 == await granted(limits, HOURLY, 20)


async def test_a_crowd_waits_for_its_connections(redis: Redis) -> None:
    """More senders at once than there are connections are not told that Redis is away."""
    bucket = bucket_of("wide", 1000, 1)

    assert 300 == await granted(Limits(redis), bucket, 300)


async def test_a_full_redis_grants_nothing(fragile: Redis) -> None:
    """A Redis without memory is away, not a bug: the reservation may be tried again."""
    limits = Limits(fragile)
    await fragile.config_set("maxmemory", "1")
    with pytest.raises(Unavailable):
        await limits.reserve(ACCOUNT, [HOURLY], recall=Ledger())
    await fragile.config_set("maxmemory", "0")
    await limits.reserve(ACCOUNT, [HOURLY], recall=Ledger())


async def test_a_primary_cut_off_from_its_replicas_grants_nothing(fragile: Redis) -> None:
    """A Redis that may not write now is away, not a bug."""
    await fragile.config_set("min-replicas-to-write", "1")
    with pytest.raises(Unavailable):
        await Limits(fragile).reserve(ACCOUNT, [HOURLY], recall=Ledger())


async def test_forgotten_scripts_are_loaded_again(fragile: Redis) -> None:
    """SCRIPT FLUSH costs one more round trip and is not noticed otherwise."""
    limits = Limits(fragile)
    await limits.reserve(ACCOUNT, [HOURLY], recall=Ledger())
    await fragile.script_flush()
    await limits.reserve(ACCOUNT, [HOURLY], recall=Ledger())


def test_every_key_of_a_call_is_in_one_slot() -> None:
    """A cluster runs a script only when all its keys hash alike: by the account in braces."""
    from switchboard.contracts import ids
    from switchboard.state import keys

    person = PersonId("9")
    made = [
        keys.claim(ACCOUNT, ids.event_id("c:1")),
        keys.window(ACCOUNT, person),
        keys.contact(ACCOUNT, person),
        keys.limit(ACCOUNT, "sends"),
        keys.limit(ACCOUNT, "person", person),
        keys.cooldown(ACCOUNT),
        keys.pace(ACCOUNT),
    ]
    apps = [keys.brake(), keys.last_brake()]

    assert {ACCOUNT} == set(map(slot_of, made))
    assert {"app"} == set(map(slot_of, apps))
    assert len(made + apps) == len({*made, *apps})


def slot_of(key: str) -> str:
    """What Redis Cluster hashes of a key."""
    return key[key.index("{") + 1 : key.index("}")]
