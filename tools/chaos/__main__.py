"""`make chaos`: see `--help`, and docs/chaos.md."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from dev.failures import EXPECTED
from dev.narrate import Narrator
from dev.servers.binaries import CHECKOUT
from tools.chaos.phases import LEAST, PHASE_S
from tools.chaos.plan import Size, plan_of
from tools.chaos.planted import PLANTS
from tools.chaos.report import lines_of
from tools.chaos.run import run

T = TypeVar("T")

EXIT_WRONG: Final = 1
EXIT_CANNOT: Final = 2
EXIT_NO_TIME: Final = 3
EXIT_INTERRUPTED: Final = 130

_AROUND_S: Final = 50.0  # around the load: starting, the prologue, draining
_MINUTES: Final = 3.0  # for a seed
_FOLDER: Final = CHECKOUT / ".local" / "chaos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be run: `seeds` of them, from `first` on, within `minutes` in all."""

    first: int
    seeds: int
    minutes: float
    plant: str | None
    keep: bool

    @property
    def run_s(self) -> float:
        """How long one seed may take, about."""
        return 60 * self.minutes / self.seeds

    def again(self, seed: int) -> str:
        """Return the command that runs one of the seeds as it was run."""
        plant = f" PLANT={self.plant}" if self.plant else ""
        return f"make chaos SEED={seed} MINUTES={self.run_s / 60:g}{plant}"


def size_of(run_s: float) -> Size:
    """Return how much fits into a run of about `run_s` seconds."""
    return Size(load_s=max(LEAST * PHASE_S, run_s - _AROUND_S))


def read(argv: Sequence[str]) -> Asked:
    """Read the command line, or end with what is wrong with it."""
    parser = argparse.ArgumentParser(prog="python -m tools.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; one is drawn otherwise")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after the other")
    parser.add_argument("--minutes", type=float, help=f"in all; {_MINUTES:g} for a seed otherwise")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="a mistake that must be found")
    parser.add_argument("--keep", action="store_true", help="keep logs though nothing is wrong")
    options = parser.parse_args(argv)
    if options.seeds < 1 or (options.minutes is not None and options.minutes <= 0):
        parser.error("--seeds and --minutes must be above 0")
    return Asked(
        first=secrets.randbelow(10**6) if options.seed is None else options.seed,
        seeds=options.seeds,
        minutes=options.minutes or _MINUTES * options.seeds,
        plant=options.plant,
        keep=options.keep,
    )


def main(argv: Sequence[str], *, now: Callable[[], float] = time.monotonic) -> int:
    """Run what is asked, by a clock in seconds; return the exit code."""
    asked, narrator = read(argv), Narrator()
    ends_at = now() + 60 * asked.minutes
    failed: list[int] = []
    done = 0
    while done < asked.seeds and (not done or now() < ends_at):
        code = _run_one(asked.first + done, asked, narrator)
        if code == EXIT_WRONG:
            failed.append(asked.first + done)
        elif code:
            return code
        done += 1
    if asked.seeds > 1:
        narrator.say(f"{done} seeds from {asked.first} on; failed: {failed or 'none'}")
    if done < asked.seeds:
        narrator.say(f"time was over before the other {asked.seeds - done} could be run", "red")
        return EXIT_WRONG if failed else EXIT_NO_TIME
    return EXIT_WRONG if failed else 0


def _run_one(seed: int, asked: Asked, narrator: Narrator) -> int:
    """Run one seed and tell of it; return the exit code."""
    plan, folder = plan_of(seed, size_of(asked.run_s)), _FOLDER / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    planted = f", with {asked.plant} planted" if asked.plant else ""
    narrator.say(f"seed {seed}: {plan.size.load_s:g} s of load{planted}", "bold")
    try:
        work = run(plan, folder=folder, narrator=narrator, plant=asked.plant)
        judged = asyncio.run(_until_signalled(work))
    except EXPECTED as failure:
        narrator.say(str(failure), "red")
        return EXIT_CANNOT
    except asyncio.CancelledError:
        narrator.say("interrupted; everything is stopped")
        return EXIT_INTERRUPTED
    narrator.say()
    lines = lines_of(judged, seed=seed, again=asked.again(seed), logs=folder / "logs")
    for line in lines:
        narrator.say(line, "" if judged.ok else "red")
    narrator.say()
    if judged.ok and not asked.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if judged.ok else EXIT_WRONG


async def _until_signalled(work: Coroutine[Any, Any, T]) -> T:
    """Do `work`; a signal to end cancels it, so that what it has started is stopped."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(work)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signum, task.cancel)
    return await task


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
