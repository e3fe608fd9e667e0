"""Rules are read when first needed, kept, and never older than a poll."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from services.router.rulebooks import RuleBooks
from switchboard.contracts import AccountId, CampaignId, WorkspaceId
from switchboard.db.rules import AccountRules
from switchboard.errors import Unavailable
from tests.support.builders import campaign, on_comment

SHOP, STUDIO, STRANGER = AccountId("1"), AccountId("2"), AccountId("3")


def rules(account: AccountId, version: int = 1) -> AccountRules:
    """Return an account with one campaign."""
    return AccountRules(
        id=UUID(int=int(account)),
        workspace_id=WorkspaceId(UUID(int=9)),
        instagram_id=account,
        status="connected",
        version=version,
        campaigns=(campaign(on_comment("link")),),
        intents=(),
        broken=((CampaignId(UUID(int=7)), "steps: missing"),),
    )


@dataclass
class FakeSource:
    """What is stored, how often it was asked, and whether it is away."""

    stored: dict[AccountId, AccountRules] = field(
        default_factory=lambda: {SHOP: rules(SHOP), STUDIO: rules(STUDIO)}
    )
    loads: list[list[AccountId]] = field(default_factory=list)
    away: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self, accounts: Sequence[AccountId]) -> Sequence[AccountRules]:
        self._answer()
        self.loads.append(list(accounts))
        return [self.stored[account] for account in accounts if account in self.stored]

    async def versions(self, accounts: Sequence[AccountId]) -> Mapping[AccountId, int]:
        self.asked.set()
        self._answer()
        return {one: self.stored[one].version for one in accounts if one in self.stored}

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("PostgreSQL is away")


def books(source: FakeSource, *, capacity: int = 10) -> RuleBooks:
    """Return a cache that polls only when told to."""
    return RuleBooks(source, poll_s=3_600, capacity=capacity)


async def test_an_account_is_read_once() -> None:
    """The first event of an account reads its rules, with all others missing; later ones do not."""
    source = FakeSource()
    cache = books(source)

    found = await cache.of([SHOP, STUDIO, SHOP])
    await cache.of([SHOP])

    assert [[SHOP, STUDIO]] == source.loads
    assert [1, 1] == [len(tenant.book.campaigns) for tenant in found.values() if tenant]


async def test_a_stranger_is_remembered_until_the_next_poll() -> None:
    """Events of an account nobody connected cost one query, until it may have been connected."""
    source = FakeSource()
    cache = books(source)
    assert {STRANGER: None} == await cache.of([STRANGER])
    assert {STRANGER: None} == await cache.of([STRANGER])
    source.stored[STRANGER] = rules(STRANGER)

    await cache.refresh()
    found = await cache.of([STRANGER])

    assert found[STRANGER] is not None
    assert 2 == len(source.loads)


async def test_a_new_version_is_read_at_the_next_poll() -> None:
    """What was published is in effect after a poll; what did not change is not read again."""
    source = FakeSource()
    cache = books(source)
    await cache.of([SHOP, STUDIO])
    source.stored[SHOP] = rules(SHOP, version=2)

    await cache.refresh()
    shop = (await cache.of([SHOP]))[SHOP]

    assert [[SHOP, STUDIO], [SHOP]] == source.loads
    assert shop is not None
    assert 2 == shop.book.version


async def test_a_disconnected_account_is_forgotten() -> None:
    """An account that is gone answers nothing after a poll."""
    source = FakeSource()
    cache = books(source)
    await cache.of([SHOP])
    del source.stored[SHOP]

    await cache.refresh()

    assert {SHOP: None} == await cache.of([SHOP])


async def test_the_longest_unused_makes_room() -> None:
    """The cache holds as many as it may; asked again, a dropped account is read again."""
    source = FakeSource()
    cache = books(source, capacity=1)
    await cache.of([SHOP])
    await cache.of([STUDIO])
    await cache.of([STUDIO])
    await cache.of([SHOP])

    assert [[SHOP], [STUDIO], [SHOP]] == source.loads


async def test_a_database_that_is_away_leaves_what_is_known() -> None:
    """Known accounts are decided from memory; an unknown one cannot be, and says so."""
    source = FakeSource()
    cache = books(source)
    await cache.of([SHOP])
    source.away = True
    stop = asyncio.Event()
    polling = asyncio.create_task(cache.run(stop))
    await source.asked.wait()
    stop.set()
    await polling

    assert (await cache.of([SHOP]))[SHOP] is not None
    with pytest.raises(Unavailable):
        await cache.of([STUDIO])
