"""Why events got what they got, what they would get now, and what is open."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import alerts, dry_run, explain, forecast, latest, replay
from switchboard.cli.commands.options import AnAccount, AsJson, File, MaybeAccount, MaybeCampaign
from switchboard.cli.failing import CannotDo
from switchboard.cli.moments import moment
from switchboard.cli.running import finish, refuse

deciding = typer.Typer()


@deciding.command("explain")
def explain_(
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="Its id, its comment's, or its message's.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell why an event got what it got, and what became of it."""
    finish(explain.explain(event, as_json=as_json))


@deciding.command("events")
def events_(
    account: AnAccount,
    last: Annotated[int, typer.Option("--last", min=1, max=1000, help="How many.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List an account's latest events, with the ids that `explain` takes."""
    finish(latest.events(account, last=last, as_json=as_json))


@deciding.command("alerts")
def alerts_(account: MaybeAccount = None, *, as_json: AsJson = False) -> None:
    """Tell what is open of one account, or of all: what has happened, and what to do."""
    finish(alerts.alerts(account, as_json=as_json))


@deciding.command("forecast")
def forecast_(
    account: AnAccount,
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="Name those who will not be answered in time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell when those who wait for a private reply will have it, and how many too late."""
    finish(forecast.forecast(account, missing=missing, as_json=as_json))


@deciding.command("replay")
def replay_(
    since: Annotated[str, typer.Option("--since", help="From when on, in UTC.")],
    until: Annotated[
        str | None, typer.Option("--until", help="Until just before; else now.")
    ] = None,
    account: MaybeAccount = None,
    file: Annotated[
        str | None, typer.Option("--campaign", help="A campaign as JSON, to decide with.")
    ] = None,
    as_: Annotated[
        str | None, typer.Option("--as", help="The campaign it takes the place of; else new.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """
    Decide stored events again, and print what comes out otherwise.

    With --campaign: decide with that one, and print who would get something else. Nothing is sent
    and nothing written.
    """
    try:
        of = replay.Range(
            since=moment(since, "--since"),
            until=None if until is None else moment(until, "--until"),
            account=account,
        )
    except CannotDo as failure:
        raise typer.Exit(refuse(str(failure))) from None
    if file is None and as_ is not None:
        raise typer.Exit(refuse("--as: names what --campaign FILE takes the place of; give both"))
    finish(
        replay.replay(of, as_json=as_json)
        if file is None
        else replay.what_if(of, file, as_, as_json=as_json)
    )


@deciding.command("dry-run")
def dry_run_(
    file: File,
    account: AnAccount,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How far back.")] = 30,
    campaign: MaybeCampaign = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what a campaign would have done with the last days' events, beside the live ones."""
    finish(dry_run.dry_run(file, account=account, days=days, campaign=campaign, as_json=as_json))
