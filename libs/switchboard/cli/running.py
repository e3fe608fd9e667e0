"""Running a command: its coroutine, and one line on stderr where it cannot be done."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

import typer

from switchboard.cli.failing import EXIT_CANNOT, CannotDo
from switchboard.db.errors import QueryFailed
from switchboard.errors import Unavailable


def finish(command: Coroutine[Any, Any, int]) -> None:
    """Run `command`, and end with the code it returns; what it could not do is told in a line."""
    try:
        code = asyncio.run(command)
    except CannotDo as failure:
        code = refuse(str(failure))
    except QueryFailed as failure:
        code = refuse(f"{failure}; is DATABASE_URL the address of a role that may do this?")
    except Unavailable as failure:
        code = refuse(f"{failure}; is the server that DATABASE_URL names up?")
    raise typer.Exit(code)


def refuse(message: str) -> int:
    """Say in one line why it cannot be done; return the exit code."""
    sys.stderr.write(f"switchboard: {' '.join(message.split())}\n")
    return EXIT_CANNOT
