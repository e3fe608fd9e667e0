"""People: who wrote to an account, what is remembered of them, and forgetting them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.control.asked import Body
from services.control.envelope import Afterwards, Tx, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import not_found
from services.control.resources.activity import Activity, shown
from services.control.revisions import EDITED, IfMatch, require, tag, unwritten
from services.control.sessions import SIGNED_IN
from services.control.within import Within, WithinAsAdmin, WithinAsEditor
from switchboard.clock import utc_now
from switchboard.contracts import AccountId, PersonId, WorkspaceId
from switchboard.db import activity, people
from switchboard.db.people import Person, Wanted
from switchboard.rules.campaigns.base import TagName

router = resource("/workspaces/{workspace_id}/contacts", "contacts")

_CURSORS = Cursors[tuple[datetime, UUID, str]](tuple[datetime, UUID, str])
_TIMELINE = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])


def _each_once(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


PersonPath = Annotated[str, Path(min_length=1, max_length=64)]
Tags = Annotated[list[TagName], Field(max_length=50), AfterValidator(_each_once)]


class Contact(BaseModel):
    """
    Somebody as one account knows them: Meta gives the same person another id for each account.

    `seen_at` is when they last wrote, else when they first showed. They can be written to until
    `window_closes_at`; nothing is sent to who has opted out, nor by us while a colleague has the
    conversation (`paused_until`). `fields` are their answers to questions.
    """

    model_config = ConfigDict(from_attributes=True)

    account_id: UUID
    person_id: str
    username: str | None
    name: str | None
    tags: list[str]
    first_seen_at: datetime
    last_inbound_at: datetime | None
    seen_at: datetime
    window_closes_at: datetime | None
    opted_out_at: datetime | None
    paused_until: datetime | None
    follows: bool | None
    follows_at: datetime | None
    email: str | None
    phone: str | None
    fields: dict[str, str]
    revision: int


class FlowWaiting(BaseModel):
    """A campaign that waits for somebody: at which step, for what, since when."""

    model_config = ConfigDict(from_attributes=True)

    campaign_id: UUID
    version: int
    step: int
    awaits: str
    since: datetime


class ContactShown(Contact):
    """One person, and in which campaigns they are just now."""

    flows: list[FlowWaiting]


class ContactWanted(Body):
    """Somebody as an editor wants them to be; what is left out, or null, stays as it is."""

    tags: Tags | None = None
    opted_out: bool | None = None


class PersonErased(BaseModel):
    """
    What came of erasing a person.

    If not `done`, a call to Meta is under way for them, and the rest is erased when it has ended:
    what was still to be sent is called off; ask again in a minute.
    """

    done: bool
    sending: int
    contacts: int
    events: int
    deliveries: int
    labels: int


class PersonExported(BaseModel):
    """All that is stored of a person, row by row."""

    account_id: UUID
    person_id: str
    exported_at: datetime
    contact: dict[str, Any] | None
    events: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    clicks: list[dict[str, Any]]


@router.get("")
async def list_contacts(
    workspace: Within,
    tx: Tx,
    *,
    account_id: UUID | None = None,
    username: Annotated[
        str | None, Query(min_length=1, max_length=64, description="How it begins.")
    ] = None,
    person_id: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    tagged: Annotated[TagName | None, Query(alias="tag")] = None,
    opted_out: bool | None = None,
    limit: Limit = 50,
    cursor: CursorWritten = None,
) -> Page[Contact]:
    """List people, who was seen last first."""
    wanted = Wanted(
        account=account_id, called=username, person=person_id, tag=tagged, opted_out=opted_out
    )
    after = _CURSORS.read(cursor)
    found = await people.listed(tx, workspace, wanted, after=after, limit=limit + 1)
    return _CURSORS.page(
        found,
        limit,
        lambda one: (one.seen_at, one.account_id, one.person_id),
        Contact.model_validate,
    )


@router.get("/{account_id}/{person_id}")
async def read_contact(
    workspace: Within, account_id: UUID, person_id: PersonPath, tx: Tx, response: Response
) -> ContactShown:
    """Read what is remembered of a person."""
    return _shown(await _found(tx, workspace, account_id, person_id), response)


@router.patch("/{account_id}/{person_id}", responses=EDITED)
async def change_contact(
    workspace: WithinAsEditor,
    account_id: UUID,
    person_id: PersonPath,
    wanted: ContactWanted,
    *,
    tx: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> ContactShown:
    """Tag a person, or opt them out of automatic messages or in again; an editor may."""
    stored = await _found(tx, workspace, account_id, person_id)
    require(
        if_match,
        revision=stored.revision,
        stored={"tags": list(stored.tags), "opted_out": stored.opted_out_at is not None},
        yours=wanted.model_dump(mode="json", exclude_none=True),
    )
    changed = await people.change(
        tx,
        account_id,
        stored.person_id,
        revision=stored.revision,
        tags=wanted.tags,
        opted_out=wanted.opted_out,
    )
    now = await _found(tx, workspace, account_id, person_id)
    if not changed:
        raise unwritten(stored, now, "An editor changes contacts.")
    return _shown(now, response)


@router.get("/{account_id}/{person_id}/timeline")
async def list_timeline(
    workspace: Within,
    account_id: UUID,
    person_id: PersonPath,
    *,
    tx: Tx,
    limit: Limit = 50,
    cursor: CursorWritten = None,
) -> Page[Activity]:
    """List what a person did and what came of it, the newest first."""
    found = await activity.latest(
        tx,
        workspace,
        activity.Wanted(account=account_id, person=person_id),
        after=_TIMELINE.read(cursor),
        limit=limit + 1,
    )
    return _TIMELINE.page(found, limit, lambda one: (one.received_at, one.id), shown)


@router.get("/{account_id}/{person_id}/export")
async def export_contact(
    workspace: WithinAsAdmin, account_id: UUID, person_id: PersonPath, tx: Tx, response: Response
) -> PersonExported:
    """Take away all that is stored of a person, as a file; an admin may."""
    await _account(tx, workspace, account_id)
    found = await people.everything(tx, account_id, PersonId(person_id))
    response.headers["Content-Disposition"] = 'attachment; filename="person.json"'
    return PersonExported(
        account_id=account_id, person_id=person_id, exported_at=utc_now(), **found
    )


@router.delete("/{account_id}/{person_id}", dependencies=[SIGNED_IN])
async def erase_contact(
    workspace: WithinAsAdmin,
    account_id: UUID,
    person_id: PersonPath,
    tx: Tx,
    afterwards: Afterwards,
) -> PersonErased:
    """
    Erase a person: whatever names them, was said by them or to them. An admin may.

    That something happened, and what came of it, stays and is counted. What they are still owed is
    called off. Erasing somebody again changes nothing.
    """
    instagram_id = await _account(tx, workspace, account_id)
    erased = await people.erase(tx, account_id, PersonId(person_id))
    afterwards.forget(instagram_id, PersonId(person_id))
    return PersonErased(done=erased.done, **asdict(erased))


async def _found(tx: Tx, workspace: WorkspaceId, account_id: UUID, person_id: str) -> Person:
    found = await people.find(tx, workspace, account_id, PersonId(person_id))
    if found is None:
        raise not_found("contact")
    return found


async def _account(tx: Tx, workspace: WorkspaceId, account_id: UUID) -> AccountId:
    found = await people.account_of(tx, workspace, account_id)
    if found is None:
        raise not_found("account")
    return found


def _shown(found: Person, response: Response) -> ContactShown:
    tag(response, found.revision)
    return ContactShown.model_validate(found)
