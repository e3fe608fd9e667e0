"""`explain`: why an event got what it got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from switchboard.cli import archive, telling
from switchboard.cli.database import reading
from switchboard.db.history import History


async def explain(written: str, *, as_json: bool) -> int:
    """Print everything that is known about an event; as it is stored if `as_json`."""
    async with reading() as db:
        found = await archive.find(db, written)
    if as_json:
        telling.as_json([_stored(one) for one in found])
        return 0
    for number, one in enumerate(found):
        if number:
            typer.echo()
        _tell(one)
    return 0


def _tell(one: History) -> None:
    account = one.username or one.past.instagram_id
    telling.heading(f"Event {one.past.event_id} of {telling.printable(account)}")
    for chapter in one.explanation():
        telling.heading(chapter.title)
        telling.lines(chapter.lines)


def _stored(one: History) -> Mapping[str, Any]:
    return {
        "event": one.past.event,
        "decision": one.past.decision,
        "outcome": one.past.outcome,
        "deliveries": one.deliveries,
    }
