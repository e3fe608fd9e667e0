"""The books a run is judged by, on the schema as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from switchboard.db.pool import Database, open_pool
from tests.integration.db import town
from tests.integration.db.town import Shop, now, open_shop
from tools.chaos.books import Books

MARGIN = timedelta(minutes=5)


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """The database as the role that owns the schema."""
    async with open_pool(database_url, name="owner") as db:
        yield db


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A workspace with a connected account and one live campaign."""
    return await open_shop(owner)


@pytest.fixture
def books(database_url: str) -> Books:
    """The books of the same database."""
    return Books(database_url)


async def test_what_was_decided_and_what_is_owed(owner: Database, shop: Shop, books: Books) -> None:
    """An event is in the ledger once; its delivery is told with whose it is and how it stands."""
    delivery = await town.owe(owner, shop)
    (decided,) = await books.decided()
    (row,) = await books.deliveries()

    assert ("comment.v1", "matched") == (decided.kind, decided.outcome)
    assert (str(delivery), shop.instagram_id, "private_reply", "ready") == (
        row.id,
        row.account_id,
        row.kind,
        row.state,
    )
    assert decided.identity == row.event
    assert {"ready": 1} == await books.states()
    assert await books.has_decided(decided.identity)
    assert not await books.has_decided("somebody else's")
    assert str(delivery) in await books.history()


async def test_time_left_is_up_to_the_margin(owner: Database, shop: Shop, books: Books) -> None:
    """What is nearer to its deadline than we go has no time left, and does not count."""
    assert await books.time_left(MARGIN) is None
    await town.owe(owner, shop, deadline=now() + timedelta(minutes=4))
    assert await books.time_left(MARGIN) is None
    await town.owe(owner, shop, deadline=now() + timedelta(minutes=20))
    left = await books.time_left(MARGIN)

    assert left is not None
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)


async def test_waits_are_skipped_and_deadlines_are_not(
    owner: Database, shop: Shop, books: Books
) -> None:
    """Held, parked and uncertain come to their moment; what is due in a week stays due then."""
    in_a_day = now() + timedelta(days=1)
    delivery = await town.owe(owner, shop, state="parked", not_before=in_a_day)
    await town.hold(owner, shop)
    before = await owner.fetchrow(STANDS, delivery)
    await books.skip_waits()
    after = await owner.fetchrow(STANDS, delivery)

    assert before is not None
    assert after is not None
    assert (False, True) == (before["may_go"], after["may_go"])
    assert before["deadline"] == after["deadline"]
    assert (True, False) == (before["held"], after["held"])


async def test_an_owner_allows_more(owner: Database, shop: Shop, books: Books) -> None:
    """The ceiling of one account is another, at once."""
    await books.allow(shop.instagram_id, 20)
    row = await owner.fetchrow(
        "select private_replies_per_hour as n from public.instagram_accounts where id = $1",
        shop.account,
    )

    assert row is not None
    assert 20 == row["n"]


async def test_books_that_are_away_know_nothing() -> None:
    """While the server is away nothing is known to be decided, and asking fails nobody."""
    assert not await Books("postgresql://nobody@127.0.0.1:1/none").has_decided("c:1:2")


STANDS = """
select delivery.not_before <= now() as may_go, delivery.deadline,
       account.held_until > now() as held
  from public.deliveries delivery
  join public.instagram_accounts account on account.id = delivery.account_id
 where delivery.id = $1
"""
