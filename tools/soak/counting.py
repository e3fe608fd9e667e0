"""What came of it all, counted from Meta's side; and what must not be, and is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

# The simulator's lists that must be empty.
_VIOLATIONS = (
    "lost",
    "undelivered",
    "twice",
    "unexpected",
    "outside_window",
    "over_limit",
    "after_deadline",
    "out_of_order",
    "while_held",
    "after_opt_out",
    "refused",
)


@dataclass(frozen=True, slots=True)
class Wrote:
    """A comment that somebody wrote, and whether Meta told of it."""

    comment_id: str
    account_id: str
    is_told: bool

    @property
    def identity(self) -> str:
        """What it is called in the ledger."""
        return f"c:{self.account_id}:{self.comment_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What an account's coverage says: so many comments are to be read, so many are known."""

    account_id: str
    readable: int
    stored: int
    missed: int  # ever found by reading alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that is known when it is over."""

    wrote: Sequence[Wrote]
    decided: Counter[str]  # identities of comments in the ledger, each as often as it is there
    coverage: Sequence[Counted]
    states: Counter[str]  # of deliveries
    calls: Mapping[str, int]  # account id: most calls of the caretaker's to Meta within an hour
    most_calls: int
    verdict: Json
    refreshed: int  # tokens
    ended: Sequence[str] = ()
    left: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The figures, and what is wrong."""

    written: int
    untold: int
    decided: int
    twice: int
    never: int
    found: int
    expected: int
    sent: int
    refreshed: int
    most_calls: int
    wrong: Sequence[str]


def outcome_of(evidence: Evidence) -> Outcome:
    """Count."""
    written = {one.identity for one in evidence.wrote}
    decided = Counter({one: n for one, n in evidence.decided.items() if one in written})
    return Outcome(
        written=len(written),
        untold=sum(not one.is_told for one in evidence.wrote),
        decided=len(decided),
        twice=sum(n > 1 for n in decided.values()),
        never=len(written - decided.keys()),
        found=sum(one.missed for one in evidence.coverage),
        expected=int(evidence.verdict["expected"]),
        sent=int(evidence.verdict["sent"]),
        refreshed=evidence.refreshed,
        most_calls=max(evidence.calls.values(), default=0),
        wrong=list(_wrong(evidence, decided, written)),
    )


def _wrong(evidence: Evidence, decided: Counter[str], written: AbstractSet[str]) -> Iterator[str]:
    never = sorted(written - decided.keys())
    if never:
        yield f"{len(never)} comments have no decision, {never[0]} among them"
    twice = sorted(one for one, n in decided.items() if n > 1)
    if twice:
        yield f"{len(twice)} comments were decided more than once, {twice[0]} among them"
    for name in _VIOLATIONS:
        if found := evidence.verdict[name]:
            yield f"{name}: {len(found)}, the first: {found[0]}"
    yield from _short(evidence)
    for state, count in evidence.states.items():
        if state != "sent":
            yield f"{count} deliveries are {state}"
    for account_id, calls in evidence.calls.items():
        if calls > evidence.most_calls:
            most = evidence.most_calls
            yield f"{calls} calls for {account_id} within an hour, {most} are allowed"
    for queue, count in evidence.left.items():
        yield f"{count} messages are left on {queue}"
    yield from evidence.ended


def _short(evidence: Evidence) -> Iterator[str]:
    """Yield the accounts whose coverage does not say what Meta has."""
    wrote = Counter(one.account_id for one in evidence.wrote)
    by_account = {one.account_id: one for one in evidence.coverage}
    for account_id, count in wrote.items():
        counted = by_account.get(account_id)
        told = (counted.readable, counted.stored) if counted else (0, 0)
        if told != (count, count):
            yield f"coverage of {account_id} says {told[1]} of {told[0]}, people wrote {count}"
