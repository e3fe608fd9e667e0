"""What the processes take: memory, descriptors, sockets; read from /proc, so on Linux alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HOUR_S: Final = 3600.0
# The first part of a run: caches fill, pools open, modules are imported when first needed.
_WARM_UP: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one process takes, `at_s` seconds after the run began."""

    at_s: float
    memory_mib: float  # resident
    descriptors: int
    sockets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One process from the start to the end; `growth_mib_h` is per hour, once it is warm."""

    start: Sample
    middle: Sample
    end: Sample
    growth_mib_h: float


def sample(pid: int, *, at_s: float, proc: Path = Path("/proc")) -> Sample | None:
    """Return what a process takes; None if it is gone."""
    here = proc / str(pid)
    try:
        status = (here / "status").read_text(encoding="ascii", errors="replace")
        links = [_target(one) for one in (here / "fd").iterdir()]
    except OSError:
        return None
    return Sample(
        at_s=at_s,
        memory_mib=_resident_kib(status) / 1024,
        descriptors=len(links),
        sockets=sum(one.startswith("socket:") for one in links),
    )


def trend_of(samples: Sequence[Sample]) -> Trend:
    """Return how it went with a process; the samples are in order, one at least."""
    ends_at_s = samples[-1].at_s
    warm = [one for one in samples if one.at_s >= _WARM_UP * ends_at_s]
    return Trend(
        start=samples[0],
        middle=samples[len(samples) // 2],
        end=samples[-1],
        growth_mib_h=_slope([(one.at_s / _HOUR_S, one.memory_mib) for one in warm]),
    )


def trends_of(samples: Mapping[str, Sequence[Sample]]) -> Mapping[str, Trend]:
    """Return how it went with each process that was ever seen."""
    return {name: trend_of(seen) for name, seen in samples.items() if seen}


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line through `points` by least squares; 0 for a single moment."""
    count = len(points)
    x, y = (sum(axis) / count for axis in zip(*points, strict=True))
    spread: float = sum((one - x) ** 2 for one, _ in points)
    if not spread:
        return 0.0
    together: float = sum((one - x) * (other - y) for one, other in points)
    return together / spread


def _resident_kib(status: str) -> int:
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0  # it is ending


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed meanwhile
        return ""
