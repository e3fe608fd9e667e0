"""Contacts remembered in a real Redis."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace

import pytest

from switchboard.contracts import PersonId, ids
from switchboard.errors import Unavailable
from switchboard.rules.contact import STRANGER, Contact
from switchboard.state import Contacts, Observations, Observed, erasing, keys
from switchboard.state.client import Redis
from tests.integration.state.own_redis import OwnRedis
from tests.integration.state.people import ACCOUNT, KNOWN, PERSON, remembered, standing

ORDERS = [list(order) for order in itertools.permutations((1, 2, 3))]


async def seen(redis: Redis, person_id: PersonId = PERSON) -> Contact | None:
    """Return the contact that an event of the person is told of."""
    event = Observed(
        account_id=ACCOUNT, event_id=ids.event_id("a"), claimant="message-1", person_id=person_id
    )
    (one,) = await Observations(redis).observe([event])
    return one.contact


def test_the_known_person_has_everything() -> None:
    """What the tests here keep and read has a value in each field a contact can have."""
    assert [] == [
        one.name
        for one in fields(Contact)
        if getattr(KNOWN, one.name) == getattr(STRANGER, one.name)
    ]


@pytest.mark.parametrize("contact", [KNOWN, STRANGER, replace(KNOWN, follows=True)])
async def test_a_contact_comes_back_as_it_was(redis: Redis, contact: Contact) -> None:
    """Nothing is lost or rounded on the way: a copy decides exactly as the stored row does."""
    await Contacts(redis).remember([remembered(contact)])

    assert contact == await seen(redis)


@pytest.mark.parametrize("order", ORDERS)
async def test_the_newest_wins_in_any_order(redis: Redis, order: list[int]) -> None:
    """Batches end in any order; an older contact never replaces a newer one."""
    for revision in order:
        await Contacts(redis).remember([remembered(Contact(revision=revision))])

    assert Contact(revision=3) == await seen(redis)


async def test_what_is_known_to_be_wrong_is_replaced_by_an_older_one(redis: Redis) -> None:
    """A copy that Postgres has contradicted goes, though its revision is the higher one."""
    contacts = Contacts(redis)
    await contacts.remember([remembered(KNOWN)])
    await contacts.remember([remembered(Contact(revision=1), instead_of=KNOWN.revision - 1)])
    still_there = await seen(redis)
    await contacts.remember([remembered(Contact(revision=1), instead_of=KNOWN.revision)])

    assert KNOWN == still_there
    assert Contact(revision=1) == await seen(redis)


@pytest.mark.parametrize(
    "stored", ["", "12", "12 ", "12 {", '12 {"tags":7}', "{}", '12 {"revision":"many"}']
)
async def test_what_cannot_be_read_counts_as_absent_and_is_replaced(
    redis: Redis, stored: str
) -> None:
    """A value of another release, or half of one, is no contact and does not stay."""
    await redis.set(keys.contact(ACCOUNT, PERSON), stored)
    unread = await seen(redis)
    await Contacts(redis).remember([remembered(KNOWN)])

    assert unread is None
    assert KNOWN == await seen(redis)


async def test_a_contact_is_remembered_for_a_week(redis: Redis) -> None:
    """Redis forgets who does not come back; remembering again begins the week anew."""
    contacts, key = Contacts(redis), keys.contact(ACCOUNT, PERSON)
    await contacts.remember([remembered(KNOWN)])
    await redis.pexpire(key, 1_000)
    await contacts.remember([remembered(KNOWN)])

    assert 6 * 86_400_000 < await redis.pttl(key) <= 7 * 86_400_000


async def test_a_batch_is_one_round_trip(redis: Redis) -> None:
    """Ten contacts are ten runs of a script and no other command; none cost nothing at all."""
    contacts = Contacts(redis)
    await contacts.remember([remembered(STRANGER)])
    await redis.config_resetstat()
    await contacts.remember(
        [replace(remembered(KNOWN), person_id=PersonId(str(n))) for n in range(10)]
    )
    await contacts.remember([])

    stats = await redis.info("commandstats")

    assert 10 == stats["cmdstat_evalsha"]["calls"]
    assert "cmdstat_script|load" not in stats
    assert KNOWN == await seen(redis, PersonId("9"))


async def test_a_redis_that_is_away_says_so(server: OwnRedis, fragile: Redis) -> None:
    """Remembering fails in a way the router knows; afterwards it works, with nothing in it."""
    contacts = Contacts(fragile)
    await standing(fragile)
    await contacts.remember([remembered(KNOWN)])
    await server.stop()
    with pytest.raises(Unavailable):
        await contacts.remember([remembered(KNOWN)])
    await server.start()
    forgotten = await seen(fragile)
    await standing(fragile)
    await contacts.remember([remembered(KNOWN)])

    assert forgotten is None
    assert KNOWN == await seen(fragile)


@pytest.mark.parametrize("lost", [False, True])
async def test_who_has_not_seen_an_erasing_remembers_nothing(redis: Redis, *, lost: bool) -> None:
    """Not whoever of the account it was, not if Redis has been emptied since; others do."""
    other = ids.event_id("b")
    observed = Observed(account_id=ACCOUNT, event_id=other, claimant="m", person_id=PERSON)
    (before,) = await Observations(redis).observe([observed])
    await erasing.forget(redis, ACCOUNT, PersonId("9"))
    if lost:
        await redis.flushdb()
    (after,) = await Observations(redis).observe([observed])
    learnt = remembered(KNOWN)
    await Contacts(redis).remember([replace(learnt, erasings=before.erasings)])
    late = await seen(redis)
    await Contacts(redis).remember([replace(learnt, erasings=after.erasings)])

    assert None is late
    assert KNOWN == await seen(redis)


async def test_without_a_word_nothing_is_remembered(redis: Redis) -> None:
    """Redis was emptied after somebody looked: what they learnt may be of anybody."""
    await redis.flushdb()
    for erasings in ("", "since then nobody"):
        await Contacts(redis).remember([replace(remembered(KNOWN), erasings=erasings)])

    assert [] == await redis.keys()
