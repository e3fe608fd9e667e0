"""What is known of a run when it is over: what was told, decided, sent and seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something a person did that the installation was told of; `identity` is its in the ledger."""

    identity: str
    account_id: str
    person: str
    igsid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One delivery as it ended, or as it stands."""

    id: str
    account_id: str  # Meta's
    event: str  # the identity of what it answers
    kind: str
    comment_id: str | None
    person_id: str | None
    state: str
    reason: str | None
    code: int | None
    after_id: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """One thing that happened, as it stands in the ledger."""

    identity: str
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A comment of a person's that Meta shows under a post, whoever was told of it."""

    identity: str
    account_id: str
    media_id: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """What the caretaker counted under a post: so many can be read, so many are in the ledger."""

    account_id: str
    media_id: str
    readable: int
    stored: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """
    What came of the caretaker's work.

    `shown` is what stands under the posts that campaigns wait for comments under; `too_old` are
    those of them that were too old to be answered. `calls` are the most an hour by account.
    """

    shown: Sequence[Shown] = ()
    too_old: AbstractSet[str] = frozenset()
    counted: Sequence[Counted] = ()
    calls: Mapping[str, int] = field(default_factory=dict)
    most_calls: int = 0
    untold: int = 0
    refreshed: int = 0
    own_untold: int = 0  # public replies of ours that did not come back as comments


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that is known of a run when it is over."""

    verdict: Json
    is_over: bool  # false: cut short, with much still to be done
    rows: Sequence[Row]
    decided: Sequence[Decided]
    told: Sequence[Told]
    opted_out: AbstractSet[str]
    taken_over: Sequence[str]
    left: Mapping[str, int]
    dead_letters: Mapping[str, Sequence[str]]
    poison: Sequence[tuple[str, str]]
    ended: Sequence[str]
    tokens_died: bool = False
    allowances: Mapping[str, int] = field(default_factory=dict)  # account id: most of an hour
    answered: Mapping[str, int] = field(default_factory=dict)  # account id: private replies in it
    care: Care = field(default_factory=Care)
