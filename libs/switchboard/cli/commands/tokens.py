"""`tokens ...`: access tokens and secrets, and the keys they are sealed with."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import sealing
from switchboard.cli.commands.options import AsJson
from switchboard.cli.running import finish

tokens = typer.Typer(help="Access tokens and secrets at rest.", no_args_is_help=True)


@tokens.command("rotate")
def tokens_rotate(*, as_json: AsJson = False) -> None:
    """Seal all tokens and secrets again with the first of TOKEN_KEYS; the others still open."""
    finish(sealing.rotate(as_json=as_json))


@tokens.command("new-key")
def tokens_new_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.")],
    *,
    kms_key: Annotated[str, typer.Option("--kms-key", help="The id, ARN or alias of KMS's key.")],
    as_json: AsJson = False,
) -> None:
    """Have AWS KMS make a key and wrap it, and print that for TOKEN_KEYS_KMS."""
    finish(sealing.new_key(name, kms_key=kms_key, as_json=as_json))
