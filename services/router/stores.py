"""The database as the router's collaborators see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from switchboard.contracts import AccountId, EventId
from switchboard.db import ledger, rules
from switchboard.db.ledger import Recorded, Standing
from switchboard.db.pool import Database
from switchboard.db.rules import AccountRules


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


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """The ledger in Postgres."""

    db: Database

    async def record(self, batch: Sequence[Recorded]) -> Mapping[EventId, Standing]:
        """Write decisions and deliveries in one statement; return how each event now stands."""
        return await ledger.record(self.db, batch)
