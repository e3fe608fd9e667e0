"""`replay`: deciding again, by what it was decided by, or with another campaign in its place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.books import Books, NotKept
from switchboard.cli.changing import tell_changes
from switchboard.cli.database import reading
from switchboard.cli.definitions import read_definition
from switchboard.cli.failing import EXIT_FOUND, CannotDo
from switchboard.cli.progress import counting
from switchboard.contracts import CampaignId
from switchboard.db import history
from switchboard.db.history import PastEvent
from switchboard.db.pool import Queryable
from switchboard.rules.campaigns import CampaignDefinition
from switchboard.rules.decide import decide
from switchboard.rules.decision import Decision
from switchboard.rules.dryrun import Changes, Example, Said, said, with_candidate
from switchboard.rules.replaying import (
    Book,
    Difference,
    Stored,
    can_be_decided_again,
    differences,
    read,
)
from switchboard.rules.rulebook import RuleBook

_MAX_DIFFERENT: Final = 100  # events whose differences are printed; all are counted
_EXAMPLES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Which events: of one account or of all, from `since` to just before `until`."""

    since: datetime
    until: datetime | None
    account: str | None


async def replay(of: Range, *, as_json: bool) -> int:
    """Decide the events again; 1 if any comes out otherwise than it was stored."""
    tally = _Tally(as_json=as_json)
    async with reading() as db:
        account, total = await _scope(db, of)
        books = Books(db)
        with counting("replayed", total) as count:
            async for past in history.events(db, account=account, since=of.since, until=of.until):
                await _compare(past, books, tally)
                count()
    return tally.tell()


async def what_if(of: Range, file: str, as_: str | None, *, as_json: bool) -> int:
    """Decide the events with the campaign in `file` in place of a live one; print what differs."""
    definition = read_definition(file)
    candidate = CampaignId(uuid4()) if as_ is None else accounts.campaign_id(as_, "--as")
    if of.account is None:
        raise CannotDo("--account: name the account whose campaign it is, or is to be")
    async with reading() as db:
        account, total = await _scope(db, of)
        if account is not None and as_ is not None:
            accounts.named(await accounts.campaigns(db, account), candidate, "--as")
        instead = _Instead(Books(db), definition, candidate, of.since)
        with counting("replayed", total) as count:
            async for past in history.events(db, account=account, since=of.since, until=of.until):
                await instead.compare(past)
                count()
        names = await accounts.names(db, instead.seen)
    if as_json:
        telling.as_json(instead.told(names))
    else:
        instead.tell(names)
    return 0


async def _scope(db: Queryable, of: Range) -> tuple[UUID | None, int]:
    account = None if of.account is None else (await accounts.account(db, of.account)).id
    total = await history.count(db, account=account, since=of.since, until=of.until)
    return account, total


async def _again(past: PastEvent, books: Books, book: RuleBook, stored: Stored) -> Decision:
    if past.account is not None:
        book = await books.with_others(past.account, book, stored)
    return decide(stored.event, book, stored.contact, stored.now, stored.answer)


async def _compare(past: PastEvent, books: Books, tally: _Tally) -> None:
    if not can_be_decided_again(past.decision):
        tally.set_aside += 1
        return
    try:
        book = await books.of(past)
        stored = read(past.event, past.decision)
    except (NotKept, ValueError) as why:
        tally.note(past, [Difference("", "decided", " ".join(str(why).split()))])
        return
    decided = await _again(past, books, book.rules, stored)
    tally.note(past, differences(past.decision, decided))


@dataclass(slots=True)
class _Tally:
    """
    How many came out the same; those that did not are printed as they are met.

    As JSON all is printed at the end.
    """

    as_json: bool
    same: int = 0
    different: int = 0
    set_aside: int = 0
    shown: list[dict[str, object]] = field(default_factory=list)

    def note(self, past: PastEvent, found: list[Difference]) -> None:
        if not found:
            self.same += 1
            return
        self.different += 1
        if self.different > _MAX_DIFFERENT:
            return
        if self.as_json:
            self.shown.append({"event_id": past.event_id, "differences": found})
        else:
            telling.heading(f"event {past.event_id} ({past.received_at.isoformat()})")
            telling.lines(
                f"{one.path or 'it'}: stored {one.stored!r}, again {one.again!r}" for one in found
            )

    def tell(self) -> int:
        if self.as_json:
            counted = {"identical": self.same, "different": self.different}
            telling.as_json(counted | {"set_aside": self.set_aside, "events": self.shown})
            return EXIT_FOUND if self.different else 0
        if self.different > _MAX_DIFFERENT:
            typer.echo(f"and {self.different - _MAX_DIFFERENT:,} more that differ")
        typer.echo(f"{self.same:,} events identical, {self.different:,} different")
        if self.set_aside:
            typer.echo(f"{self.set_aside:,} were not decided by rules that are kept with them")
        return EXIT_FOUND if self.different else 0


@dataclass(slots=True)
class _Instead:
    """What another definition changes, event by event, each with the contact it had."""

    books: Books
    definition: CampaignDefinition
    candidate: CampaignId
    since: datetime
    changes: Changes = field(default_factory=lambda: Changes(_EXAMPLES))
    seen: set[UUID] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    compiled: dict[int, RuleBook] = field(default_factory=dict)

    async def compare(self, past: PastEvent) -> None:
        self.counts["events"] += 1
        if not can_be_decided_again(past.decision):
            self.counts["set aside"] += 1
            return
        try:
            book = await self.books.of(past)
            stored = read(past.event, past.decision)
        except (NotKept, ValueError):
            self.counts["set aside"] += 1
            return
        now = await _again(past, self.books, book.rules, stored)
        then = await _again(past, self.books, self._with_candidate(book), stored)
        self.counts["asked"] += then.outcome == "asked" != now.outcome
        self._add(past, stored, _reaching(now), _reaching(then))

    def _add(
        self, past: PastEvent, stored: Stored, live: tuple[Said, ...], candidate: tuple[Said, ...]
    ) -> None:
        self.seen.update(one.campaign_id for one in (*live, *candidate))
        text = getattr(stored.event, "text", None)
        self.changes.add(
            Example(past.event_id, past.person_id, past.received_at, text, live, candidate)
        )

    def _with_candidate(self, book: Book) -> RuleBook:
        version = book.rules.version
        if version not in self.compiled:
            self.compiled[version] = with_candidate(
                book.rules,
                book.campaigns,
                book.intents,
                self.definition,
                self.candidate,
                published_at=self.since,
            )
        return self.compiled[version]

    def told(self, names: dict[str, str]) -> dict[str, object]:
        """Return what changes, for programs; at most so many examples of each kind of change."""
        return {
            "events": self.counts["events"],
            "asked": self.counts["asked"],
            "set_aside": self.counts["set aside"],
            "campaigns": names,
            "changes": self.changes.found(),
        }

    def tell(self, names: dict[str, str]) -> None:
        tell_changes(self.changes.found(), names)
        typer.echo(f"of {self.counts['events']:,} events; nothing was sent or written")
        if self.counts["asked"]:
            typer.echo(f"{self.counts['asked']:,} more would be asked about, and nobody knows")
        if self.counts["set aside"]:
            typer.echo(f"{self.counts['set aside']:,} cannot be decided again and were left out")


def _reaching(decision: Decision) -> tuple[Said, ...]:
    return tuple(one for one in map(said, decision.drafts) if one is not None)
