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
from switchboard.queues.client import QueueRefused


def finish(command: Coroutine[Any, Any, int]) -> None:
    """Run `command`, and end with the code it returns; what it could not do is told in a line."""
    try:
        code = asyncio.run(command)
    except CannotDo as failure:
        code = refuse(str(failure))
    except QueryFailed as failure:
        code = refuse(f"{failure}; is DATABASE_URL the address of a role that may do this?")
    except QueueRefused as failure:
        code = refuse(f"{failure}; are QUEUE_PREFIX, AWS_REGION and the credentials right?")
    except Unavailable as failure:
        code = refuse(f"{failure}; is {_server(failure)} up?")
    raise typer.Exit(code)


def _server(failure: Unavailable) -> str:
    """Return which server it is that is away, by the setting that names it."""
    said = str(failure)
    named = {
        "SQS": "AWS_ENDPOINT_URL",
        "S3": "AWS_ENDPOINT_URL_S3",
        "Redis": "REDIS_URL",
        "Graph": "META_GRAPH_URL",
    }
    setting = next((name for begin, name in named.items() if said.startswith(begin)), None)
    return f"the server that {setting or 'DATABASE_URL'} names"


def refuse(message: str) -> int:
    """Say in one line why it cannot be done; return the exit code."""
    sys.stderr.write(f"switchboard: {' '.join(message.split())}\n")
    return EXIT_CANNOT
