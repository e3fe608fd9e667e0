"""`export`, `import`: a workspace as plain files, taken away and brought."""

from __future__ import annotations

import sys
from uuid import UUID

import typer

from switchboard.cli import distant, telling
from switchboard.cli.database import open_database
from switchboard.cli.failing import CannotDo
from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable
from switchboard.exporting import CannotArrive, CannotLeave, bring, take
from switchboard.storage import CannotKeep, FileMissing


async def export(written: str, destination: str, *, as_json: bool) -> int:
    """Write everything that a workspace owns to a new folder, or to a .zip, here or in S3."""
    async with open_database() as db:
        workspace = await named(db, written)
        try:
            async with distant.target(destination) as files:
                manifest = await take(db, workspace, files, told=_tell)
        except (CannotLeave, CannotKeep, OSError) as failure:
            raise CannotDo(f"{destination}: {_why(failure)}") from None
    if as_json:
        telling.as_json(manifest)
    else:
        typer.echo(f"{manifest.rows:,} rows in {len(manifest.files)} files: {destination}")
    return 0


async def import_(source: str, *, owner: str | None, keep_owed: bool, as_json: bool) -> int:
    """Bring a workspace that `export` wrote, whole or not at all."""
    async with open_database() as db:
        try:
            async with distant.source(source) as files:
                arrived = await bring(db, files, owner=owner, keep_owed=keep_owed, told=_tell)
        except (CannotArrive, CannotKeep, FileMissing, OSError, ValueError) as failure:
            raise CannotDo(f"{source}: {_why(failure)}") from None
    manifest = arrived.manifest
    if as_json:
        told = {"workspace_id": manifest.workspace_id, "rows": manifest.rows}
        telling.as_json(told | {"called_off": arrived.called_off})
        return 0
    typer.echo(f"Workspace {manifest.workspace_id} is here: {manifest.rows:,} rows.")
    if arrived.called_off:
        typer.echo(f"{arrived.called_off:,} deliveries that were still owed were called off.")
    typer.echo("Its accounts are disconnected: each is to be connected again.")
    return 0


async def named(db: Queryable, written: str) -> WorkspaceId:
    """
    Return the workspace of that id or name.

    Raises:
        CannotDo: None is called so, or several.
    """
    try:
        return WorkspaceId(UUID(written))
    except ValueError:
        rows = await db.fetch("select id from public.workspaces where name = $1", written)
    if len(rows) != 1:
        raise CannotDo(f"{len(rows)} workspaces are called {written!r}; give the id")
    return WorkspaceId(rows[0]["id"])


def _tell(name: str, rows: int) -> None:
    """Say how far it has come; a program reads only what is on standard output."""
    sys.stderr.write(f"{name}: {rows:,}\n")


def _why(failure: Exception) -> str:
    return (failure.strerror if isinstance(failure, OSError) else None) or str(failure)
