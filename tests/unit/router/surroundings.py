"""A router with fakes around it that keep their promises as the real ones do."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.router.cases import Person
from services.router.origins import Click, Echo, Origins
from services.router.published import Version
from services.router.publishing import Publishing
from services.router.rounds import Rounds
from services.router.router import Router
from services.router.rulebooks import Tenant
from switchboard.contracts import (
    AccountId,
    EventId,
    MediaId,
    PersonId,
    PublishedPost,
    WorkspaceId,
)
from switchboard.db.ledger import ContactKept, Recorded, Standing
from switchboard.db.origins import Traced
from switchboard.errors import Unavailable
from switchboard.queues import Outgoing, Receipt, Received
from switchboard.rules.campaigns import Campaign
from switchboard.rules.contact import STRANGER, Contact, Origin
from switchboard.rules.rulebook import RuleBook
from switchboard.state.claims import Observed, Seen
from switchboard.state.contacts import Remembered
from switchboard.telemetry import Meter
from tests.support.builders import ACCOUNT, NOON, PERSON

WORKSPACE, SHOP = WorkspaceId(UUID(int=1)), UUID(int=2)
SOMEBODY: Person = (SHOP, PERSON)


@dataclass
class FakeRedis:
    """
    Claims, windows and contacts in dicts, as Redis keeps them.

    `down` for remembering; or it does not even forget. `erasings` are how those stand, event after
    event.
    """

    claims: dict[EventId, str] = field(default_factory=dict)
    windows: dict[PersonId, datetime] = field(default_factory=dict)
    contacts: dict[PersonId, Contact] = field(default_factory=dict)
    down: bool = False
    forgets: bool = True
    observed: int = 0
    remembered: list[Remembered] = field(default_factory=list)
    erasings: Iterator[str] = field(default_factory=lambda: itertools.repeat(""))

    async def observe(self, batch: Sequence[Observed]) -> list[Seen]:
        self.observed += 1
        return [self._seen(one) for one in batch]

    def _seen(self, one: Observed) -> Seen:
        first = self.claims.setdefault(one.event_id, one.claimant) == one.claimant
        erasings = next(self.erasings)
        if one.person_id is None:
            return Seen(first, erasings=erasings)
        closes_at = one.window_closes_at
        kept = self.windows.get(one.person_id)
        if closes_at is not None and (kept is None or closes_at > kept):
            self.windows[one.person_id] = closes_at
        closes_at, contact = self.windows.get(one.person_id), self.contacts.get(one.person_id)
        return Seen(first, closes_at, contact, erasings)

    async def remember(self, batch: Sequence[Remembered]) -> None:
        if self.down:
            raise Unavailable("Redis is away")
        self.remembered += batch
        for one in batch:
            self.contacts[one.person_id] = one.contact

    async def forget(self, people: Collection[tuple[AccountId, PersonId]]) -> None:
        if people and not self.forgets:
            raise Unavailable("Redis is away")
        for _, person in people:
            self.windows.pop(person, None)
            self.contacts.pop(person, None)


@dataclass
class FakeRules:
    """One account's rules, and versions that are not live."""

    book: RuleBook
    versions: dict[Version, Campaign] = field(default_factory=dict)
    asked: list[set[Version]] = field(default_factory=list)

    async def of(self, accounts: Iterable[AccountId]) -> Mapping[AccountId, Tenant | None]:
        tenant = Tenant(account=SHOP, workspace_id=WORKSPACE, book=self.book)
        return {account: tenant if account == ACCOUNT else None for account in accounts}

    async def published(self, wanted: Iterable[Version]) -> Mapping[Version, Campaign]:
        self.asked.append(set(wanted))
        return {one: self.versions[one] for one in self.asked[-1] if one in self.versions}


@dataclass
class FakePostgres:
    """
    The ledger, contacts and deliveries in memory.

    A first outcome stands, `asked` may be completed, and nothing of a person is written whose
    contact is not at the expected revision. `interferes` is called before each recording. Of
    `erased` people nothing is written.
    """

    rows: dict[EventId, Recorded] = field(default_factory=dict)
    contacts: dict[Person, Contact] = field(default_factory=dict)
    erased: set[PersonId] = field(default_factory=set)
    echoes: dict[Echo, Traced] = field(default_factory=dict)
    clicks: dict[Click, Origin] = field(default_factory=dict)
    interferes: Any = None
    recordings: list[list[EventId]] = field(default_factory=list)
    loads: list[list[Person]] = field(default_factory=list)
    lookups: int = 0
    posts: dict[MediaId, datetime] = field(default_factory=dict)

    async def record(
        self, batch: Sequence[Recorded], contacts: Sequence[ContactKept]
    ) -> Mapping[EventId, Standing]:
        self.recordings.append([row.event_id for row in batch])
        if self.interferes is not None:
            self.interferes(self)
        kept: dict[Any, ContactKept] = {(one.account, one.person_id): one for one in contacts}
        assert len(kept) == len(contacts), "a person's contact was given twice"
        standings = {}
        for row in batch:
            standing = self._record(row, kept.get((row.account, row.person_id)))
            if standing is not None:
                standings[row.event_id] = standing
        return standings

    def _record(self, row: Recorded, kept: ContactKept | None) -> Standing | None:
        before = self.rows.get(row.event_id)
        if row.person_id in self.erased:
            return Standing("ignored", (), new=before is None, ours=before is None, erased=True)
        goes_on = row.outcome != "asked" or json.loads(row.decision)["answer"] is not None
        ours = before is None or (before.outcome == "asked" and goes_on)
        if ours and kept is not None:
            person = (kept.account, kept.person_id)
            stored = self.contacts.get(person, STRANGER)
            if stored.revision != kept.expected:
                return None if before is None else self._standing(before, ours=False)
            if kept.after is not None:
                assert kept.expected + 1 == kept.after.revision
            self.contacts[person] = kept.after or stored
        if ours:
            self.rows[row.event_id] = row
        new = before is None
        return self._standing(self.rows[row.event_id], ours=ours, new=new)

    def _standing(self, row: Recorded, *, ours: bool, new: bool = False) -> Standing:
        ready = tuple(one.id for one in row.deliveries if one.state == "ready")
        return Standing(outcome=row.outcome, ready=ready, new=new, ours=ours)

    async def load(self, people: Sequence[Person]) -> Mapping[Person, Contact]:
        self.loads.append(list(people))
        return {one: self.contacts[one] for one in people if one in self.contacts}

    async def of_echoes(self, echoes: Sequence[Echo]) -> Sequence[Traced]:
        self.lookups += 1
        return [self.echoes.get(one, Traced(ours=False)) for one in echoes]

    async def keep(
        self, account: UUID, workspace: WorkspaceId, published: Sequence[PublishedPost]
    ) -> None:
        assert (SHOP, WORKSPACE) == (account, workspace)
        self.posts |= {post.media_id: post.posted_at for post in published}

    async def of_clicks(self, clicks: Sequence[Click]) -> Mapping[Click, Origin]:
        self.lookups += 1
        return {one: self.clicks[one] for one in clicks if one in self.clicks}


@dataclass
class FakeQueue:
    """What was published; `down` times it fails first."""

    sent: list[Outgoing] = field(default_factory=list)
    down: int = 0
    calls: int = 0

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.calls += 1
        if self.down:
            self.down -= 1
            raise Unavailable("SQS is away")
        self.sent.extend(messages)


@dataclass
class Bench:
    """A router and everything around it. `now` is its clock."""

    rules: FakeRules
    redis: FakeRedis = field(default_factory=FakeRedis)
    postgres: FakePostgres = field(default_factory=FakePostgres)
    outbound: FakeQueue = field(default_factory=FakeQueue)
    classify: FakeQueue = field(default_factory=FakeQueue)
    meter: Meter = field(default_factory=lambda: Meter("router", "test"))
    now: datetime = NOON

    @property
    def router(self) -> Router:
        """A router on all this; several share it, as processes would."""
        postgres, clock = self.postgres, lambda: self.now
        return Router(
            observations=self.redis,
            memory=self.redis,
            rules=self.rules,
            origins=Origins(deliveries=postgres, now=clock),
            rounds=Rounds(contacts=postgres, versions=self.rules, ledger=postgres, now=clock),
            posts=postgres,
            publishing=Publishing(
                outbound=self.outbound,
                classify=self.classify,
                now=clock,
                patience=timedelta(seconds=60),
            ),
            meter=self.meter,
            now=clock,
        )

    async def events(self, *events: Any) -> list[BaseException | None]:
        """Let the router handle a batch of these events."""
        return list(await self.router.events(received(*events)))

    async def answers(self, *answers: Any) -> list[BaseException | None]:
        """Let the router handle a batch of these answers."""
        return list(await self.router.answers(received(*answers)))

    def row(self, event: Any) -> Recorded:
        """Return the event as it was recorded."""
        return self.postgres.rows[event.event_id]

    def knows(self, contact: Contact, *, cached: Contact | None = None) -> None:
        """Let PERSON be known as `contact`, and let Redis remember them as `cached`."""
        self.postgres.contacts[SOMEBODY] = contact
        if cached is not None:
            self.redis.contacts[PERSON] = cached


def bench(book: RuleBook) -> Bench:
    """Return a router by `book` with fakes around it, at noon."""
    return Bench(FakeRules(book))


def received(*messages: Any) -> list[Received[Any]]:
    """Return messages as a consumer hands them over."""
    return [Received(one, Receipt(message_id="m", receives=1, sent_at=NOON)) for one in messages]


def moved(contact: Contact, **changes: Any) -> Contact:
    """Return `contact` as somebody else has changed it meanwhile."""
    return replace(contact, revision=contact.revision + 1, **changes)
