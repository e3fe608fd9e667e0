"""Writing a workspace to files."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from switchboard.contracts import WorkspaceId
from switchboard.db import portable
from switchboard.db.pool import Database, Queryable
from switchboard.db.portable import (
    ACCOUNTS,
    CAMPAIGNS,
    EVENTS,
    OTHERS,
    VERSIONS,
    WORKSPACES,
    Owned,
    Source,
)
from switchboard.exporting.files import Files

MANIFEST: Final = "manifest.json"
WORKSPACE_FILE: Final = "workspace.json"
ACCOUNTS_FILE: Final = "accounts.jsonl"
EVENTS_FILE: Final = "events.jsonl"


class CannotLeave(Exception):  # noqa: N818  it says what is to be done
    """The workspace cannot be written."""


class Written(BaseModel):
    """One file: how many rows it has, and its SHA-256."""

    model_config = ConfigDict(frozen=True)

    name: str
    rows: int
    sha256: str


class Manifest(BaseModel):
    """
    What an export has. `migration` is the last one that its rows had been through.

    One of events alone is to be looked at, and cannot be brought anywhere.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal["switchboard.export", "switchboard.events"] = "switchboard.export"
    version: Literal[1] = 1
    migration: str
    workspace_id: UUID
    files: tuple[Written, ...]

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(one.rows for one in self.files)


# Hears of each file that was written, and how many rows it has.
Told = Callable[[str, int], None]


def _nobody(_name: str, _rows: int) -> None:
    """Hear it, and do nothing."""


async def take(
    db: Database,
    workspace: WorkspaceId,
    files: Files,
    *,
    source: Source | None = None,
    told: Told = _nobody,
) -> Manifest:
    """
    Write everything that `workspace` owns, as it is at this moment; `told` hears of each file.

    `source` reads its rows; without one, whoever asks owns the schema.

    Raises:
        CannotLeave: There is no such workspace.
    """
    rows = source or Owned(workspace)
    async with db.transaction() as tx:
        await portable.begin_reading(tx)
        written = [told_of async for told_of in _telling(_all(tx, workspace, rows, files), told)]
        migration = await rows.migration(tx)
    manifest = Manifest(migration=migration, workspace_id=workspace, files=tuple(written))
    return _finish(files, manifest)


async def take_events(
    db: Database, workspace: WorkspaceId, files: Files, *, source: Source, told: Told = _nobody
) -> Manifest:
    """Write what happened to `workspace`, as far as `source` has it, and what was decided."""
    async with db.transaction() as tx:
        await portable.begin_reading(tx)
        written = await _lines(tx, EVENTS, source, files, EVENTS_FILE)
        told(written.name, written.rows)
        migration = await source.migration(tx)
    manifest = Manifest(
        format="switchboard.events",
        migration=migration,
        workspace_id=workspace,
        files=(written,),
    )
    return _finish(files, manifest)


def _finish(files: Files, manifest: Manifest) -> Manifest:
    with files.write(MANIFEST) as file:
        file.write(manifest.model_dump_json(indent=2).encode() + b"\n")
    return manifest


async def _telling(written: AsyncIterator[Written], told: Told) -> AsyncIterator[Written]:
    async for one in written:
        told(one.name, one.rows)
        yield one


async def _all(
    tx: Queryable, workspace: WorkspaceId, source: Source, files: Files
) -> AsyncIterator[Written]:
    found = [line async for page in portable.lines(tx, WORKSPACES, source) for line in page]
    if not found:
        raise CannotLeave(f"there is no workspace {workspace}")
    with _file(files, WORKSPACE_FILE) as file:
        file.document(json.loads(found[0]))
    yield file.written
    yield await _lines(tx, ACCOUNTS, source, files, ACCOUNTS_FILE)
    async for campaign in _campaigns(tx, source):
        with _file(files, f"campaigns/{campaign['campaign']['id']}.json") as file:
            file.document(campaign)
        yield file.written
    for name, table in OTHERS.items():
        yield await _lines(tx, table, source, files, name)


async def _lines(
    tx: Queryable, table: portable.Table, source: Source, files: Files, name: str
) -> Written:
    with _file(files, name) as file:
        async for page in portable.lines(tx, table, source):
            await asyncio.to_thread(file.lines, page)  # compressing would keep others waiting
    return file.written


async def _campaigns(tx: Queryable, source: Source) -> AsyncIterator[dict[str, dict[str, object]]]:
    """Yield each campaign with its versions; an owner has some dozens, so all are read first."""
    versions: dict[str, list[object]] = {}
    async for page in portable.lines(tx, VERSIONS, source):
        for line in page:
            version = json.loads(line)
            versions.setdefault(version["campaign_id"], []).append(version)
    async for page in portable.lines(tx, CAMPAIGNS, source):
        for line in page:
            campaign = json.loads(line)
            yield {"campaign": campaign, "versions": versions.get(campaign["id"], [])}  # type: ignore[dict-item]


class _Writing:
    """A file that is being written, counted and hashed as it goes."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name, self._file, self._rows = name, file, 0
        self._digest = hashlib.sha256()

    def lines(self, lines: Sequence[str]) -> None:
        self._write("".join(f"{line}\n" for line in lines).encode())
        self._rows += len(lines)

    def document(self, value: object) -> None:
        written = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
        self._write(written.encode() + b"\n")
        self._rows += 1

    @property
    def written(self) -> Written:
        return Written(name=self._name, rows=self._rows, sha256=self._digest.hexdigest())

    def _write(self, some: bytes) -> None:
        self._digest.update(some)
        self._file.write(some)


@contextmanager
def _file(files: Files, name: str) -> Iterator[_Writing]:
    with files.write(name) as file:
        yield _Writing(name, file)
