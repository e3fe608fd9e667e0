"""Rule books as they were, and the published versions that people were in the middle of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from switchboard.contracts import CampaignId
from switchboard.db import rules
from switchboard.db.history import PastEvent
from switchboard.db.pool import Queryable
from switchboard.rules.campaigns import Campaign
from switchboard.rules.flow import wanted_versions
from switchboard.rules.replaying import Book, Stored, read_book, versions_in
from switchboard.rules.rulebook import RuleBook


class NotKept(LookupError):  # noqa: N818  what is the matter, as all failures here
    """What an event was decided by is not in the database any more, or never was."""


class Books:
    """Rule books from the database, each read and compiled once."""

    def __init__(self, db: Queryable) -> None:
        self._db = db
        self._books: dict[tuple[UUID, int], Book] = {}
        self._published: dict[tuple[UUID, CampaignId, int], Campaign | None] = {}

    async def of(self, past: PastEvent) -> Book:
        """
        Return the rules that `past` was decided by.

        Raises:
            NotKept: They are not in the database.
        """
        if past.account is None or past.rules_version is None:
            raise NotKept("nothing says by which rules it was decided")
        key = past.account, past.rules_version
        if key not in self._books:
            self._books[key] = await self._read(*key)
        return self._books[key]

    async def with_others(self, account: UUID, book: RuleBook, stored: Stored) -> RuleBook:
        """Return `book` with the versions that the event may need and that were not live."""
        wanted = [
            one
            for one in wanted_versions(stored.event, stored.contact)
            if book.published(*one) is None
        ]
        found = await self._versions(account, wanted) if wanted else {}
        return replace(book, others=found) if found else book

    async def _read(self, account: UUID, version: int) -> Book:
        stored = await rules.book(self._db, account, version)
        if stored is None:
            raise NotKept(f"the rules {version} of account {account} were not kept")
        published = await self._versions(account, versions_in(stored))
        try:
            return read_book(version, stored, published)
        except LookupError as missing:
            raise NotKept(f"rules {version}: the campaign's version {missing} is gone") from None

    async def _versions(
        self, account: UUID, wanted: Iterable[tuple[CampaignId, int]]
    ) -> Mapping[tuple[CampaignId, int], Campaign]:
        asked = list(wanted)
        new = [(*one, account) for one in asked if (account, *one) not in self._published]
        if new:
            found = await rules.published(self._db, new)
            self._published |= {(account, *one[:2]): found.get(one[:2]) for one in new}
        known = {one: self._published[account, *one] for one in asked}
        return {one: campaign for one, campaign in known.items() if campaign is not None}
