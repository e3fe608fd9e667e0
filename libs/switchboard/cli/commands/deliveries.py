"""`deliveries ...`: what is owed to whom, and what a person decides about it."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import deliveries
from switchboard.cli.commands.options import AnAccount, AsJson, Sure
from switchboard.cli.running import finish, refuse

owed = typer.Typer(
    help="What is owed to whom and how it stands, and what a person decides about it.",
    no_args_is_help=True,
)

ADelivery = Annotated[str, typer.Argument(metavar="DELIVERY", help="A delivery's id.")]


@owed.command("list")
def deliveries_list(
    account: AnAccount,
    state: Annotated[
        str | None, typer.Option("--state", help="Only those that are: uncertain, parked, ...")
    ] = None,
    last: Annotated[int, typer.Option("--last", min=1, max=1000, help="How many.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List an account's latest deliveries, the newest last."""
    finish(deliveries.list_(account, state=state, last=last, as_json=as_json))


@owed.command("show")
def deliveries_show(delivery: ADelivery, *, as_json: AsJson = False) -> None:
    """Tell how a delivery stands, what it has been through, and where it was looked for."""
    finish(deliveries.show(delivery, as_json=as_json))


@owed.command("decide")
def deliveries_decide(
    delivery: ADelivery,
    *,
    sent: Annotated[bool, typer.Option("--sent", help="It was sent: somebody saw it.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Send it again: the person may get it twice.")
    ] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Leave it, sent or not.")] = False,
    message_id: Annotated[
        str | None, typer.Option("--message-id", help="With --sent: what Meta calls it.")
    ] = None,
    sure: Sure = False,
    as_json: AsJson = False,
) -> None:
    """Decide about a delivery of which nobody could find out whether it was sent."""
    verdicts: dict[deliveries.Verdict, bool] = {"sent": sent, "retry": retry, "drop": drop}
    chosen = [verdict for verdict, is_meant in verdicts.items() if is_meant]
    if len(chosen) != 1:
        raise typer.Exit(refuse("give one of --sent, --retry and --drop"))
    if message_id is not None and not sent:
        raise typer.Exit(refuse("--message-id: goes with --sent"))
    finish(
        deliveries.decide(delivery, chosen[0], message_id=message_id, sure=sure, as_json=as_json)
    )


@owed.command("cancel")
def deliveries_cancel(delivery: ADelivery, *, as_json: AsJson = False) -> None:
    """Call off a delivery that was not sent yet."""
    finish(deliveries.cancel(delivery, as_json=as_json))
