"""
What becomes of dead letters: written down before it is done, and again when it has been.

In the logs of the workspaces they belong to, and for those who run the installation in one place,
which also has what belongs to nobody. Inside the envelope, or for the role that owns the schema.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from switchboard.db.pool import Queryable

Deed = Literal["sent_back", "discarded"]
# A transaction of its own for each of the two.
Act: TypeAlias = Callable[[], AbstractAsyncContextManager[Queryable]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterDeed:
    """
    What somebody was about to do with dead letters of a queue, and did.

    `letters` are their ids by the account they are about; `done` of how many of each it came true,
    and when that was said: never, if whoever was at it was killed, or the database was away.
    """

    id: int
    at: datetime
    queue: str
    deed: Deed
    actor: str
    actor_id: UUID | None
    letters: Mapping[str, Sequence[str]]
    done: Mapping[str, int] | None
    ended_at: datetime | None


class Letter(Protocol):
    """A dead letter: which one it is, and what account it is about."""

    @property
    def message_id(self) -> str:
        """Its id at SQS."""
        ...

    @property
    def group(self) -> str:
        """Instagram's id of the account, or what stands there if it is nobody's."""
        ...


@dataclass(slots=True)
class LetterLog:
    """
    The book in which it stands what is done with letters of one queue.

    `many` it has been by now; `told` is called at each.
    """

    act: Act
    queue: str
    deed: Deed
    told: Callable[[], object] = lambda: None
    many: int = 0

    @contextlib.asynccontextmanager
    async def entry(self, letters: Sequence[Letter]) -> AsyncIterator[Callable[[Letter], None]]:
        """
        Note that `letters` are about to be dealt with; on leaving, of how many it came true.

        Raises:
            QueryFailed: There are some among them that are not the caller's to deal with.
            Unavailable: It cannot be noted; if that is on entering, nothing may be done.
        """
        ids: defaultdict[str, list[str]] = defaultdict(list)
        for one in letters:
            ids[one.group].append(one.message_id)
        done: Counter[str] = Counter()

        def note(letter: Letter) -> None:
            done[letter.group] += 1
            self.many += 1
            self.told()

        async with self.act() as db:
            row = await db.fetchrow(_BEGIN, self.queue, self.deed, dict(ids))
        assert row is not None  # a function's result is one row
        try:
            yield note
        finally:
            async with self.act() as db:
                await db.execute(_END, row["id"], dict(done))


async def deeds(db: Queryable, *, before: int | None, most: int) -> Sequence[LetterDeed]:
    """
    Return what was done with anybody's letters, the latest first; to an operator.

    Raises:
        QueryFailed: The caller is none.
    """
    rows = await db.fetch(_DEEDS, before, most)
    return [LetterDeed(**{name: row[name] for name in LetterDeed.__slots__}) for row in rows]


_BEGIN = "select private.begin_letters($1, $2, $3::jsonb) as id"

_END = "select private.end_letters($1, $2::jsonb)"

_DEEDS = "select * from private.letter_deeds_before($1, $2)"
