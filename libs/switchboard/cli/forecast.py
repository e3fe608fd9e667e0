"""`forecast`: who of those who wait for a private reply will have it when, and who too late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.database import environment, reading
from switchboard.cli.failing import CannotDo
from switchboard.clock import utc_now
from switchboard.contracts import DeliveryId
from switchboard.db import deliveries, forecasts
from switchboard.db.forecasts import Account, Someone
from switchboard.db.pool import Queryable
from switchboard.rules.ceilings import HOUR, Ceiling, private_replies
from switchboard.rules.forecast import Standing
from switchboard.rules.outlook import Outlook, Outlooks, outlooks
from switchboard.settings import DeadlineSettings

_NOBODY: Final = DeliveryId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class _Foreseen:
    account: Account
    ceiling: Ceiling
    found: Outlooks
    missed: Sequence[Someone]


async def forecast(account: str, *, missing: bool, as_json: bool) -> int:
    """Print what becomes of an account's private replies that wait, if nobody else comes."""
    margin = environment(DeadlineSettings).margin()
    async with reading() as db:
        of = await accounts.account(db, account)
        foreseen = await _foresee(db, of.id, margin, named=missing)
        names = await accounts.names(db, foreseen.found.campaigns)
    if as_json:
        telling.as_json(_told(foreseen, named=missing))
    else:
        _tell(foreseen, names)
    return 0


async def _foresee(db: Queryable, of: UUID, margin: timedelta, *, named: bool) -> _Foreseen:
    account = await forecasts.account(db, of)
    if account is None:
        raise CannotDo("--account: the account is gone")
    ceiling = private_replies(account.private_replies_per_hour)
    standing = Standing(
        now=utc_now(),
        ceiling=ceiling,
        free=await _free(db, account, ceiling),
        opens=account.opens,
        margin=margin,
    )
    found = outlooks(await forecasts.waiting(db, of), standing)
    missed = await forecasts.by_place(db, of, found.missed) if named else ()
    return _Foreseen(account, ceiling, found, missed)


async def _free(db: Queryable, account: Account, ceiling: Ceiling) -> int:
    """Return how many turns are left, by what was begun within the hour: what limits go by, too."""
    begun = await deliveries.private_replies_begun(
        db, account.id, besides=_NOBODY, within=HOUR, leased=timedelta()
    )
    return max(ceiling.burst - begun, 0)


def _told(foreseen: _Foreseen, *, named: bool) -> dict[str, Any]:
    """Return it as JSON has it."""
    told: dict[str, Any] = {
        "status": foreseen.account.status,
        "opens": foreseen.account.opens,
        "an_hour": foreseen.ceiling.most,
        "account": asdict(foreseen.found.account),
        "campaigns": {str(one): asdict(it) for one, it in foreseen.found.campaigns.items()},
    }
    if named:
        told["missing"] = [asdict(one) for one in foreseen.missed]
    return told


def _tell(foreseen: _Foreseen, names: Mapping[str, str]) -> None:
    account, found = foreseen.account, foreseen.found
    if not found.account.waiting:
        typer.echo("Nobody waits for a private reply.")
        return
    telling.heading(f"With at most {foreseen.ceiling.most} private replies an hour, in UTC")
    head = ("", "waiting", "the last is sent", "too late", "the first of them by")
    telling.columns([head, *_rows(found, names)])
    telling.lines(_conditions(account))
    if foreseen.missed:
        telling.heading("Too late for")
        telling.lines(_named(foreseen.missed, names))


def _rows(found: Outlooks, names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for campaign_id, outlook in found.campaigns.items():
        yield _row(names.get(str(campaign_id), str(campaign_id)), outlook)
    yield _row("all", found.account)


def _row(name: str, outlook: Outlook) -> tuple[str, ...]:
    return (
        name,
        f"{outlook.waiting:,}",
        _shown(outlook.drained_at),
        f"{outlook.missed:,}",
        _shown(outlook.missed_from),
    )


def _conditions(account: Account) -> Iterator[str]:
    """Yield what the forecast takes for granted and does not know."""
    if account.status != "connected":
        yield "as if the account were connected again now"
    if account.opens is not None:
        yield f"nothing is sent before {_shown(account.opens)}"
    yield "if nobody else comments"


def _named(missed: Sequence[Someone], names: Mapping[str, str]) -> Iterator[str]:
    for one in missed:
        name = names.get(str(one.campaign_id), one.campaign_id)
        yield f"comment {one.comment_id}, until {_shown(one.deadline)}, {name} ({one.delivery_id})"


def _shown(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
