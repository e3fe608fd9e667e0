"""`migrate`: the database brought up to date."""

from __future__ import annotations

from pathlib import Path

import typer

from switchboard.cli import telling
from switchboard.cli.database import environment
from switchboard.cli.failing import CannotDo
from switchboard.db import migrate as migrations
from switchboard.db.errors import MigrationFailed
from switchboard.settings import DatabaseSettings


async def migrate(directory: str, *, as_json: bool) -> int:
    """Apply the migrations that the database has not seen."""
    dsn = str(environment(DatabaseSettings).database_url)
    try:
        applied = await migrations.apply(dsn, Path(directory))
    except MigrationFailed as failure:
        raise CannotDo(str(failure)) from None
    if as_json:
        telling.as_json({"applied": applied})
    else:
        typer.echo("\n".join(f"applied {one}" for one in applied) or "up to date")
    return 0
