"""`accounts ...`, and what is done for an account of an owner's."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import alerts, connected, secrets
from switchboard.cli.commands.options import AnAccount, AsJson
from switchboard.cli.running import finish

accounts = typer.Typer()
known = typer.Typer(help="Instagram accounts, and how each one is.", no_args_is_help=True)
accounts.add_typer(known, name="accounts")


@known.command("list")
def accounts_list(*, as_json: AsJson = False) -> None:
    """List the accounts that are, or were, connected."""
    finish(connected.list_(as_json=as_json))


@known.command("show")
def accounts_show(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id, Instagram id or name.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell how an account is: its token, webhooks, holds, alerts, what it owes."""
    finish(connected.show(account, as_json=as_json))


@accounts.command("try-again")
def try_again_(account: AnAccount, *, as_json: AsJson = False) -> None:
    """Let a held account try one message at once, because its owner says that it is mended."""
    finish(alerts.try_again(account, as_json=as_json))


@accounts.command("webhook-secret")
def webhook_secret_(account: AnAccount, *, as_json: AsJson = False) -> None:
    """Make what an account's webhooks are signed with, anew, and print it. Needs TOKEN_KEYS."""
    finish(secrets.webhook_secret(account, as_json=as_json))
