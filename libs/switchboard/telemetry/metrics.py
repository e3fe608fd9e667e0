"""
Figures, added up in the process and written as one line a minute.

The line is CloudWatch's embedded metric format. A count is one number; a duration is all its
values, rounded to two significant digits, so that percentiles survive the adding up.

Source: AWS, "Embedded metric format specification": at most 100 values per metric and line, and
at most 100 metrics per line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

_VALUES_PER_LINE: Final = 100
_MAX_VALUES: Final = 1_000  # per metric and minute; beyond it every value still counts in totals

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure's name and CloudWatch unit."""

    name: str
    unit: Literal["Count", "Milliseconds", "Bytes", "Seconds"] = "Count"


@dataclass(slots=True)
class Meter:
    """The process's figures since the last line, and since it started."""

    service: str
    env: str
    flush_s: float = 60.0
    name: str = "metrics"
    _counts: Counter[tuple[Metric, Dimensions]] = field(default_factory=Counter)
    _values: dict[tuple[Metric, Dimensions], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _totals: Counter[str] = field(default_factory=Counter)

    def count(self, metric: Metric, n: int = 1, /, **dimensions: str) -> None:
        """Add `n` to `metric`. Dimensions must take few values: each one is billed as a series."""
        self._counts[metric, _key(dimensions)] += n
        self._totals[_label(metric, dimensions)] += n

    def observe(self, metric: Metric, value: float, /, **dimensions: str) -> None:
        """Record one `value` of `metric`, in the metric's unit."""
        values = self._values[metric, _key(dimensions)]
        if len(values) < _MAX_VALUES:
            values.append(float(f"{value:.2g}"))
        self._totals[_label(metric, dimensions)] += 1

    def totals(self) -> Mapping[str, int]:
        """Return how often each figure was counted since the start, by `Name{dimension=value}`."""
        return dict(self._totals)

    async def run(self, stop: asyncio.Event) -> None:
        """Write the figures every `flush_s` seconds, and once more at the end."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.flush_s):
                    await stop.wait()
            self.flush()
            if stop.is_set():
                return

    def flush(self) -> None:
        """
        Write what has been added up, and begin again from nothing.

        Not through the log: an installation that logs errors only still wants its figures.
        """
        for dimensions, figures in self._lines():
            line = {"event": "metrics", **dict(dimensions), **self._embedded(dimensions, figures)}
            sys.stdout.write(f"{json.dumps(line)}\n")
        sys.stdout.flush()
        self._counts.clear()
        self._values.clear()

    def _lines(self) -> Iterator[tuple[Dimensions, dict[Metric, float | list[float]]]]:
        by_dimensions: dict[Dimensions, dict[Metric, float | list[float]]] = defaultdict(dict)
        for (metric, dimensions), n in self._counts.items():
            by_dimensions[dimensions][metric] = n
        yield from by_dimensions.items()
        for (metric, dimensions), values in self._values.items():
            for start in range(0, len(values), _VALUES_PER_LINE):
                yield dimensions, {metric: values[start : start + _VALUES_PER_LINE]}

    def _embedded(
        self, dimensions: Dimensions, figures: Mapping[Metric, float | list[float]]
    ) -> dict[str, object]:
        directive = {
            "Namespace": "Switchboard",
            "Dimensions": [["service", "env", *(name for name, _ in dimensions)]],
            "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in figures],
        }
        return {
            **{metric.name: value for metric, value in figures.items()},
            "service": self.service,
            "env": self.env,
            "_aws": {"Timestamp": time.time_ns() // 10**6, "CloudWatchMetrics": [directive]},
        }


def _key(dimensions: Mapping[str, str]) -> Dimensions:
    return tuple(sorted(dimensions.items()))


def _label(metric: Metric, dimensions: Mapping[str, str]) -> str:
    inside = ",".join(f"{name}={value}" for name, value in sorted(dimensions.items()))
    return f"{metric.name}{{{inside}}}" if inside else metric.name
