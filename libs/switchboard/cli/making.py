"""`queues create`: the queues of an installation, made where nothing else does it."""

from __future__ import annotations

import typer

from switchboard.cli import telling
from switchboard.cli.queues import open_queues
from switchboard.queues import create_queues


async def create(*, as_json: bool) -> int:
    """Create the queues that the environment names; print the address of each."""
    async with open_queues() as (client, prefix):
        created = await create_queues(client, prefix)
    if as_json:
        telling.as_json(created)
    else:
        typer.echo("\n".join(f"{name}: {url}" for name, url in created.items()))
    return 0
