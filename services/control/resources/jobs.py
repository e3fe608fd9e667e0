"""What the caretaker does for an account: how it went, when it goes on, and doing it now."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Path

from services.control.envelope import NOT_KEPT, Tx, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import Declined, not_found
from services.control.resources.accounts import required
from services.control.resources.audit import Job
from services.control.within import require
from switchboard.db import audit
from switchboard.db import jobs as stored

router = resource("/accounts/{account_id}/jobs", "accounts")

_CURSORS = Cursors[str](str)
Name = Annotated[str, Path(min_length=1, max_length=100)]


@router.get("")
async def list_account_jobs(
    account_id: UUID, tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Job]:
    """List what is done for an account again and again, and how it went; an admin may."""
    account = await required(tx, account_id)
    await require(tx, account.workspace_id, "admin")
    after = _CURSORS.read(cursor)
    found = await audit.jobs_of_account(tx, account_id, after=after, limit=limit + 1)
    return _CURSORS.page(found, limit, lambda one: one.name, Job.model_validate)


@router.post("/{name}/run", openapi_extra=NOT_KEPT)
async def run_account_job(account_id: UUID, name: Name, tx: Tx) -> Job:
    """
    Let a job be done as soon as the caretaker looks, within seconds; an admin may.

    It is not begun more often than every five minutes: then 429 says when to ask again.
    """
    account = await required(tx, account_id)
    await require(tx, account.workspace_id, "admin")
    wait = await stored.run_now(tx, account_id, name)
    if wait:
        raise Declined(
            "too_many_calls",
            "It is being done, or was a moment ago.",
            retry_after_s=wait.total_seconds(),
        )
    found = await audit.job_of_account(tx, account_id, name)
    if found is None:
        raise not_found("job")
    return Job.model_validate(found)
