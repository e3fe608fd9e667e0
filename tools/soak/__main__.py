"""`python -m tools.soak`: see `--help`, and docs/chaos.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from rich.console import Console

from dev.failures import EXPECTED
from dev.narrate import Narrator
from tools.soak.report import as_json, lines_of
from tools.soak.run import Size, Told, run

T = TypeVar("T")

EXIT_WRONG: Final = 1
EXIT_CANNOT: Final = 2
EXIT_INTERRUPTED: Final = 130

_MOST_PER_S: Final = 20.0
_MOST_ASKED: Final = 700.0  # private replies an hour and account, of 720


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be run, and how it is to be told."""

    size: Size
    as_json: bool


def read(argv: Sequence[str]) -> Asked:
    """Read the command line, or end with what is wrong with it."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=0.0, help="how long people comment")
    parser.add_argument("--minutes", type=float, default=0.0, help="besides the hours")
    parser.add_argument("--rate", type=float, default=1.5, help="comments a second, of all")
    parser.add_argument("--drop", type=float, default=0.2, help="share Meta never tells of")
    parser.add_argument("--shops", type=int, default=12, help="accounts they are shared by")
    parser.add_argument("--seed", type=int, default=1, help="decides which are not told of")
    parser.add_argument("--json", action="store_true", help="the figures as JSON on stdout")
    options = parser.parse_args(argv)
    stream_s = 3600 * options.hours + 60 * options.minutes
    if stream_s <= 0:
        parser.error("give --hours or --minutes")
    if not 0 < options.rate <= _MOST_PER_S or not 0 <= options.drop < 1 or options.shops < 1:
        parser.error(f"--rate is up to {_MOST_PER_S:g}, --drop a share under 1, --shops 1 at least")
    if 0.7 * 3600 * options.rate / options.shops > _MOST_ASKED:
        parser.error(
            f"over {_MOST_ASKED:g} who ask each shop in an hour: more --shops, or less --rate"
        )
    size = Size(
        stream_s=stream_s,
        per_s=options.rate,
        drop=options.drop,
        shops=options.shops,
        seed=options.seed,
    )
    return Asked(size, options.json)


def main(argv: Sequence[str]) -> int:
    """Run what is asked; return the exit code."""
    asked = read(argv)
    narrator = Narrator(Console(file=sys.stderr, highlight=False) if asked.as_json else None)
    with TemporaryDirectory(prefix="switchboard-soak-") as folder:
        try:
            told = asyncio.run(
                _until_signalled(run(asked.size, folder=Path(folder), narrator=narrator))
            )
        except EXPECTED as failure:
            narrator.say(str(failure), "red")
            return EXIT_CANNOT
        except asyncio.CancelledError:
            narrator.say("interrupted; everything is stopped")
            return EXIT_INTERRUPTED
    _tell(told, narrator, as_json_=asked.as_json)
    return EXIT_WRONG if told.outcome.wrong else 0


def _tell(told: Told, narrator: Narrator, *, as_json_: bool) -> None:
    if as_json_:
        sys.stdout.write(json.dumps(as_json(told.outcome, told.trends, hours=told.hours)) + "\n")
        return
    narrator.say()
    for line in lines_of(told.outcome, told.trends, hours=told.hours):
        narrator.say(line)


async def _until_signalled(work: Coroutine[Any, Any, T]) -> T:
    """Do `work`; a signal to end cancels it, so that what it has started is stopped."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(work)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signum, task.cancel)
    return await task


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
