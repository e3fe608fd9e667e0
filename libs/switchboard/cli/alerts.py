"""`alerts`: what a person should know or do; `try-again`: somebody says that it is mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.accounts import Account
from switchboard.cli.database import open_database, reading
from switchboard.cli.failing import EXIT_FOUND
from switchboard.db import holds
from switchboard.db.alerts import Alert, open_alerts
from switchboard.rules.alerts import told


async def alerts(account: str | None, *, as_json: bool) -> int:
    """Print what is open of one account, or of all, oldest first; 1 if there is anything."""
    async with reading() as db:
        of = None if account is None else await accounts.account(db, account)
        found = await open_alerts(db, None if of is None else of.id)
        known = await accounts.known(db, {one.account for one in found})
    if as_json:
        telling.as_json([_stored(one, known) for one in found])
    elif not found:
        typer.echo("No alert is open.")
    else:
        for one in found:
            _tell(one, known)
    return EXIT_FOUND if found else 0


async def try_again(account: str, *, as_json: bool) -> int:
    """Let the next delivery of a held account be tried at once."""
    async with open_database() as db:
        of = await accounts.account(db, account)
        was_held = await holds.try_now(db, of.id)
    mended = "The next message is tried at once; if it is taken, all that waits follows."
    telling.done(
        {"account": of.id, "was_held": was_held},
        mended if was_held else "The account is not held.",
        as_json=as_json,
    )
    return 0


def _tell(one: Alert, known: Mapping[UUID, Account]) -> None:
    sentences = told(one.kind, one.subject, one.detail)
    name = telling.printable(known[one.account].username)
    telling.heading(f"{name}: {one.kind}, since {one.raised_at:%Y-%m-%d %H:%M} UTC")
    telling.lines(filter(None, (sentences.says, sentences.do)))


def _stored(one: Alert, known: Mapping[UUID, Account]) -> Mapping[str, Any]:
    sentences, of = told(one.kind, one.subject, one.detail), known[one.account]
    return {
        "id": one.id,
        "account": of.id,
        "instagram_id": of.instagram_id,
        "username": of.username,
        "kind": one.kind,
        "subject": one.subject,
        "detail": one.detail,
        "raised_at": one.raised_at,
        "says": sentences.says,
        "do": sentences.do,
        "audience": sentences.audience,
    }
