"""`operators`: who runs the installation, and may see by the API how all of it is."""

from __future__ import annotations

from dataclasses import asdict

import typer

from switchboard.cli import telling
from switchboard.cli.database import open_database
from switchboard.cli.failing import CannotDo
from switchboard.db import operators


async def add(user: str, *, as_json: bool) -> int:
    """Make a user an operator."""
    async with open_database() as db:
        if not await operators.add(db, user):
            raise CannotDo(f"there is no user {user!r}; they sign up first")
    telling.done(
        {"user": user, "operator": True}, f"{user} runs the installation.", as_json=as_json
    )
    return 0


async def remove(user: str, *, as_json: bool) -> int:
    """Make a user no operator any more."""
    async with open_database() as db:
        if not await operators.remove(db, user):
            raise CannotDo(f"{user!r} is no operator; see `switchboard operators list`")
    told = {"user": user, "operator": False}
    telling.done(told, f"{user} no longer runs the installation.", as_json=as_json)
    return 0


async def list_(*, as_json: bool) -> int:
    """Print who runs the installation."""
    async with open_database() as db:
        found = await operators.all_of_them(db)
    if as_json:
        telling.as_json([asdict(one) for one in found])
    elif not found:
        typer.echo("Nobody does, by the API: `switchboard operators add`.")
    else:
        head = ("user", "e-mail", "since", "said by")
        rows = [
            (str(one.id), one.email or "", f"{one.added_at:%Y-%m-%d %H:%M}", one.added_by)
            for one in found
        ]
        telling.columns([head, *rows])
    return 0
