"""What the ledger has: one event by any of its names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from switchboard.cli import accounts
from switchboard.cli.failing import CannotDo
from switchboard.contracts import EventId
from switchboard.contracts.ids import AccountId, event_id
from switchboard.db import history
from switchboard.db.history import History
from switchboard.db.pool import Queryable

# How events name a comment or a message that Meta names: see `Event.identity`.
_NAMED_BY_META: Final = ("c", "m", "p", "e", "d")


async def find(db: Queryable, written: str) -> list[History]:
    """
    Return the events that `written` names: one of ours, or those of a comment or a message.

    Raises:
        CannotDo: There is none.
    """
    found = [await history.event(db, one) for one in await _candidates(db, written)]
    there = [one for one in found if one is not None]
    if not there:
        msg = f"no event {written!r}; give an event's id, a comment's, or a message's, in full"
        raise CannotDo(msg)
    return sorted(there, key=lambda one: one.past.received_at)


async def _candidates(db: Queryable, written: str) -> list[EventId]:
    try:
        return [EventId(UUID(written))]
    except ValueError:
        of = await accounts.instagram_ids(db)
        return await _there(db, _ids(of, written))


def _ids(of: Iterable[AccountId], written: str) -> list[EventId]:
    """Return the ids of the events that could have that name, whosever they are."""
    return [event_id(f"{kind}:{one}:{written}") for one in of for kind in _NAMED_BY_META]


async def _there(db: Queryable, ids: list[EventId]) -> list[EventId]:
    return [EventId(row["event_id"]) for row in await db.fetch(_THERE, ids)]


_THERE = "select event_id from public.events where event_id = any ($1::uuid[])"
