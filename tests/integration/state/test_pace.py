"""The pace of an account, and the brake of them all, agreed on in a real Redis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from switchboard.contracts import AccountId
from switchboard.errors import Unavailable
from switchboard.state import Bucket, Ceiling, Limited, Limits, keys
from switchboard.state.client import Redis
from tests.integration.state.own_redis import OwnRedis
from tests.integration.state.world import World

ACCOUNT, OTHER = AccountId("17841400000000001"), AccountId("17841400000000002")
INTERVAL = timedelta(seconds=1000)
# A token, and at the full pace another one after an interval.
BUCKET = Bucket(name="sends", ceiling=Ceiling(burst=1, sustained=1, window=INTERVAL))
NOT, MINUTE, HOUR = timedelta(), timedelta(minutes=1), timedelta(hours=1)
US = timedelta(microseconds=1)


async def recall(_bucket: Bucket) -> int:
    return 0


async def share(world: World) -> float:
    """Return at what share of its full pace the account goes: by what the next token's wait is."""
    await world.redis.delete(keys.limit(world.account_id, BUCKET.name))
    assert 0.0 == await world.attempt()
    return round(INTERVAL.total_seconds() / await world.attempt(), 3)


async def limited(limits: Limits, account_id: AccountId, buckets: Sequence[Bucket]) -> Limited:
    """Return why the account may not call."""
    with pytest.raises(Limited) as caught:
        await limits.reserve(account_id, buckets, recall=recall)
    return caught.value


class TestPace:
    @pytest.fixture
    def world(self, redis: Redis) -> World:
        """An account of which nothing is known."""
        return World(redis, BUCKET)

    async def test_nothing_known_is_the_full_pace(self, world: World) -> None:
        """An account nobody has complained of has all its ceilings allow."""
        assert 1.0 == await share(world)

    @pytest.mark.parametrize(
        ("told", "goes"), [(1.0, 1.0), (0.99, 0.99), (0.55, 0.55), (0.1, 0.1), (0.0, 0.1)]
    )
    async def test_an_account_goes_at_the_share_it_is_told(
        self, world: World, told: float, goes: float
    ) -> None:
        """All senders go at what one of them heard; never at less than a tenth."""
        await world.senders[1].heed(world.account_id, share=told, wait=NOT)

        assert goes == await share(world)

    async def test_the_least_share_stands(self, world: World) -> None:
        """An answer that tells of another budget does not speed up what one has slowed down."""
        limits = world.senders[0]
        found = []
        for told in (0.5, 0.3, 0.9):
            await limits.heed(world.account_id, share=told, wait=NOT)
            found.append(await share(world))

        assert [0.5, 0.3, 0.3] == found

    async def test_old_figures_are_forgotten(self, world: World) -> None:
        """After five minutes without news a share stands no more, and a greater one is taken."""
        limits = world.senders[0]
        await limits.heed(world.account_id, share=0.3, wait=NOT)
        world.now_us += 5 * MINUTE // US - 1
        before = await share(world)
        world.now_us += 1
        after = await share(world)
        await limits.heed(world.account_id, share=0.9, wait=NOT)

        assert (0.3, 1.0, 0.9) == (before, after, await share(world))

    async def test_figures_stand_beyond_the_wait_they_ask_for(self, world: World) -> None:
        """An account that was to be quiet for an hour begins slowly after it."""
        await world.senders[0].heed(world.account_id, share=0.1, wait=HOUR)
        world.now_us += HOUR // US - 1000
        during = await world.attempt()
        world.now_us += 1000

        assert 0.0 < during
        assert 0.1 == await share(world)

    async def test_a_refusal_halves_the_pace(self, world: World) -> None:
        """Each refusal after the wait of the one before halves what is left, down to a tenth."""
        found = []
        for _ in range(5):
            await world.senders[0].refused(world.account_id, wait=MINUTE)
            world.now_us += MINUTE // US
            found.append(await share(world))

        assert [0.5, 0.25, 0.125, 0.1, 0.1] == found

    async def test_refusals_of_calls_under_way_are_one_lesson(self, world: World) -> None:
        """Twenty calls refused at once are one sign of being too fast, not twenty."""
        for limits in world.senders * 7:
            await limits.refused(world.account_id, wait=MINUTE)
        world.now_us += MINUTE // US

        assert 0.5 == await share(world)

    async def test_a_refusal_halves_what_the_account_went_at(self, world: World) -> None:
        """Who was slowed down by figures already, and is refused, was still too fast."""
        await world.senders[0].heed(world.account_id, share=0.4, wait=NOT)
        await world.senders[0].refused(world.account_id, wait=HOUR)
        world.now_us += HOUR // US

        assert 0.2 == await share(world)

    async def test_the_pace_grows_back(self, world: World) -> None:
        """A hundredth a minute, counted from the end of the wait, up to the full pace."""
        await world.senders[0].refused(world.account_id, wait=HOUR)
        found = []
        for minutes in (60, 1, 9, 40, 600):
            world.now_us += minutes * MINUTE // US
            found.append(await share(world))

        assert [0.5, 0.51, 0.6, 1.0, 1.0] == found

    async def test_a_flush_forgets_the_pace(self, world: World) -> None:
        """An emptied Redis costs being refused once more; then it is learnt again."""
        await world.senders[0].refused(world.account_id, wait=MINUTE)
        await world.redis.flushdb()
        forgotten = await share(world)
        await world.senders[0].refused(world.account_id, wait=MINUTE)
        world.now_us += MINUTE // US

        assert (1.0, 0.5) == (forgotten, await share(world))

    async def test_a_pace_lives_until_it_is_the_full_one(self, redis: Redis) -> None:
        """No key is left behind: it ends when nothing is to be remembered."""
        limits = Limits(redis)
        await limits.heed(ACCOUNT, share=0.5, wait=NOT)
        told_ms = await redis.pttl(keys.pace(ACCOUNT))
        await limits.refused(ACCOUNT, wait=MINUTE)
        learnt_ms = await redis.pttl(keys.pace(ACCOUNT))
        await limits.heed(ACCOUNT, share=0.1, wait=NOT)

        assert 4 * 60_000 < told_ms <= 5 * 60_000
        assert 75 * 60_000 < learnt_ms <= 76 * 60_000  # from 0.25 at a hundredth a minute
        assert 75 * 60_000 < await redis.pttl(keys.pace(ACCOUNT)) <= learnt_ms

    async def test_one_accounts_pace_is_not_anothers(self, redis: Redis) -> None:
        """Only who was refused goes slower."""
        world, other = World(redis, BUCKET), World(redis, BUCKET)
        await world.senders[0].heed(world.account_id, share=0.5, wait=NOT)

        assert (0.5, 1.0) == (await share(world), await share(other))

    async def test_a_slow_account_is_told_its_real_wait(self, world: World) -> None:
        """Coming back when told is enough, at any pace."""
        await world.senders[0].heed(world.account_id, share=0.1, wait=NOT)
        for _ in range(30):
            wait_s = await world.attempt()
            world.now_us += round(wait_s * 1_000_000)
            assert not wait_s or 0.0 == await world.attempt()


class TestCooldown:
    @pytest.mark.parametrize("how", ["heed", "refused"])
    async def test_a_cooldown_stops_every_bucket(self, redis: Redis, how: str) -> None:
        """While an account cools down nothing is granted; a shorter wait does not shorten it."""
        limits = Limits(redis)
        for wait in (timedelta(minutes=5), timedelta(seconds=1)):
            if how == "heed":
                await limits.heed(ACCOUNT, share=0.1, wait=wait)
            else:
                await limits.refused(ACCOUNT, wait=wait)

        for buckets in ([BUCKET], []):
            why = await limited(limits, ACCOUNT, buckets)
            assert "cooling" == why.limit
            assert 290 < why.after_s <= 300.001
        await limits.reserve(OTHER, [BUCKET], recall=recall)

    async def test_what_is_not_metas_goes_on(self, redis: Redis) -> None:
        """Meta's waits and paces are none of the owner's server's business."""
        limits = Limits(redis)
        await limits.refused(ACCOUNT, wait=HOUR)
        await limits.brake(wait=HOUR)

        await limits.reserve(ACCOUNT, [BUCKET], recall=recall, to_meta=False)
        with pytest.raises(Limited) as caught:
            await limits.reserve(ACCOUNT, [BUCKET], recall=recall, to_meta=False)

        assert "limit_sends" == caught.value.limit
        assert caught.value.after_s <= INTERVAL.total_seconds()

    async def test_redis_away_learns_nothing(self, server: OwnRedis, fragile: Redis) -> None:
        """Whoever has news of the pace is told that it could not be kept."""
        limits = Limits(fragile)
        await server.stop()
        for told in (
            limits.heed(ACCOUNT, share=0.5, wait=NOT),
            limits.refused(ACCOUNT, wait=MINUTE),
            limits.brake(wait=MINUTE),
        ):
            with pytest.raises(Unavailable):
                await told


class TestBrake:
    async def test_it_stops_every_account(self, redis: Redis) -> None:
        """What Meta says to the app is heeded by all; when it is over, all go on."""
        limits = Limits(redis)
        await limits.brake(wait=timedelta(minutes=5))

        for account_id in (ACCOUNT, OTHER):
            why = await limited(limits, account_id, [BUCKET])
            assert "app_cooling" == why.limit
            assert 290 < why.after_s <= 300
        await redis.delete(keys.brake())
        await limits.reserve(ACCOUNT, [], recall=recall)

    async def test_it_is_longer_each_time(self, redis: Redis) -> None:
        """Met again soon after it ended, it is twice as long as the last one, up to an hour."""
        limits = Limits(redis)
        found = []
        for _ in range(6):
            await limits.brake(wait=timedelta(minutes=5))
            found.append(round(await redis.pttl(keys.brake()) / 60_000))
            await redis.delete(keys.brake())  # as if its time were over

        assert [5, 10, 20, 40, 60, 60] == found

    async def test_calls_under_way_do_not_double_it(self, redis: Redis) -> None:
        """Twenty calls refused at once are one brake; one that asks for longer is heeded."""
        limits = Limits(redis)
        for _ in range(20):
            await limits.brake(wait=timedelta(minutes=5))
        first = round(await redis.pttl(keys.brake()) / 60_000)
        await limits.brake(wait=timedelta(minutes=7))
        longer = round(await redis.pttl(keys.brake()) / 60_000)
        await limits.brake(wait=timedelta(minutes=1))

        assert (5, 7, 7) == (first, longer, round(await redis.pttl(keys.brake()) / 60_000))

    async def test_what_meta_asks_for_has_no_cap(self, redis: Redis) -> None:
        """An hour ends the doubling, not a wait that Meta names."""
        await Limits(redis).brake(wait=timedelta(hours=3))

        assert 179 < await redis.pttl(keys.brake()) / 60_000 <= 180

    async def test_it_is_forgotten_after_an_hour(self, redis: Redis) -> None:
        """An hour without one, and the next begins as the first did."""
        await Limits(redis).brake(wait=timedelta(minutes=5))

        assert 64 < await redis.pttl(keys.last_brake()) / 60_000 <= 65

    async def test_it_costs_no_round_trip_of_its_own(self, redis: Redis) -> None:
        """A reservation is one script and one look, sent together and in no transaction."""
        limits = Limits(redis)
        await limits.reserve(ACCOUNT, [BUCKET], recall=recall)
        await redis.config_resetstat()
        await limits.reserve(OTHER, [BUCKET], recall=recall)

        stats = await redis.info("commandstats")
        asked = {name: stat["calls"] for name, stat in stats.items() if "multi" in name}
        assert (1, 1) == (stats["cmdstat_evalsha"]["calls"], stats["cmdstat_pttl"]["calls"])
        assert {} == asked
