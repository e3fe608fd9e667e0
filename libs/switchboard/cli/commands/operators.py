"""`operators ...`: who runs the installation."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import operators as running_it
from switchboard.cli.commands.options import AsJson
from switchboard.cli.running import finish

operators = typer.Typer(
    help="Who runs the installation, and sees by the API how all of it is.", no_args_is_help=True
)

AUser = Annotated[str, typer.Argument(metavar="USER", help="Their id or e-mail address.")]


@operators.command("add")
def operators_add(user: AUser, *, as_json: AsJson = False) -> None:
    """Let a user see by the API how the whole installation is."""
    finish(running_it.add(user, as_json=as_json))


@operators.command("remove")
def operators_remove(user: AUser, *, as_json: AsJson = False) -> None:
    """Let a user see that no longer."""
    finish(running_it.remove(user, as_json=as_json))


@operators.command("list")
def operators_list(*, as_json: AsJson = False) -> None:
    """List who runs the installation."""
    finish(running_it.list_(as_json=as_json))
