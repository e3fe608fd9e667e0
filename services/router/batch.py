"""How far a batch has come: whose turn it is, what is known of whom, what has been recorded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.router.cases import Case, Decided, Person
from switchboard.contracts import AccountId, EventId, PersonId
from switchboard.contracts.events import Comment
from switchboard.db.ledger import Standing
from switchboard.errors import Failure, Unavailable
from switchboard.rules.contact import STRANGER, Contact
from switchboard.rules.decision import Decision
from switchboard.state.contacts import Remembered

# A conflict means that another router has just decided something about the same person. Five in a
# row are a person with whom something is wrong; a moment later it may be over.
_TRIES: Final = 5


@dataclass(slots=True)
class Batch:
    """
    How far a batch has come.

    `waiting` are in the order they happened. `known` are contacts as far as we know them; `wrong`,
    the revisions of guesses and copies that have turned out to be wrong; `learnt`, contacts that
    Postgres has and Redis may not have. `erased` are people of whom nothing is to be remembered.
    `failed` are events that must come again.
    """

    waiting: list[Case]
    known: dict[Person, Contact] = field(default_factory=dict)
    wrong: dict[Person, int] = field(default_factory=dict)
    learnt: dict[Person, Contact] = field(default_factory=dict)
    conflicts: Counter[EventId] = field(default_factory=Counter)
    done: list[tuple[Decided, Standing]] = field(default_factory=list)
    erased: set[tuple[AccountId, PersonId]] = field(default_factory=set)
    failed: dict[EventId, Failure] = field(default_factory=dict)
    _names: dict[UUID, AccountId] = field(default_factory=dict)
    _erasings: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, cases: Iterable[Case]) -> Batch:
        """Return a batch of which nothing is decided yet."""
        batch = cls(sorted(cases, key=lambda case: (case.event.began_at, case.event_id)))
        for case in batch.waiting:
            if case.tenant is not None:
                batch._names[case.tenant.account] = case.event.account_id
                batch._erasings[case.tenant.account].add(case.erasings)
            if case.person is not None and case.cached is not None:
                batch.known[case.person] = case.cached
        return batch

    def turn(self) -> list[Case]:
        """Return the next of each person, and what is nobody's: no event and no person twice."""
        turn: dict[Person | EventId, Case] = {}
        for case in self.waiting:
            turn.setdefault(case.person or case.event_id, case)
        return list(turn.values())

    def unknown(self, turn: Iterable[Case]) -> list[Person]:
        """
        Return whom Postgres must be asked about before this turn.

        Who comments has mostly never been met: that is guessed, and recording tells if it was
        wrong. Of everybody else something may be known that the decision depends on.
        """
        unknown = []
        for case in turn:
            if case.person is None or case.person in self.known:
                continue
            if isinstance(case.event, Comment) and case.person not in self.wrong:
                self.known[case.person] = STRANGER
            else:
                unknown.append(case.person)
        return unknown

    def loaded(self, people: Iterable[Person], stored: Mapping[Person, Contact]) -> None:
        """Note what Postgres has of `people`: nothing of some."""
        for person in people:
            self.known[person] = self.learnt[person] = stored.get(person, STRANGER)

    def contact(self, case: Case) -> Contact:
        """Return the contact to decide `case` by."""
        if case.person is None:
            return STRANGER
        contact = self.known[case.person]
        closes_at = _later(contact.window_closes_at, case.window_closes_at)
        if closes_at == contact.window_closes_at:
            return contact
        return replace(contact, window_closes_at=closes_at)

    def note(self, one: Decided, standing: Standing | None) -> None:
        """
        Note what recording came to: how the event stands in the ledger, if it is there.

        An event that is not, or that still waits for the answer we have just decided by, was not
        written because the stored contact is another one.
        """
        goes_on = one.decision.outcome != "asked" or one.decision.answer is not None
        waits = standing is not None and standing.outcome == "asked" and not standing.ours
        if standing is not None and standing.erased:
            self._erased(one, standing)
        elif standing is None or (waits and goes_on):
            self._conflict(one.case)
        else:
            self._recorded(one, standing)

    def to_remember(self) -> list[Remembered]:
        """
        Return the contacts that Redis should have from now on.

        Of an account of which somebody was erased while its events were observed, there are none.
        """
        return [
            Remembered(
                account_id=self._names[account],
                person_id=person_id,
                contact=contact,
                instead_of=self.wrong.get((account, person_id)),
                erasings=next(iter(self._erasings[account])),
            )
            for (account, person_id), contact in self.learnt.items()
            if len(self._erasings[account]) == 1
        ]

    def _recorded(self, one: Decided, standing: Standing) -> None:
        self.waiting.remove(one.case)
        self.done.append((one, standing))
        person, after = one.case.person, one.decision.after
        if person is None:
            return
        if not standing.ours:
            self._forget(person)  # somebody decided it before, and the contact may have changed
        elif after is not None:
            self.known[person] = self.learnt[person] = after

    def _erased(self, one: Decided, standing: Standing) -> None:
        """Whatever was decided, it was not recorded: the person was erased before."""
        self.waiting.remove(one.case)
        unanswered = Decision("ignored", "erased", one.decision.decided_at)
        self.done.append((replace(one, decision=unanswered), standing))
        if one.case.person is not None:
            self._forget(one.case.person)
        if one.case.person_id:
            self.erased.add((one.event.account_id, one.case.person_id))

    def _conflict(self, case: Case) -> None:
        self.conflicts[case.event_id] += 1
        if case.person is not None:
            self._forget(case.person)
        if self.conflicts[case.event_id] >= _TRIES:
            self._give_up(case)

    def _give_up(self, case: Case) -> None:
        """Let the event come again, and the person's later ones with it, to keep their order."""
        again = {case} | {one for one in self.waiting if one.person and one.person == case.person}
        self.waiting = [one for one in self.waiting if one not in again]
        for one in again:
            self.failed[one.event_id] = Unavailable("the contact changes too often to decide by it")

    def _forget(self, person: Person) -> None:
        self.learnt.pop(person, None)
        was = self.known.pop(person, STRANGER)
        self.wrong.setdefault(person, was.revision)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other
