"""Rules are read when first needed, kept, and never older than a poll."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from services.router.published import Version
from services.router.rulebooks import RuleBooks
from switchboard.contracts import AccountId, CampaignId, WorkspaceId
from switchboard.db.rules import AccountRules
from switchboard.errors import Unavailable
from switchboard.rules.campaigns import Campaign
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
    kept: list[tuple[AccountId, int]] = field(default_factory=list)
    cannot_keep: bool = False
    versions_asked: list[list[Version]] = field(default_factory=list)
    once: dict[Version, Campaign] = field(default_factory=dict)

    async def keep(self, loaded: Sequence[AccountRules]) -> None:
        if self.cannot_keep:
            raise Unavailable("PostgreSQL is away")
        self.kept += [(one.instagram_id, one.version) for one in loaded]

    async def published(self, wanted: Sequence[Version]) -> Mapping[Version, Campaign]:
        self._answer()
        self.versions_asked.append(list(wanted))
        return {one: self.once[one] for one in wanted if one in self.once}

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
    return RuleBooks(source, poll_s=3_600, capacity=capacity, versions_capacity=capacity)


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


async def test_rules_are_kept_before_anything_is_decided_by_them() -> None:
    """Each version is in the books once it can be used; one that cannot be kept is not used."""
    source = FakeSource()
    cache = books(source)
    source.cannot_keep = True
    with pytest.raises(Unavailable):
        await cache.of([SHOP])
    source.cannot_keep = False
    await cache.of([SHOP])
    await cache.of([SHOP, STRANGER])
    source.stored[SHOP] = rules(SHOP, version=2)
    await cache.refresh()

    assert [(SHOP, 1), (SHOP, 2)] == source.kept


async def test_a_version_that_cannot_be_kept_leaves_the_one_before_in_effect() -> None:
    """The new rules wait for the next poll; what is decided meanwhile refers to kept ones."""
    source = FakeSource()
    cache = books(source)
    await cache.of([SHOP])
    source.stored[SHOP] = rules(SHOP, version=2)
    source.cannot_keep = True
    with pytest.raises(Unavailable):
        await cache.refresh()
    tenant = (await cache.of([SHOP]))[SHOP]

    assert tenant is not None
    assert 1 == tenant.book.version


def version(number: int) -> Version:
    """Return a version of SHOP's campaign."""
    return UUID(int=1), CampaignId(UUID(int=5)), number


async def test_a_published_version_is_read_once() -> None:
    """What was published never changes; what does not exist is looked for each time."""
    source = FakeSource(once={version(1): campaign(on_comment("link"))})
    cache = books(source)

    found = await cache.published([version(1), version(2)])
    again = await cache.published([version(1), version(2)])

    assert {version(1): campaign(on_comment("link"))} == found == again
    assert [[version(1), version(2)], [version(2)]] == source.versions_asked


async def test_the_longest_unused_version_makes_room() -> None:
    """Of versions, too, only so many are held; all that were asked for are returned."""
    source = FakeSource(once={version(n): campaign(on_comment("link")) for n in (1, 2, 3)})
    cache = books(source, capacity=2)
    await cache.published([version(1)])
    await cache.published([version(2)])
    await cache.published([version(1)])
    await cache.published([version(3)])
    await cache.published([version(1)])
    everything = await cache.published([version(1), version(2), version(3)])

    assert [[version(1)], [version(2)], [version(3)], [version(2)]] == source.versions_asked
    assert 3 == len(everything)
