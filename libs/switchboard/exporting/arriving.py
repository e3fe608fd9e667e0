"""Bringing a workspace from files, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from pydantic import ValidationError

from switchboard.contracts import WorkspaceId
from switchboard.db import portable
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, Queryable
from switchboard.db.portable import ACCOUNTS, CAMPAIGNS, OTHERS, VERSIONS, WORKSPACES
from switchboard.exporting.files import Files
from switchboard.exporting.leaving import ACCOUNTS_FILE, MANIFEST, WORKSPACE_FILE, Manifest

_CHUNK_BYTES: Final = 1 << 20
_MOST_LINES: Final = 500
_MOST_BYTES: Final = 4 << 20
_CAMPAIGN: Final = re.compile(
    r"campaigns/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.json"
)
_UNIQUE_VIOLATION: Final = "(23505)"


class CannotArrive(Exception):  # noqa: N818  it says what is to be done
    """The files are not right, or something of it is here already; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What has arrived, and how many deliveries were called off because another owes them."""

    manifest: Manifest
    called_off: int


async def bring(
    db: Database,
    files: Files,
    *,
    owner: str | None = None,
    keep_owed: bool = False,
    told: Callable[[str, int], None] = lambda _name, _rows: None,
) -> Arrived:
    """
    Write the workspace in `files`, in one transaction; `told` hears of each file that was.

    `owner` is the id or e-mail address of the user it belongs to here. What is owed to people is
    called off, because the installation it comes from may be about to send it too; `keep_owed`, if
    that one no longer runs.

    Raises:
        CannotArrive: The files are not right, or something of the workspace is here already.
    """
    manifest = read_manifest(files)
    check(files, manifest)
    workspace = WorkspaceId(manifest.workspace_id)
    async with db.transaction() as tx:
        await _refuse_later(tx, manifest)
        await _refuse_conflicts(tx, workspace, files)
        await portable.begin_writing(tx)
        await _write(tx, files, manifest, told)
        await portable.end_writing(tx)
        called_off = 0 if keep_owed else await portable.call_off_what_is_owed(tx, workspace)
        if owner is not None and not await portable.make_owner(tx, workspace, owner):
            raise CannotArrive(f"there is no user {owner!r} here; let them sign up first")
    return Arrived(manifest=manifest, called_off=called_off)


def read_manifest(files: Files) -> Manifest:
    """
    Return what an export has.

    Raises:
        CannotArrive: There is no manifest, or one of another format.
    """
    try:
        with files.read(MANIFEST) as file:
            manifest = Manifest.model_validate_json(file.read())
    except FileNotFoundError:
        raise CannotArrive(
            f"there is no {MANIFEST}: this is no export, or not all of one"
        ) from None
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise CannotArrive(f"{MANIFEST}: {where}: {fault['msg']}") from None
    if manifest.format != "switchboard.export":
        raise CannotArrive(f"{MANIFEST}: this is no whole workspace, but events of one")
    expected = {WORKSPACE_FILE, ACCOUNTS_FILE, *OTHERS}
    for one in manifest.files:
        if one.name not in expected and not _CAMPAIGN.fullmatch(one.name):
            raise CannotArrive(f"{MANIFEST}: {one.name!r} is nothing that an export has")
    return manifest


def check(files: Files, manifest: Manifest) -> None:
    """
    Read every file once, and compare it with the manifest.

    Raises:
        CannotArrive: One is missing, or is not what was written.
    """
    for one in manifest.files:
        digest = hashlib.sha256()
        try:
            with files.read(one.name) as file:
                while some := file.read(_CHUNK_BYTES):
                    digest.update(some)
        except FileNotFoundError:
            raise CannotArrive(f"{one.name} is missing") from None
        if digest.hexdigest() != one.sha256:
            raise CannotArrive(f"{one.name} was changed: its SHA-256 is not the manifest's")


async def _refuse_later(tx: Queryable, manifest: Manifest) -> None:
    ours = await portable.last_migration(tx)
    if manifest.migration > ours:
        raise CannotArrive(
            f"it comes from a later release (migration {manifest.migration}, and here {ours}); "
            "bring this installation up to date first"
        )


async def _refuse_conflicts(tx: Queryable, workspace: WorkspaceId, files: Files) -> None:
    with files.read(ACCOUNTS_FILE) as file:
        accounts = [json.loads(line) for line in file]
    here = await portable.conflicts(tx, workspace, accounts)
    if here:
        raise CannotArrive(f"already here: {', '.join(here)}; nothing was written")


async def _write(
    tx: Queryable, files: Files, manifest: Manifest, told: Callable[[str, int], None]
) -> None:
    campaigns: list[str] = []
    for one in manifest.files:
        try:
            with files.read(one.name) as file:
                if one.name == WORKSPACE_FILE:
                    await portable.insert(tx, WORKSPACES, [_one_line(file)])
                elif one.name == ACCOUNTS_FILE:
                    await _lines(tx, ACCOUNTS, file)
                elif one.name in OTHERS:
                    await _lines(tx, OTHERS[one.name], file)
                else:
                    campaigns.append(await _campaign(tx, json.load(file)))
        except portable.UnknownColumn as failure:
            raise CannotArrive(f"{one.name}: {failure} here; it is of another release") from None
        except ValueError as failure:
            raise CannotArrive(f"{one.name}: {failure}") from None
        except QueryFailed as failure:
            what = "something of it is here already" if _is_here(failure) else "it does not fit"
            raise CannotArrive(f"{one.name}: {what} ({failure}); nothing was written") from failure
        told(one.name, one.rows)
    await portable.make_live(tx, campaigns)


async def _campaign(tx: Queryable, read: Any) -> str:
    """Write a campaign as a draft, because its versions refer to it and it to one of them."""
    campaign: dict[str, Any] = read["campaign"]
    drafted = campaign | {"status": "draft", "live_version": None}
    await portable.insert(tx, CAMPAIGNS, [json.dumps(drafted)])
    await portable.insert(tx, VERSIONS, [json.dumps(version) for version in read["versions"]])
    return json.dumps(campaign)


async def _lines(tx: Queryable, table: portable.Table, file: IO[bytes]) -> None:
    for page in _pages(file):
        await portable.insert(tx, table, page)


def _pages(file: IO[bytes]) -> Iterator[Sequence[str]]:
    page: list[str] = []
    size_bytes = 0
    for line in file:
        page.append(line.decode())
        size_bytes += len(line)
        if len(page) == _MOST_LINES or size_bytes >= _MOST_BYTES:
            yield page
            page, size_bytes = [], 0
    yield page


def _one_line(file: IO[bytes]) -> str:
    return json.dumps(json.load(file))


def _is_here(failure: QueryFailed) -> bool:
    return str(failure).endswith(_UNIQUE_VIOLATION)
