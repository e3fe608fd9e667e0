"""The doctor: what is wrong with accounts and with the installation, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.control.examining import Examining, Installation, Seen
from services.control.facets import as_tenants_see
from services.control.instagram.desk import Admitted, AtDesk, Desk, Ours, apart
from services.control.operators import require_operator
from services.control.paging import Limit
from services.control.problems import conflict, not_found
from services.control.within import require
from switchboard import doctor
from switchboard.contracts import WorkspaceId
from switchboard.db import examining
from switchboard.db.acting import acting_as
from switchboard.db.examining import Examined
from switchboard.doctor import Verdict

router = apart("doctor")

OfAccount = Annotated[UUID | None, Query(description="Of this account alone.")]


class Finding(BaseModel):
    """
    One thing that was looked at: `check` is its name, `saw` what was seen, `do` what to do, if
    anything is. `unknown` could not be found out.
    """

    model_config = ConfigDict(from_attributes=True)

    check: str
    verdict: Verdict
    subject: str
    saw: str
    do: str


class AccountFindings(BaseModel):
    """What was found of an account."""

    account_id: UUID
    workspace_id: UUID
    username: str
    asked_at: datetime | None = Field(description="When Meta was asked. Null: it was not.")
    findings: list[Finding]

    @classmethod
    def of(cls, seen: Seen) -> Self:
        """Return it as callers see it."""
        return cls(
            account_id=seen.account.id,
            workspace_id=seen.account.workspace_id,
            username=seen.account.username,
            asked_at=seen.asked_at,
            findings=_shown(seen.findings),
        )


class Examination(BaseModel):
    """What was found of a workspace's accounts, and of the installation as it concerns them."""

    examined_at: datetime = Field(description="When the installation was looked at.")
    installation: list[Finding]
    accounts: list[AccountFindings]


class InstallationExamination(Examination):
    """What was found of the installation, and of accounts with which something is not well."""

    accounts_well: int = Field(description="Accounts of which nothing is to be done.")
    accounts_left_out: int = Field(description="Others, beyond `limit`.")


@router.get("/workspaces/{workspace_id}/doctor")
async def examine_workspace(
    workspace_id: UUID, caller: Admitted, ours: Ours, desk: AtDesk, account_id: OfAccount = None
) -> Examination:
    """
    Examine a workspace's accounts, and ask Meta about them; an admin may.

    What Meta said is told again for five minutes, and it is asked a few times an hour at most.
    """
    async with acting_as(ours, caller.claims(), view=True) as tx:
        workspace = await require(tx, workspace_id, "admin")
    there = _examining(desk)
    accounts = await _accounts(desk, account_id, workspace)
    installation = await there.installation()
    seen = await there.accounts(accounts, ask=True)
    return Examination(
        examined_at=installation.examined_at,
        installation=_shown(as_tenants_see(installation.findings)),
        accounts=[AccountFindings.of(one) for one in seen],
    )


@router.get("/installation/doctor")
async def examine_installation(
    caller: Admitted,
    ours: Ours,
    desk: AtDesk,
    *,
    account_id: OfAccount = None,
    limit: Limit = 50,
) -> InstallationExamination:
    """
    Examine the whole installation; those who run it may.

    Meta is asked about an account only if one is named; of the others, what it said lately is told.
    """
    async with acting_as(ours, caller.claims(), view=True) as tx:
        await require_operator(tx)
    there = _examining(desk)
    accounts = await _accounts(desk, account_id)
    installation = await there.installation()
    seen = await there.accounts(accounts, ask=account_id is not None)
    return _of_all(installation, seen, limit=limit, named=account_id is not None)


def _of_all(
    installation: Installation, seen: Iterable[Seen], *, limit: int, named: bool
) -> InstallationExamination:
    every = list(seen)
    told = [one for one in every if named or not one.is_well]
    return InstallationExamination(
        examined_at=installation.examined_at,
        installation=_shown(installation.findings),
        accounts=[AccountFindings.of(one) for one in told[:limit]],
        accounts_well=sum(one.is_well for one in every),
        accounts_left_out=max(0, len(told) - limit),
    )


def _examining(desk: Desk) -> Examining:
    if desk.examining is None:
        raise conflict("Nothing is examined here.")
    return desk.examining


async def _accounts(
    desk: Desk, account: UUID | None, workspace: WorkspaceId | None = None
) -> list[Examined]:
    """
    Return the accounts that are wanted.

    Raises:
        Declined: One was named that is not there.
    """
    found = await examining.accounts(desk.db, account=account, workspace=workspace)
    if account is not None and not found:
        raise not_found("account")
    return list(found)


def _shown(found: Iterable[doctor.Finding]) -> list[Finding]:
    return [Finding.model_validate(one) for one in found]
