"""What campaigns come to: how many came, were answered, tapped and clicked, and who was lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.control.asked import Date
from services.control.envelope import Tx, resource
from services.control.problems import Fault, invalid
from services.control.within import Within
from switchboard.contracts import WorkspaceId
from switchboard.db import funnel
from switchboard.db.funnel import Day

router = resource("/workspaces/{workspace_id}/analytics", "analytics")

_MOST_DAYS: Final = 92

First = Annotated[Date, Query(alias="from", description="The first day, as accounts have it.")]
Last = Annotated[Date, Query(alias="to", description="The last day.")]


class Numbers(BaseModel):
    """
    How many of those who came on a day got how far, up to now.

    `matched`: a campaign answers; `sent`: an answer has gone out; `tapped` a button of it;
    `clicked` a link. `late`: it went out more than 5 minutes after it was to, by the account's
    delay; `waiting`: it has not gone out yet, or nobody knows; `lost`: it will not any more.
    """

    came: int
    matched: int
    sent: int
    tapped: int
    clicked: int
    late: int
    waiting: int
    lost: int


class FunnelDay(Numbers):
    """
    One day of an account's, by its time zone, and one campaign; null: none answered.

    `events` lists the events that are counted here: add `&stage=` and the number's name. Null:
    retention has dropped them, or some of them, and the numbers stay as they were.
    """

    account_id: UUID
    day: date
    begins_at: datetime
    ends_at: datetime
    campaign_id: UUID | None
    campaign: str | None
    openable: bool
    events: str | None


class Funnel(BaseModel):
    """Each day and campaign on which anything came, and all of them together."""

    days: list[FunnelDay]
    total: Numbers = Field(description="The sums of all days.")


@router.get("/funnel")
async def read_funnel(
    workspace: Within,
    tx: Tx,
    *,
    first: First,
    last: Last,
    account_id: UUID | None = None,
    campaign_id: UUID | None = None,
) -> Funnel:
    """Read what campaigns came to, day by day, over 92 days at most."""
    if not timedelta() <= last - first < timedelta(days=_MOST_DAYS):
        message = f"It is not before the first day, and {_MOST_DAYS} days at most are shown."
        raise invalid(Fault(within="query", pointer="/to", message=message))
    found = await funnel.days(
        tx, workspace, account=account_id, campaign=campaign_id, first=first, last=last
    )
    shown = [FunnelDay(**asdict(one), events=_events(workspace, one)) for one in found]
    return Funnel(days=shown, total=_total(shown))


def _events(workspace: WorkspaceId, one: Day) -> str | None:
    """Return the address of the events that a day's numbers count, if they are still there."""
    if not one.openable:
        return None
    narrowed = {
        "account_id": one.account_id,
        "from": one.begins_at.isoformat(),
        "to": one.ends_at.isoformat(),
    }
    if one.campaign_id is not None:
        narrowed["campaign_id"] = one.campaign_id
    else:
        narrowed["answered"] = "false"
    return f"/v1/workspaces/{workspace}/activity?{urlencode(narrowed)}"


def _total(days: Iterable[Numbers]) -> Numbers:
    every = list(days)
    return Numbers(
        **{name: sum(getattr(one, name) for one in every) for name in Numbers.model_fields}
    )
