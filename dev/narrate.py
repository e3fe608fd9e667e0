"""What a person sees while the local stack starts and plays its story: one line for each step."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(slots=True)
class Line:
    """A step under way; what it found out is told when it is done."""

    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step of the story. `latency_ms` is as the simulator saw it."""

    what: str
    happened: bool
    latency_ms: float | None = None
    detail: str = ""


class Narrator:
    """Tells on a terminal in colour, elsewhere in plain lines."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._tick, self._cross = _marks(self._console)

    @contextlib.contextmanager
    def doing(self, what: str) -> Iterator[Line]:
        """Tell of a step when it ends: ticked with the seconds it took, or crossed."""
        line, began = Line(what), time.monotonic()
        try:
            with self._console.status(what):
                yield line
        except BaseException:
            self._end(line, self._cross, "red", "")
            raise
        self._end(line, self._tick, "green", f"{time.monotonic() - began:.1f} s")

    def tell(self, outcome: Outcome) -> None:
        """Tell what came of a step of the story."""
        mark, style = (self._tick, "green") if outcome.happened else (self._cross, "red")
        self._end(Line(outcome.what, outcome.detail), mark, style, _ms(outcome.latency_ms))

    def say(self, text: str = "", style: str = "") -> None:
        """Print lines of text as they are."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def summarise(self, outcomes: Sequence[Outcome]) -> None:
        """Print all of the story as a table."""
        table = Table("", "step", "latency", show_edge=False, pad_edge=False)
        table.columns[2].justify = "right"
        for outcome in outcomes:
            mark, style = (self._tick, "green") if outcome.happened else (self._cross, "red")
            step = outcome.what if outcome.happened else f"{outcome.what}\n{outcome.detail}"
            table.add_row(Text(mark, style), Text(step), Text(_ms(outcome.latency_ms)))
        failed = sum(not outcome.happened for outcome in outcomes)
        table.caption = f"{len(outcomes) - failed} happened, {failed} did not"
        self._console.print(table)

    def _end(self, line: Line, mark: str, style: str, took: str) -> None:
        told = Text.assemble((mark, style), f" {line.what:<52} ", (f"{took:>8}", "cyan"))
        if line.detail:
            told.append(f"  {line.detail}", "dim")
        self._console.print(told, soft_wrap=True)


def _marks(console: Console) -> tuple[str, str]:
    try:
        "✓✗".encode(console.encoding)
    except UnicodeEncodeError:
        return "ok", "NO"
    return "✓", "✗"


def _ms(latency_ms: float | None) -> str:
    return "" if latency_ms is None else f"{latency_ms:.0f} ms"
