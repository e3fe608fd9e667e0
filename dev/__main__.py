"""`python -m dev run | demo | servers | advisors`: see `--help`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

from dev import commands
from dev.advisors import advisors
from dev.failures import EXPECTED
from dev.postgres_versions import postgres_versions

_EXIT_CANNOT: Final = 2
_EXIT_INTERRUPTED: Final = 130

Command = Callable[[asyncio.Event], Coroutine[None, None, int]]
_COMMANDS: Final[dict[str, tuple[Command, str]]] = {
    "run": (commands.run, "everything, with a short story; then it stays, until Ctrl-C"),
    "demo": (commands.demo, "everything and the story, with a summary; fails if a step did"),
    "servers": (commands.servers, "PostgreSQL, Redis and SQS alone, for tests; until Ctrl-C"),
    "advisors": (advisors, "Supabase's linter on a fresh schema; fails if it warns"),
    "postgres-versions": (
        postgres_versions,
        "the database's tests on each PostgreSQL from 15 to 18 that can be had",
    ),
}


def main(argv: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    command, _ = _COMMANDS[_parser().parse_args(argv).command]
    try:
        return asyncio.run(_until_signalled(command))
    except EXPECTED as failure:
        sys.stderr.write(f"switchboard: {failure}\n")
        return _EXIT_CANNOT


async def _until_signalled(command: Command) -> int:
    """
    Run `command`; the first signal ends it in order, the second in a hurry.

    Ended by a signal, `run` and `servers` have done what they are for; `demo` has not.
    """
    loop, hurry = asyncio.get_running_loop(), asyncio.Event()
    work = asyncio.create_task(command(hurry))

    def end() -> None:
        if work.cancelling():
            hurry.set()
        else:
            sys.stderr.write("\nstopping; Ctrl-C again does it at once\n")
            work.cancel()

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signum, end)
    with contextlib.suppress(asyncio.CancelledError):
        return await work
    return _EXIT_INTERRUPTED if command is commands.demo else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev", description="Switchboard, locally.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, what) in _COMMANDS.items():
        subparsers.add_parser(name, help=what, description=what)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
