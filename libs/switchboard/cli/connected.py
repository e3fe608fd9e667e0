"""`accounts`: those that are or were connected, and how each one is."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.database import reading
from switchboard.db import standing
from switchboard.db.standing import Standing


async def list_(*, as_json: bool) -> int:
    """Print all accounts."""
    async with reading() as db:
        found = await standing.accounts(db)
    if as_json:
        telling.as_json(found)
    elif not found:
        typer.echo("No account was ever connected.")
    else:
        head = ("account", "workspace", "status", "last event", "owed", "alerts", "id")
        telling.columns([head, *map(_row, found)])
    return 0


async def show(account: str, *, as_json: bool) -> int:
    """Print everything that is known of one account."""
    async with reading() as db:
        of = await accounts.account(db, account)
        (one,) = await standing.accounts(db, of.id)
    if as_json:
        telling.as_json(one)
        return 0
    telling.heading(f"{telling.printable(one.username)} ({one.instagram_id})")
    telling.lines(_lines(one))
    return 0


def _row(one: Standing) -> tuple[str, ...]:
    last = f"{one.last_event_at:%Y-%m-%d %H:%M}" if one.last_event_at else "never"
    owed = sum(one.owed.values())
    alerts = str(len(one.alerts))
    return one.username, one.workspace, one.status, last, str(owed), alerts, str(one.id)


def _lines(one: Standing) -> Iterator[str]:
    yield f"Our id {one.id}, in workspace {one.workspace} ({one.workspace_id})."
    yield f"Towards our app it is {one.app_scoped_id or 'not known by another id'}."
    yield f"It is {one.status.replace('_', ' ')}."
    if one.held_until:
        yield f"Held until {one.held_until:%Y-%m-%d %H:%M} UTC: {one.hold_reason}."
    if one.token_expires_at:
        yield f"Its token runs out {one.token_expires_at:%Y-%m-%d %H:%M} UTC."
    elif one.has_token:
        yield "When its token runs out is not known."
    else:
        yield "It has no token."
    yield f"Granted: {', '.join(one.permissions) if one.permissions else 'not known'}."
    fields = one.subscribed_fields
    yield f"Webhooks: {', '.join(fields) if fields else 'not known'}."
    yield f"Last event: {one.last_event_at or 'never'}."
    owed = ", ".join(f"{count} {state}" for state, count in one.owed.items())
    yield f"Owed: {owed or 'nothing'}."
    yield f"Open alerts: {', '.join(one.alerts) or 'none'}."
    yield (
        f"At most {one.private_replies_per_hour} private replies an hour, "
        f"{one.sends_per_second} messages a second."
    )
