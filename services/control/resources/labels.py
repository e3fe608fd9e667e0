"""Labels: what people wanted, as somebody of the business says; recognising is measured by them."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.control.asked import Body
from services.control.envelope import Tx, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import Fault, conflict, invalid, not_found
from services.control.resources.accounts import required as required_account
from services.control.within import WithinAsEditor
from switchboard.contracts import EventId
from switchboard.db import history, intents, labelling
from switchboard.intents.checking import MAX_NAME_CHARACTERS

router = resource("", "intents")

_CURSORS = Cursors[tuple[datetime, UUID]](tuple[datetime, UUID])


class Label(BaseModel):
    """A text, and the intent it expresses; null: none of the account's."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    account_id: UUID
    event_id: UUID | None = Field(description="Null: the text came from a file.")
    person_id: str | None
    text: str
    intent: str | None
    labelled_by: UUID | None = Field(description="A user or a key; null: the command line.")
    labelled_at: datetime


class LabelWanted(Body):
    """What somebody wanted who wrote something."""

    intent: Annotated[str, StringConstraints(max_length=MAX_NAME_CHARACTERS)] | None = Field(
        description="The name of one of the account's intents; null: none of them."
    )


@router.get("/accounts/{account_id}/labels")
async def list_labels(
    account_id: UUID, tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Label]:
    """List what was said of an account's texts, the latest first."""
    await required_account(tx, account_id)
    after = _CURSORS.read(cursor)
    found = await labelling.of_account(tx, account_id, after=after, limit=limit + 1)
    return _CURSORS.page(found, limit, lambda one: (one.labelled_at, one.id), Label.model_validate)


@router.put("/workspaces/{workspace_id}/activity/{event_id}/label")
async def label_event(
    workspace: WithinAsEditor, event_id: UUID, wanted: LabelWanted, tx: Tx
) -> Label:
    """Say what somebody wanted, in place of what was said before; an editor may."""
    found = await history.event(tx, EventId(event_id))
    if found is None or found.past.workspace_id != workspace or found.past.account is None:
        raise not_found("event")
    text = str(found.past.event.get("text") or "")
    if not text:
        raise conflict("It has no text that could express anything.")
    await _require_known(tx, found.past.account, wanted.intent)
    labelled = await labelling.label(
        tx,
        workspace=workspace,
        account=found.past.account,
        event=found.past.event_id,
        person=found.past.person_id,
        text=text,
        intent=wanted.intent,
        answered=found.classified(),
    )
    return Label.model_validate(labelled)


@router.delete(
    "/workspaces/{workspace_id}/activity/{event_id}/label", status_code=HTTPStatus.NO_CONTENT
)
async def unlabel_event(workspace: WithinAsEditor, event_id: UUID, tx: Tx) -> None:
    """Take back what was said of an event; an editor may."""
    if not await labelling.take_back(tx, workspace, EventId(event_id)):
        raise not_found("label")


async def _require_known(tx: Tx, account_id: UUID, intent: str | None) -> None:
    names = [one.name for one in await intents.of_account(tx, account_id)]
    if intent is not None and intent not in names:
        message = f"The account has no such intent; it has {', '.join(names) or 'none'}."
        raise invalid(Fault(pointer="/intent", message=message))
