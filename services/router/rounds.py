"""
Deciding a batch, in rounds: in each, one event of each person.

    contacts ─▶ decide ─▶ record ─┬─ recorded: the person's next event has its turn
        ▲                         └─ the stored contact was another one
        └────────── load, and decide again ──┘

A decision is recorded only if the person's stored contact is still the one it was made by. So an
event sees what the events before it left behind, each decision says by which stored revision it
was made, and replaying one needs only its own explanation. Most batches are one round, for most
people write once in a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.router.batch import Batch
from services.router.cases import Case, Decided, Person
from services.router.published import Version
from services.router.rows import kept, recorded
from switchboard.clock import Clock
from switchboard.contracts import EventId, EventNotUnderstood, InboundEvent, WebhookUnreadable
from switchboard.db.ledger import ContactKept, Recorded, Standing
from switchboard.rules.campaigns import Campaign
from switchboard.rules.contact import Contact
from switchboard.rules.decide import decide
from switchboard.rules.decision import Because, Decision
from switchboard.rules.flow import wanted_versions


class Contacts(Protocol):
    """The contacts in Postgres."""

    async def load(self, people: Sequence[Person]) -> Mapping[Person, Contact]:
        """Return those of `people` that are known."""
        ...


class Versions(Protocol):
    """Campaigns as they were published once."""

    async def published(self, wanted: Iterable[Version]) -> Mapping[Version, Campaign]:
        """Return those of the `wanted` versions that there are."""
        ...


class Ledger(Protocol):
    """The record of decisions."""

    async def record(
        self, batch: Sequence[Recorded], contacts: Sequence[ContactKept]
    ) -> Mapping[EventId, Standing]:
        """Write decisions, contacts and deliveries in one statement; return how events stand."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Decides cases and records the decisions."""

    contacts: Contacts
    versions: Versions
    ledger: Ledger
    now: Clock

    async def settle(self, cases: Iterable[Case]) -> Batch:
        """
        Decide `cases`, and record what was decided.

        Raises:
            Unavailable: A dependency is away. Do it again with the same cases: what was recorded
                stands.
        """
        batch = Batch.of(cases)
        while batch.waiting:
            await self._round(batch)
        return batch

    async def _round(self, batch: Batch) -> None:
        turn = batch.turn()
        await self._load(batch, turn)
        others = await self._published(batch, turn)
        decided = [self._decide(case, batch.contact(case), others) for case in turn]
        contacts = [one for one in map(kept, decided) if one is not None]
        standings = await self.ledger.record([recorded(one) for one in decided], contacts)
        for one in decided:
            batch.note(one, standings.get(one.case.event_id))

    async def _load(self, batch: Batch, turn: Sequence[Case]) -> None:
        unknown = batch.unknown(turn)
        if unknown:
            batch.loaded(unknown, await self.contacts.load(unknown))

    async def _published(self, batch: Batch, turn: Sequence[Case]) -> Mapping[Version, Campaign]:
        """Return the versions that are not live and that deciding this turn may need."""
        wanted = {
            (case.tenant.account, *version)
            for case in turn
            if case.tenant is not None
            for version in wanted_versions(case.event, batch.contact(case))
            if case.tenant.book.published(*version) is None
        }
        return await self.versions.published(wanted) if wanted else {}

    def _decide(self, case: Case, contact: Contact, others: Mapping[Version, Campaign]) -> Decided:
        now, tenant = self.now(), case.tenant
        if tenant is None:
            return Decided(case, contact, Decision("ignored", _without_account(case.event), now))
        brought = {
            (campaign_id, version): campaign
            for (account, campaign_id, version), campaign in others.items()
            if account == tenant.account
        }
        book = replace(tenant.book, others=brought) if brought else tenant.book
        return Decided(case, contact, decide(case.event, book, contact, now, case.answer))


def _without_account(event: InboundEvent) -> Because:
    """Return why an event that belongs to no connected account is kept unanswered."""
    match event:
        case WebhookUnreadable():
            return "unreadable"
        case EventNotUnderstood():
            return "not_understood"
        case _:
            return "account_unknown"
