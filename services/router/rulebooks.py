"""The rules of the accounts that are being written to, in memory, and never older than a poll."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from services.router.published import PublishedVersions, Version
from services.router.published import Source as Versions
from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db.rules import AccountRules
from switchboard.errors import Failure
from switchboard.queues.settle import describe
from switchboard.rules import languages
from switchboard.rules.campaigns import Campaign
from switchboard.rules.rulebook import RuleBook, compile_rules

log = structlog.get_logger()


class Source(Versions, Protocol):
    """Where rules come from, and where the books that decisions refer to are kept."""

    async def load(self, accounts: Sequence[AccountId]) -> Sequence[AccountRules]:
        """Return the rules of those `accounts` that are connected."""
        ...

    async def versions(self, accounts: Sequence[AccountId]) -> Mapping[AccountId, int]:
        """Return the version of the rules of those `accounts` that are connected."""
        ...

    async def keep(self, rules: Sequence[AccountRules]) -> None:
        """Keep the `rules` as they are, so that what they decided can be decided again."""
        ...


@dataclass(frozen=True, slots=True)
class Tenant:
    """An account as the router knows it: whose it is, and what its owner wants said."""

    account: UUID
    workspace_id: WorkspaceId
    book: RuleBook


class RuleBooks:
    """
    A cache by account, bounded, checked against the stored versions every `poll_s` seconds.

    An account nobody has connected is remembered too, until the next poll: strangers' events must
    not cost a query each. Rules are stored in the books before anything is decided by them.
    """

    name = "rulebooks"

    def __init__(
        self, source: Source, *, poll_s: float, capacity: int, versions_capacity: int = 1_000
    ) -> None:
        self._source, self._poll_s, self._capacity = source, poll_s, capacity
        self._versions = PublishedVersions(source, capacity=versions_capacity)
        self._books: OrderedDict[AccountId, Tenant | None] = OrderedDict()
        self._polled_at = time.monotonic()

    def still_s(self) -> float:
        """Return for how long the versions have not been checked: a pulse for health."""
        return time.monotonic() - self._polled_at

    async def of(self, accounts: Iterable[AccountId]) -> Mapping[AccountId, Tenant | None]:
        """
        Return what is known of each of `accounts`; `None` for one that nobody has connected.

        Raises:
            Unavailable: One is not in memory and the database does not answer.
        """
        wanted = set(accounts)
        missing = sorted(wanted - self._books.keys())
        if missing:
            await self._load(missing)
        found = {account: self._books.get(account) for account in wanted}
        for account in wanted & self._books.keys():
            self._books.move_to_end(account)
        while len(self._books) > self._capacity:
            self._books.popitem(last=False)
        return found

    async def published(self, wanted: Iterable[Version]) -> Mapping[Version, Campaign]:
        """
        Return those of the `wanted` versions that there are, live or not.

        Raises:
            Unavailable: One is not in memory and the database does not answer.
        """
        return await self._versions.published(wanted)

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop`. A database that is away leaves the rules as they are."""
        while not stop.is_set():
            try:
                await self.refresh()
            except Failure as failure:
                log.warning("rules.poll_failed", because=describe(failure))
            self._polled_at = time.monotonic()
            try:
                async with asyncio.timeout(self._poll_s):
                    await stop.wait()
            except TimeoutError:
                continue

    async def refresh(self) -> None:
        """Load again what has changed, and forget who is not connected."""
        known = {account: tenant for account, tenant in self._books.items() if tenant}
        stored = await self._source.versions(list(known)) if known else {}
        stale = [a for a, tenant in known.items() if stored.get(a) != tenant.book.version]
        for account in self._books.keys() - known.keys():
            del self._books[account]
        if stale:
            await self._load(stale)

    async def _load(self, accounts: Sequence[AccountId]) -> None:
        """Load `accounts`; in a thread, because indexing 100,000 keywords takes seconds."""
        loaded = await self._source.load(accounts)
        if loaded:
            await self._source.keep(loaded)
        tenants = await asyncio.to_thread(_tenants, loaded)
        for account in accounts:
            self._books[account] = tenants.get(account)


def _tenants(loaded: Sequence[AccountRules]) -> Mapping[AccountId, Tenant]:
    return {rules.instagram_id: _tenant(rules) for rules in loaded}


def _tenant(rules: AccountRules) -> Tenant:
    for campaign_id, why in rules.broken:
        log.error("rules.campaign_unusable", campaign_id=str(campaign_id), because=why)
    if any(one.definition.conditions.languages for one in rules.campaigns):
        languages.load_model()  # now, in this thread: the first text must not wait for it
    return Tenant(
        account=rules.id,
        workspace_id=rules.workspace_id,
        book=compile_rules(
            rules.version,
            rules.campaigns,
            rules.intents,
            rules.settings,
            rules.posts,
            asking=rules.asking,
        ),
    )
