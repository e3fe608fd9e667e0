"""`workspaces`: which there are, who owns them, and the end of one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

import typer

from switchboard.cli import telling
from switchboard.cli.database import open_database
from switchboard.cli.failing import CannotDo
from switchboard.cli.workspaces import named
from switchboard.contracts import WorkspaceId
from switchboard.db import removals
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Queryable
from switchboard.db.removals import Living, Removed


async def list_(*, removed: bool, as_json: bool) -> int:
    """Print the workspaces there are, or those that were deleted."""
    async with open_database() as db:
        if removed:
            gone = await removals.gone(db)
            if as_json:
                telling.as_json([asdict(one) for one in gone])
            else:
                _tell_gone(gone)
            return 0
        found = await removals.living(db)
    if as_json:
        telling.as_json([asdict(one) for one in found])
    else:
        _tell_living(found)
    return 0


async def delete(written: str, *, after_days: int, sure: bool, as_json: bool) -> int:
    """Have a workspace deleted; at a terminal, have its name typed first."""
    async with open_database() as db:
        workspace = await _there(db, written)
        if not sure and sys.stdin.isatty():
            _confirm(workspace)
        await removals.ask_as_operator(db, workspace.id, grace=timedelta(days=after_days))
        asked = await _there(db, str(workspace.id))
    assert asked.deletion_due_at is not None  # it was just asked for
    telling.done(
        {"workspace_id": asked.id, "deletion_due_at": asked.deletion_due_at},
        "Its accounts are disconnected, and its campaigns paused.",
        f"It is deleted on {asked.deletion_due_at:%Y-%m-%d %H:%M} UTC; until then,"
        f" `switchboard workspaces keep {asked.id}` calls that off.",
        as_json=as_json,
    )
    return 0


async def keep(written: str, *, as_json: bool) -> int:
    """Call off the deletion of a workspace."""
    async with open_database() as db:
        workspace = await _there(db, written)
        try:
            kept = await removals.call_off_as_operator(db, workspace.id)
        except QueryFailed:
            raise CannotDo("its rows are being deleted: it is too late to call that off") from None
    if not kept:
        raise CannotDo("nobody has asked for its deletion")
    telling.done(
        {"workspace_id": workspace.id, "deletion_due_at": None},
        "It stays. Its accounts are to be connected again, and its campaigns resumed.",
        as_json=as_json,
    )
    return 0


async def owner(written: str, user: str, *, as_json: bool) -> int:
    """Make a user an owner of a workspace."""
    async with open_database() as db:
        workspace = await _there(db, written)
        if not await removals.name_owner(db, workspace.id, user):
            raise CannotDo(f"there is no user {user!r}; they sign up first")
    telling.done(
        {"workspace_id": workspace.id, "owner": user},
        f"{user} owns {telling.printable(workspace.name)}.",
        as_json=as_json,
    )
    return 0


async def _there(db: Queryable, written: str) -> Living:
    """
    Return a workspace that is there.

    Raises:
        CannotDo: It is not.
    """
    workspace: WorkspaceId = await named(db, written)
    for one in await removals.living(db):
        if one.id == workspace:
            return one
    raise CannotDo(f"there is no workspace {written}")


def _confirm(workspace: Living) -> None:
    """Have the name of a workspace typed, as by its owner in the dashboard."""
    typed = typer.prompt("Everything it owns is lost for ever. Type its name", err=True)
    if typed != workspace.name:
        raise CannotDo("that is not what it is called")


def _tell_living(found: Sequence[Living]) -> None:
    if not found:
        typer.echo("There are none.")
        return
    head = ("workspace", "name", "accounts", "members", "owners", "deleted on")
    rows = [
        (
            str(one.id),
            one.name,
            one.accounts,
            one.members,
            ", ".join(one.owners) or "nobody",
            "" if one.deletion_due_at is None else f"{one.deletion_due_at:%Y-%m-%d %H:%M}",
        )
        for one in found
    ]
    telling.columns([head, *rows])


def _tell_gone(found: Sequence[Removed]) -> None:
    if not found:
        typer.echo("None was deleted.")
        return
    head = ("workspace", "asked by", "asked on", "begun", "done", "rows")
    rows = [
        (
            str(one.workspace_id),
            str(one.asked_by or "an operator"),
            f"{one.asked_at:%Y-%m-%d %H:%M}",
            f"{one.began_at:%Y-%m-%d %H:%M}",
            "" if one.finished_at is None else f"{one.finished_at:%Y-%m-%d %H:%M}",
            f"{sum(one.counts.values()):,}",
        )
        for one in found
    ]
    telling.columns([head, *rows])
