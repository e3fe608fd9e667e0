"""`queues ...`: the queues of an installation."""

from __future__ import annotations

import typer

from switchboard.cli import making
from switchboard.cli.commands.options import AsJson
from switchboard.cli.running import finish

queues = typer.Typer(help="The queues of an installation.", no_args_is_help=True)


@queues.command("create")
def create_(*, as_json: AsJson = False) -> None:
    """Create the queues and their dead letters' as the services expect them, unless they exist."""
    finish(making.create(as_json=as_json))
