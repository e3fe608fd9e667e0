"""Events observed in a real Redis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from switchboard.contracts import PersonId, ids
from switchboard.errors import Unavailable
from switchboard.state import Contacts, Observations, Observed, Seen, keys
from switchboard.state.client import Redis
from tests.integration.state.own_redis import OwnRedis
from tests.integration.state.people import ACCOUNT, KNOWN, PERSON, remembered


def observed(
    name: str = "a",
    *,
    claimant: str = "message-1",
    person_id: PersonId | None = PERSON,
    window_closes_at: datetime | None = None,
) -> Observed:
    """A whole observation from what a test is about."""
    return Observed(
        account_id=ACCOUNT,
        event_id=ids.event_id(name),
        claimant=claimant,
        person_id=person_id,
        window_closes_at=window_closes_at,
    )


def soon(*, hours: float) -> datetime:
    """A moment from now, whole milliseconds as Redis keeps them."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)


async def test_the_first_message_keeps_its_event(redis: Redis) -> None:
    """Of two messages with one event the first has it, however often it is delivered."""
    observations = Observations(redis)
    both = [observed(claimant="message-1"), observed(claimant="message-2")]

    assert [Seen(True), Seen(False)] == await observations.observe(both)
    assert [Seen(True), Seen(False)] == await observations.observe(both)


async def test_a_claim_outlives_metas_repetitions(redis: Redis) -> None:
    """Meta may repeat a webhook for 36 hours; the claim is still there after that."""
    await Observations(redis).observe([observed()])

    lives_ms = await redis.pttl(keys.claim(ACCOUNT, observed().event_id))

    assert 36 * 3_600_000 < lives_ms <= 37 * 3_600_000


async def test_a_window_keeps_its_latest_closing(redis: Redis) -> None:
    """Events come in any order; an older one never shortens the window a newer one opened."""
    later, earlier = soon(hours=24), soon(hours=2)
    await Observations(redis).observe(
        [
            observed("new", window_closes_at=later),
            observed("old", window_closes_at=earlier),
            observed("none"),
        ]
    )

    kept = await redis.get(keys.window(ACCOUNT, PERSON))

    assert str(int(later.timestamp() * 1000)) == kept
    assert 0 < await redis.pttl(keys.window(ACCOUNT, PERSON)) <= 24 * 3_600_000


async def test_a_window_that_has_closed_is_not_kept(redis: Redis) -> None:
    """An event so late that its window is over leaves no key behind."""
    await Observations(redis).observe([observed(window_closes_at=soon(hours=-1))])

    assert 0 == await redis.exists(keys.window(ACCOUNT, PERSON))


async def test_the_latest_closing_is_told(redis: Redis) -> None:
    """Each event learns until when its person may be written to, whoever's event gave it."""
    later, earlier = soon(hours=24), soon(hours=2)
    seen = await Observations(redis).observe(
        [
            observed("new", window_closes_at=later),
            observed("old", window_closes_at=earlier),
            observed("none"),
            observed("other", person_id=PersonId("2")),
            observed("nobody", person_id=None),
        ]
    )

    assert [later, later, later, None, None] == [one.window_closes_at for one in seen]


async def test_a_remembered_contact_is_seen(redis: Redis) -> None:
    """An event learns what is remembered of its person, and nothing of anybody else."""
    await Contacts(redis).remember([remembered(KNOWN)])

    seen = await Observations(redis).observe(
        [observed("a"), observed("b", person_id=PersonId("2")), observed("c", person_id=None)]
    )

    assert [KNOWN, None, None] == [one.contact for one in seen]


async def test_a_batch_is_one_round_trip(redis: Redis) -> None:
    """Ten events cost Redis ten script runs and no other command."""
    observations = Observations(redis)
    await observations.observe([observed("warm")])
    await redis.config_resetstat()
    await observations.observe([observed(str(n)) for n in range(10)])

    stats = await redis.info("commandstats")

    assert 10 == stats["cmdstat_evalsha"]["calls"]
    assert "cmdstat_multi" not in stats
    assert "cmdstat_script|load" not in stats


async def test_an_empty_batch_costs_nothing(redis: Redis) -> None:
    """No events, no answers."""
    assert [] == await Observations(redis).observe([])


async def test_redis_restarted_between_batches(server: OwnRedis, fragile: Redis) -> None:
    """A Redis that lost everything, scripts too, answers the next batch as a new one."""
    observations = Observations(fragile)
    await observations.observe([observed()])
    await server.stop()
    with pytest.raises(Unavailable):
        await observations.observe([observed()])
    await server.start()

    again = await observations.observe([observed(claimant="message-2"), observed(claimant="3")])

    assert [Seen(True), Seen(False)] == again
