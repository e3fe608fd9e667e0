"""`workspaces ...`: which there are, who owns them, and the end of one."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import removing
from switchboard.cli.commands.options import AsJson, Sure
from switchboard.cli.running import finish

workspaces = typer.Typer(
    help="Which workspaces there are, who owns them, and the end of one.", no_args_is_help=True
)

AWorkspace = Annotated[str, typer.Argument(metavar="WORKSPACE", help="Its id or name.")]


@workspaces.command("list")
def workspaces_list(
    *,
    removed: Annotated[
        bool, typer.Option("--removed", help="Those that were deleted, or are just now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the workspaces, and which of them are to be deleted."""
    finish(removing.list_(removed=removed, as_json=as_json))


@workspaces.command("delete")
def workspaces_delete(
    workspace: AWorkspace,
    *,
    after_days: Annotated[
        int,
        typer.Option("--after-days", min=1, max=90, help="Until then it can be called off."),
    ] = 7,
    sure: Sure = False,
    as_json: AsJson = False,
) -> None:
    """Disconnect a workspace's accounts now, and delete everything it owns after some days."""
    finish(removing.delete(workspace, after_days=after_days, sure=sure, as_json=as_json))


@workspaces.command("keep")
def workspaces_keep(workspace: AWorkspace, *, as_json: AsJson = False) -> None:
    """Call off the deletion of a workspace."""
    finish(removing.keep(workspace, as_json=as_json))


@workspaces.command("owner")
def workspaces_owner(
    workspace: AWorkspace,
    user: Annotated[str, typer.Argument(metavar="USER", help="Their id or e-mail address.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Make a user an owner of a workspace, such as one whose last owner is about to leave."""
    finish(removing.owner(workspace, user, as_json=as_json))
