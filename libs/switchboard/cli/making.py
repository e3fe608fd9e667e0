"""`queues`: the queues of an installation, made where nothing else does it."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import telling
from switchboard.cli.queues import open_queues
from switchboard.cli.running import finish
from switchboard.queues import create_queues

queues = typer.Typer(help="The queues of an installation.", no_args_is_help=True)


@queues.command("create")
def create_(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the data, as JSON, and nothing else.")
    ] = False,
) -> None:
    """Create the queues and their dead letters' as the services expect them, unless they exist."""
    finish(create(as_json=as_json))


async def create(*, as_json: bool) -> int:
    """Create the queues that the environment names; print the address of each."""
    async with open_queues() as (client, prefix):
        created = await create_queues(client, prefix)
    if as_json:
        telling.as_json(created)
    else:
        typer.echo("\n".join(f"{name}: {url}" for name, url in created.items()))
    return 0
