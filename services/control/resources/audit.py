"""Who changed what in a workspace, and what is done for it by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from services.control.asked import Moment
from services.control.envelope import Tx, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.within import WithinAsAdmin
from switchboard.db import audit
from switchboard.db.audit import Action, Wanted

router = resource("/workspaces/{workspace_id}", "audit")

_DEEDS = Cursors[int](int)
_JOBS = Cursors[tuple[str, str]](tuple[str, str])

Name = Annotated[str | None, Query(min_length=1, max_length=200)]
From = Annotated[Moment | None, Query(alias="from", description="Done then or later.")]
To = Annotated[Moment | None, Query(alias="to", description="Done before then.")]


class Deed(BaseModel):
    """
    Who did what to what, and what it was and became.

    `actor` is `user`, `api_key`, or the part of us that did it by itself; `subject` is the table.
    Of an update, `before` and `after` have only what it changed. A person who wrote to an account
    is told by an alias that is nobody's name.
    """

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor: str
    actor_id: UUID | None
    action: Action
    subject: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Job(BaseModel):
    """
    Something that is done again and again: when next, and what came of it last.

    `subject` is what it is done for, such as an account's id; `failures` is how often in a row it
    failed. Until `lease_until` somebody is at it.
    """

    model_config = ConfigDict(from_attributes=True)

    name: str
    subject: str
    next_run_at: datetime
    lease_until: datetime | None
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_outcome: Literal["done", "failed"] | None
    last_error: str | None
    detail: dict[str, Any]
    failures: int


@router.get("/audit")
async def list_audit(
    workspace: WithinAsAdmin,
    tx: Tx,
    *,
    actor_id: UUID | None = None,
    action: Action | None = None,
    subject: Name = None,
    subject_id: Name = None,
    since: From = None,
    until: To = None,
    limit: Limit = 50,
    cursor: CursorWritten = None,
) -> Page[Deed]:
    """List who changed what, what was changed last first; an admin may."""
    wanted = Wanted(
        actor=actor_id,
        action=action,
        subject=subject,
        subject_id=subject_id,
        since=since,
        until=until,
    )
    found = await audit.deeds(tx, workspace, wanted, after=_DEEDS.read(cursor), limit=limit + 1)
    return _DEEDS.page(found, limit, lambda one: one.id, Deed.model_validate)


@router.get("/jobs")
async def list_jobs(
    workspace: WithinAsAdmin, tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Job]:
    """List what is done for a workspace again and again, and how it went; an admin may."""
    found = await audit.jobs(tx, workspace, after=_JOBS.read(cursor), limit=limit + 1)
    return _JOBS.page(found, limit, lambda one: (one.name, one.subject), Job.model_validate)
