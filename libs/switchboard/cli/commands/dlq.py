"""`dlq ...`: messages that could not be handled."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import dlq
from switchboard.cli.commands.options import AsJson, Sure
from switchboard.cli.running import finish, refuse

dead = typer.Typer(
    help="Messages that could not be handled: why, and sending them back.", no_args_is_help=True
)

AQueue = Annotated[str, typer.Argument(metavar="QUEUE", help="events, classify, ...")]
Messages = Annotated[
    list[str] | None, typer.Option("--id", help="One message's id; several times for several.")
]


@dead.command("list")
def dlq_list(
    queue: Annotated[
        str | None, typer.Argument(metavar="[QUEUE]", help="Only this one's: events, ...")
    ] = None,
    last: Annotated[
        int, typer.Option("--last", min=1, max=dlq.MOST, help="How many of each queue.")
    ] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List messages that were buried, with the reason; they stay where they are."""
    finish(dlq.list_(queue, last=last, as_json=as_json))


@dead.command("show")
def dlq_show(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="A message's id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one of them whole, with what people wrote."""
    finish(dlq.show(message, as_json=as_json))


@dead.command("redrive")
def dlq_redrive(
    queue: AQueue,
    ids: Messages = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that are there now.")] = False,
    most: Annotated[
        int, typer.Option("--most", min=1, max=dlq.MOST, help="With --all: no more than so many.")
    ] = dlq.MOST,
    as_json: AsJson = False,
) -> None:
    """Send them back to their queue, to be handled again."""
    if everything == bool(ids):
        raise typer.Exit(refuse("give --id, once for each message, or --all"))
    finish(dlq.redrive(queue, ids or (), most=most, as_json=as_json))


@dead.command("discard")
def dlq_discard(
    queue: AQueue,
    ids: Messages = None,
    *,
    sure: Sure = False,
    as_json: AsJson = False,
) -> None:
    """Throw messages away that nobody needs any more; what they say is lost."""
    if not ids:
        raise typer.Exit(refuse("give --id, once for each message"))
    finish(dlq.discard(queue, ids, sure=sure, as_json=as_json))
