"""Options and arguments that several commands have, each written once."""

from __future__ import annotations

from typing import Annotated

import typer

File = Annotated[str, typer.Argument(metavar="FILE", help="A campaign as JSON; - reads stdin.")]
AnAccount = Annotated[str, typer.Option("--account", help="Its id, Instagram id or name.")]
MaybeAccount = Annotated[
    str | None, typer.Option("--account", help="An account's id, Instagram id or name.")
]
MaybeCampaign = Annotated[str | None, typer.Option("--campaign", help="A known campaign's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Sure = Annotated[bool, typer.Option("--yes", help="Ask nothing.")]
