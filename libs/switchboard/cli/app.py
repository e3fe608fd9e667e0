"""The commands together, and how the process ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from switchboard.cli.commands.accounts import accounts
from switchboard.cli.commands.campaigns import campaigns
from switchboard.cli.commands.deciding import deciding
from switchboard.cli.commands.deliveries import owed
from switchboard.cli.commands.dlq import dead
from switchboard.cli.commands.intents import intents
from switchboard.cli.commands.operating import operating
from switchboard.cli.commands.operators import operators
from switchboard.cli.commands.queues import queues
from switchboard.cli.commands.tokens import tokens
from switchboard.cli.commands.workspaces import workspaces
from switchboard.cli.failing import EXIT_CANNOT, EXIT_INTERRUPTED
from switchboard.cli.running import refuse

app = typer.Typer(
    name="switchboard",
    help="Why somebody got an answer, what another campaign would do, and what operators do.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for part in (deciding, campaigns, accounts, operating):
    app.add_typer(part)
app.add_typer(intents, name="intents")
app.add_typer(queues, name="queues")
app.add_typer(owed, name="deliveries")
app.add_typer(dead, name="dlq")

app.add_typer(tokens, name="tokens")
app.add_typer(operators, name="operators")
app.add_typer(workspaces, name="workspaces")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code. Wrong arguments are told in one line."""
    arguments = None if argv is None else list(argv)
    try:
        code = app(args=arguments, standalone_mode=False)
    except typer.TyperException as error:
        return refuse(f"{error.format_message().rstrip('.')}; see `switchboard --help`")
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read what we print has had enough
        return EXIT_CANNOT
    return code if isinstance(code, int) else 0
