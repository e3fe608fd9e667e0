"""
Working on exports that somebody asked for. As `switchboard_caretaker`.

That role may read no rows of people's. While an export is its own to write, and whoever asked for
it still might, the database opens it a cursor on the rows that belong into this export, table by
table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from switchboard.contracts import WorkspaceId
from switchboard.db.exports import Kind
from switchboard.db.pool import Queryable
from switchboard.db.portable import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An export that is `taker`'s to write until its lease ends; its `attempt` counts from 1."""

    id: UUID
    workspace_id: WorkspaceId
    kind: Kind
    attempt: int
    taker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """An export that nobody may have any more, each attempt at which may have left a file."""

    id: UUID
    workspace_id: WorkspaceId
    attempts: int


@dataclass(frozen=True, slots=True)
class Granted:
    """The rows that belong into an export, for whoever writes it."""

    work: Work

    async def open(self, tx: Queryable, table: Table) -> None:
        """
        Let the database open the cursor `travelling`.

        Raises:
            QueryFailed: The export is no longer its taker's, or whoever asked may no longer.
        """
        await tx.execute(
            "select private.open_export($1, $2, $3)", self.work.id, self.work.taker, table.name
        )

    async def migration(self, tx: Queryable) -> str:
        """Return the version of the last migration that they have been through."""
        row = await tx.fetchrow("select private.last_migration() as version")
        return "" if row is None else str(row["version"])


async def take(db: Queryable, *, taker: str, lease: timedelta, most_attempts: int) -> Work | None:
    """Take the export that was asked for first, of those that nobody is at."""
    row = await db.fetchrow(
        "select * from private.take_export($1, $2, $3)", taker, lease, most_attempts
    )
    if row is None:
        return None
    return Work(
        id=row["id"],
        workspace_id=WorkspaceId(row["workspace_id"]),
        kind=row["kind"],
        attempt=row["attempt"],
        taker=taker,
    )


async def ask_for_snapshots(db: Queryable, *, every: timedelta, keep: timedelta, most: int) -> int:
    """
    Ask for a snapshot of each workspace that has none as new as `every`, to be kept for `keep`.

    Of `most` at once; return of how many.
    """
    row = await db.fetchrow(
        "select private.ask_for_snapshots($1, $2, $3) as asked", every, keep, most
    )
    return 0 if row is None else int(row["asked"])


async def person(tx: Queryable, work: Work) -> Mapping[str, Any]:
    """
    Return all that is stored of the person that an export is about, with times as `tx` has them.

    Raises:
        QueryFailed: The export is no longer its taker's, or whoever asked may no longer.
    """
    row = await tx.fetchrow("select private.exported_person($1, $2) as person", work.id, work.taker)
    assert row is not None  # a function returns or raises
    found: Mapping[str, Any] = row["person"]
    return found


async def go_on(db: Queryable, work: Work, *, rows: int, lease: timedelta) -> bool:
    """Note how far an export is, and keep it for longer; false if it is no longer its taker's."""
    return await _said(
        db, "select private.go_on_exporting($1, $2, $3, $4) as said", work, rows, lease
    )


async def finish(
    db: Queryable,
    work: Work,
    *,
    location: str,
    size_bytes: int,
    sha256: str,
    rows: int,
    keep: timedelta,
) -> bool:
    """Let people have an export for so long; false if it is no longer its taker's."""
    return await _said(
        db,
        "select private.finish_export($1, $2, $3, $4, $5, $6, $7) as said",
        work,
        location,
        size_bytes,
        sha256,
        rows,
        keep,
    )


async def give_up(db: Queryable, work: Work, *, because: str, again: timedelta | None) -> bool:
    """Let an export be begun again after a while, or (`None`) fail; false if it is not ours."""
    return await _said(
        db, "select private.give_up_export($1, $2, $3, $4) as said", work, because, again
    )


async def leftovers(db: Queryable, *, most: int) -> Sequence[Leftover]:
    """Return so many exports that nobody may have any more, and whose files may be there."""
    rows = await db.fetch("select * from private.exports_to_sweep($1)", most)
    return [
        Leftover(
            id=row["id"], workspace_id=WorkspaceId(row["workspace_id"]), attempts=row["attempts"]
        )
        for row in rows
    ]


async def swept(db: Queryable, export: UUID) -> None:
    """Note that the files of an export are gone."""
    await db.execute("select private.export_swept($1)", export)


async def _said(db: Queryable, statement: str, work: Work, *more: object) -> bool:
    row = await db.fetchrow(statement, work.id, work.taker, *more)
    return row is not None and bool(row["said"])
