"""Exports: what a workspace, or a person, asks to take away, written to a file in a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.control.asked import Body, Id
from services.control.downloads import Download, refused
from services.control.envelope import TheExports, Tx, Who, resource
from services.control.letters import Later
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import conflict, not_found
from services.control.repeats import IdempotencyKey
from services.control.sessions import SIGNED_IN
from services.control.within import WithinAsAdmin
from switchboard.clock import utc_now
from switchboard.contracts import WorkspaceId
from switchboard.db import exports, people
from switchboard.db.exports import Because, Export, Kind, State, file_name
from switchboard.errors import Failure
from switchboard.storage import Place

router = resource("/workspaces/{workspace_id}/exports", "exports")

_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])
# So many of a workspace's are under way at most: each is all of it.
MOST_UNDER_WAY: Final = 3
_GOOD_FOR: Final = timedelta(minutes=5)
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}

PersonId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]+$")]


class ExportShown(BaseModel):
    """
    An export as it stands.

    `state` is `asked`, then `running`, then `done` or `failed`; `removed`, when nobody may have it
    any more. `rows` are those written so far, then all. `failure` is why it was given up.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Kind
    account_id: UUID | None
    person_id: str | None
    state: State
    asked_by: UUID | None = Field(description="A user or an API key; null: a snapshot.")
    snapshot: bool = Field(description="The installation makes it, without being asked.")
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    rows: int | None
    size_bytes: int | None
    sha256: str | None = Field(description="Of the file.")
    failure: str | None
    expires_at: datetime | None = Field(description="When it is removed.")
    removed_because: Because | None


class ExportWanted(Body):
    """
    What is to be taken away: all of a workspace, or what happened to it, or all about one person.

    `events` may be of one account. A `person` is somebody as one account knows them.
    """

    kind: Kind
    account_id: Id | None = None
    person_id: PersonId | None = None

    @model_validator(mode="after")
    def _is_of_something(self) -> Self:
        if (self.kind == "person") != (self.person_id is not None):
            raise ValueError("a person is named if, and only if, the export is about one")
        if self.kind == "person" and self.account_id is None:
            raise ValueError("whoever is meant is somebody as one account knows them: name it")
        if self.kind == "workspace" and self.account_id is not None:
            raise ValueError("a workspace is taken away with all of its accounts")
        return self


class ExportAddress(BaseModel):
    """
    Where the file is got from without any other proof, for a few minutes.

    Null: it has no such address, and is read from `file`.
    """

    address: str | None
    good_until: datetime | None


@router.get("")
async def list_exports(
    workspace: WithinAsAdmin, tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[ExportShown]:
    """List a workspace's exports, those that were removed too, the newest first; an admin may."""
    found = await exports.listed(tx, workspace, after=_CURSORS.read(cursor), limit=limit + 1)
    return _CURSORS.page(
        found, limit, lambda one: (one.asked_at, one.id), ExportShown.model_validate
    )


@router.post("", status_code=HTTPStatus.ACCEPTED, dependencies=[SIGNED_IN])
async def ask_for_export(
    workspace: WithinAsAdmin,
    wanted: ExportWanted,
    *,
    tx: Tx,
    who: Who,
    place: TheExports,
    response: Response,
    _key: IdempotencyKey = None,
) -> ExportShown:
    """
    Ask for an export, which is written in a while; an admin may, and must still be one then.

    It is a .zip in the format of `switchboard export`, which `switchboard import` reads; of a
    person, `person.json` with all that is stored and `person.txt` to be read. Nobody who is erased
    is in any export from then on: those that may have them are removed.
    """
    _required(place)
    if await exports.under_way(tx, workspace) >= MOST_UNDER_WAY:
        raise conflict(f"{MOST_UNDER_WAY} exports are under way; wait for one of them.")
    account = wanted.account_id
    if account is not None and await people.account_of(tx, workspace, account) is None:
        raise not_found("account")
    asked = await exports.ask(
        tx,
        workspace,
        kind=wanted.kind,
        account=account,
        person=wanted.person_id,
        asked_by=who.user_id,
    )
    response.headers["Location"] = f"/v1/workspaces/{workspace}/exports/{asked.id}"
    return ExportShown.model_validate(asked)


@router.get("/{export_id}")
async def read_export(workspace: WithinAsAdmin, export_id: UUID, tx: Tx) -> ExportShown:
    """Read how an export stands; an admin may."""
    return ExportShown.model_validate(await _found(tx, workspace, export_id))


@router.get("/{export_id}/address", response_model=ExportAddress, dependencies=[SIGNED_IN])
async def read_export_address(
    workspace: WithinAsAdmin, export_id: UUID, tx: Tx, place: TheExports
) -> Response:
    """
    Get an address for the file of an export, which opens it to whoever has it; an admin may.

    For an export that is not done, or not any more, there is none.
    """
    export = _having_file(await _found(tx, workspace, export_id))
    kept, name = _required(place), _name(workspace, export)

    async def find() -> ExportAddress:
        good_until = utc_now() + _GOOD_FOR
        try:
            address = await kept.address(name, called=_called(export), good_for=_GOOD_FOR)
        except Failure as failure:
            raise refused(failure) from failure
        return ExportAddress(address=address, good_until=None if address is None else good_until)

    return Later(find)


@router.get(
    "/{export_id}/file",
    response_class=Response,
    responses={HTTPStatus.OK: {"content": {"application/zip": _BINARY}}},
    dependencies=[SIGNED_IN],
)
async def read_export_file(
    workspace: WithinAsAdmin, export_id: UUID, tx: Tx, place: TheExports
) -> Response:
    """Get the file of an export, wherever it is kept; an admin may."""
    export = _having_file(await _found(tx, workspace, export_id))
    return Download(
        _required(place),
        _name(workspace, export),
        called=_called(export),
        size_bytes=export.size_bytes or 0,
    )


@router.delete("/{export_id}", status_code=HTTPStatus.NO_CONTENT)
async def discard_export(workspace: WithinAsAdmin, export_id: UUID, tx: Tx) -> None:
    """Let nobody have an export any more, or call it off; its file is removed in a minute."""
    await _found(tx, workspace, export_id)
    if not await exports.discard(tx, export_id):
        raise not_found("export")


async def _found(tx: Tx, workspace: WorkspaceId, export_id: UUID) -> Export:
    found = await exports.find(tx, workspace, export_id)
    if found is None:
        raise not_found("export")
    return found


def _having_file(export: Export) -> Export:
    """
    Return an export that people may have.

    Raises:
        Declined: It is not done, or not any more.
    """
    over = export.expires_at is not None and export.expires_at <= utc_now()
    if export.state == "removed" or (export.state == "done" and over):
        raise conflict("It was removed; ask for another.")
    if export.state == "failed":
        raise conflict("It could not be written; ask for another.")
    if export.state != "done":
        raise conflict("It is not written yet.")
    return export


def _required(place: Place | None) -> Place:
    if place is None:
        raise conflict("No exports are made here: EXPORTS_URL is not set.")
    return place


def _name(workspace: WorkspaceId, export: Export) -> str:
    return file_name(workspace, export.id, export.attempts)


def _called(export: Export) -> str:
    return f"{export.kind}-{export.asked_at:%Y-%m-%d}-{str(export.id)[:8]}.zip"
