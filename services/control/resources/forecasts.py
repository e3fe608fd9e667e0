"""Forecasts: what becomes of the private replies that wait, as one was made last."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.control.envelope import Tx, resource
from services.control.problems import not_found
from switchboard.db import forecasts
from switchboard.db.accounts import Status
from switchboard.rules.ceilings import private_replies

router = resource("/accounts", "deliveries")


class Foreseen(BaseModel):
    """
    What becomes of private replies that wait, if nobody else comes.

    `drained_at` is when the last of them is sent; `missed` are not sent in time, of which
    `missed_from` is the earliest deadline.
    """

    model_config = ConfigDict(from_attributes=True)

    campaign_id: UUID | None
    campaign: str | None
    waiting: int
    drained_at: datetime | None
    missed: int
    missed_from: datetime | None


class Forecast(BaseModel):
    """
    The forecast of an account, as it was made last: null before anybody has waited.

    `opens_at` is when it is neither held nor paused any more; null: it is not. `an_hour` is how
    many private replies go out in an hour at most.
    """

    status: Status
    opens_at: datetime | None
    an_hour: int
    computed_at: datetime | None
    account: Foreseen | None
    campaigns: list[Foreseen]


@router.get("/{account_id}/forecast")
async def read_forecast(account_id: UUID, tx: Tx) -> Forecast:
    """Read who of those who wait is answered when, and who is not in time."""
    account = await forecasts.account(tx, account_id)
    if account is None:
        raise not_found("account")
    found = await forecasts.stored(tx, account_id)
    whole = next((one for one in found if one.campaign_id is None), None)
    return Forecast(
        status=account.status,
        opens_at=account.opens,
        an_hour=private_replies(account.private_replies_per_hour).most,
        computed_at=whole and whole.computed_at,
        account=whole and Foreseen.model_validate(whole),
        campaigns=[Foreseen.model_validate(one) for one in found if one.campaign_id is not None],
    )
