"""The database as the router's collaborators see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.router.books import book_of
from services.router.cases import Person
from services.router.origins import Click, Echo
from services.router.published import Version
from switchboard.contracts import AccountId, EventId, PublishedPost, WorkspaceId
from switchboard.db import contacts, ledger, origins, posts, rules
from switchboard.db.ledger import ContactKept, Recorded, Standing
from switchboard.db.origins import Traced
from switchboard.db.pool import Database
from switchboard.db.rules import AccountRules
from switchboard.rules.campaigns import Campaign
from switchboard.rules.contact import Contact, Origin


@dataclass(frozen=True, slots=True)
class StoredRules:
    """Rules from Postgres."""

    db: Database

    async def load(self, accounts: Sequence[AccountId]) -> Sequence[AccountRules]:
        """Return the rules of those `accounts` that are connected."""
        return await rules.load(self.db, accounts)

    async def versions(self, accounts: Sequence[AccountId]) -> Mapping[AccountId, int]:
        """Return the version of the rules of those `accounts` that are connected."""
        return await rules.versions(self.db, accounts)

    async def keep(self, loaded: Sequence[AccountRules]) -> None:
        """Keep the rules as they are, so that what they decided can be decided again."""
        for one in loaded:
            await rules.keep_book(self.db, one.id, one.workspace_id, one.version, book_of(one))

    async def published(self, wanted: Sequence[Version]) -> Mapping[Version, Campaign]:
        """Return those of the `wanted` versions that there are."""
        found: dict[Version, Campaign] = {}
        # An account at a time: if two name one campaign it is one's alone, and the answer does
        # not say whose.
        for account in {account for account, _, _ in wanted}:
            own = [(campaign, number, one) for one, campaign, number in wanted if one == account]
            stored = await rules.published(self.db, own)
            found |= {(account, *version): campaign for version, campaign in stored.items()}
        return found


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """The ledger in Postgres."""

    db: Database

    async def record(
        self, batch: Sequence[Recorded], contacts: Sequence[ContactKept]
    ) -> Mapping[EventId, Standing]:
        """Write decisions, contacts and deliveries in one statement; return how events stand."""
        return await ledger.record(self.db, batch, contacts)


@dataclass(frozen=True, slots=True)
class StoredContacts:
    """Contacts in Postgres."""

    db: Database

    async def load(self, people: Sequence[Person]) -> Mapping[Person, Contact]:
        """Return those of `people` that are known."""
        return await contacts.load(self.db, people)


@dataclass(frozen=True, slots=True)
class StoredDeliveries:
    """Deliveries in Postgres, by what came back of them."""

    db: Database

    async def of_echoes(self, echoes: Sequence[Echo]) -> Sequence[Traced]:
        """Return what our deliveries say of each of `echoes`."""
        return await origins.of_echoes(self.db, echoes)

    async def of_clicks(self, clicks: Sequence[Click]) -> Mapping[Click, Origin]:
        """Return the deliveries that were clicked in, as far as there are such."""
        return await origins.of_clicks(self.db, clicks)


@dataclass(frozen=True, slots=True)
class StoredPosts:
    """What is known of accounts' posts in Postgres."""

    db: Database

    async def keep(
        self, account: UUID, workspace: WorkspaceId, published: Sequence[PublishedPost]
    ) -> None:
        """Keep when the posts were published."""
        await posts.keep(self.db, account, workspace, published)
