"""
Whether memory grows with what a process has seen: each service, beside one that keeps nothing.

    python -m bench.memory            all of them
    python -m bench.memory router     one

Each is given N events of as many different people, then as many again, then twice as many. After
each its memory is looked at. The first are its warm-up: pools open, caches fill, modules are
imported. Of what it is given after 2N nothing may stay: what Python allocates after the first
N is traced, and the benchmark fails if what it holds of that has grown by more than `MOST_BYTES`
for each event. What is resident is looked at in a run of its own, as tracing takes memory itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.process import running
from bench.stage import open_stage
from bench.subjects import SUBJECTS, Subject
from bench.watched import AS_IT_IS, AT, TRACES, TRIMMED

N: Final = 1_000
# Less than the smallest thing that could be kept by mistake: an id of 16 characters in a set.
MOST_BYTES: Final = 64.0
_MIB: Final = 1024 * 1024
_LINES: Final = 10
# Some never rest: what a request or a job has in hand comes and goes, what is kept stays.
_LOOKS: Final = 5
_BETWEEN_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Look:
    """What a process held: what was resident, and what Python held, in all and by line; bytes."""

    resident: int
    traced: int
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One process at N, 2N and 4N events, in a run of its own for each of the two."""

    resident: Sequence[Look]
    trimmed: Look
    traced: Sequence[Look]

    def kept_bytes(self) -> float:
        """Return by how much what Python holds has grown for each event after 2N."""
        return kept_bytes(self.traced[-2], self.traced[-1], 2 * N)


def kept_bytes(before: Look, after: Look, events: int) -> float:
    """Return by how much what Python holds has grown for each of `events`."""
    return (after.traced - before.traced) / events


def grown(before: Look, after: Look) -> list[tuple[str, int]]:
    """Return the lines that have asked for more than they gave back, most first."""
    more = Counter(after.lines)
    more.subtract(before.lines)
    return [(line, size) for line, size in more.most_common(_LINES) if size > 0]


async def look(at: Path, how: bytes = AS_IT_IS) -> Look:
    """Ask the process that listens there."""
    reader, writer = await asyncio.open_unix_connection(at)
    writer.write(how)
    told = json.loads(await reader.read())
    writer.close()
    return Look(**told)


async def main(names: Sequence[str]) -> None:
    """Watch each service and its baseline; fail if one keeps what it was given."""
    leaks: list[str] = []
    for name in names:
        async with open_stage() as stage, SUBJECTS[name](stage) as subject:
            bare = await _seen(subject, subject.bare, subject.arguments)
            ours = await _seen(subject, subject.service, ())
        _tell(name, bare, ours)
        if ours.kept_bytes() - max(bare.kept_bytes(), 0.0) > MOST_BYTES:
            leaks.append(name)
            _tell_where(ours)
    if leaks:
        raise SystemExit(f"more than {MOST_BYTES:g} bytes of each event stay: {', '.join(leaks)}")


async def _seen(subject: Subject, module: str, arguments: Sequence[str]) -> Seen:
    *resident, trimmed = await _looks(subject, module, arguments, traces=False)
    *traced, _ = await _looks(subject, module, arguments, traces=True)
    return Seen(resident=resident, trimmed=trimmed, traced=traced)


async def _looks(
    subject: Subject, module: str, arguments: Sequence[str], *, traces: bool
) -> list[Look]:
    """Return what one process held at N, 2N and 4N events, and then when it was trimmed."""
    with TemporaryDirectory(prefix="bench-") as folder:
        at = Path(folder) / "at"
        watching = {AT: str(at)} | ({TRACES: "1"} if traces else {})
        async with running(
            "bench.watched",
            env={**subject.environment, **watching},
            port=subject.port,
            arguments=[module, *arguments],
        ):
            looks = []
            for count in (N, N, 2 * N):
                await subject.give(count)
                looks.append(await least(at))
            return [*looks, await look(at, TRIMMED)]


async def least(at: Path) -> Look:
    """Return the look at which it held least, of some that follow each other."""
    looks = [await look(at)]
    for _ in range(_LOOKS - 1):
        await asyncio.sleep(_BETWEEN_S)
        looks.append(await look(at))
    return min(looks, key=lambda one: (one.traced, one.resident))


def _tell(name: str, bare: Seen, ours: Seen) -> None:
    print(f"\n### {name}: memory at {N:,}, {2 * N:,} and {4 * N:,} events\n")
    print("| | resident, MiB | trimmed | ratio | Python holds, KiB | for each event |")
    print("| --- | --- | --- | --- | --- | --- |")
    for what, seen in (("baseline", bare), ("service", ours)):
        columns = (
            what,
            ", ".join(f"{one.resident / _MIB:.1f}" for one in seen.resident),
            f"{seen.trimmed.resident / _MIB:.1f}",
            f"{seen.trimmed.resident / bare.trimmed.resident:.2f}",
            ", ".join(f"{one.traced / 1024:+.0f}" for one in seen.traced[1:]),
            f"{seen.kept_bytes():+.0f} B",
        )
        print(f"| {' | '.join(columns)} |", flush=True)


def _tell_where(seen: Seen) -> None:
    print("\nwhat has grown most, in bytes for each event:\n")
    for line, size in grown(seen.traced[-2], seen.traced[-1]):
        print(f"    {size / (2 * N):8.1f}  {line}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(SUBJECTS)))
