"""How far a long command has come, on stderr: a moving line on a terminal, else lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_PLAIN_EVERY_S: Final = 10.0
_UPDATE_EVERY: Final = 200  # a call for each would take longer than deciding it


class Counting(Protocol):
    """Something that is told of each one that is done."""

    def __call__(self) -> None:
        """Count one."""
        ...


@contextmanager
def counting(what: str, total: int) -> Iterator[Counting]:
    """Show how many of `total` are done, until left."""
    if not sys.stderr.isatty():
        yield _Plain(what, total)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        yield _Moving(progress, what, total)


class _Moving:
    def __init__(self, progress: Progress, what: str, total: int) -> None:
        self._progress, self._task = progress, progress.add_task(what, total=total)
        self._done = 0

    def __call__(self) -> None:
        self._done += 1
        if self._done % _UPDATE_EVERY == 0:
            self._progress.update(self._task, completed=self._done)


class _Plain:
    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._told_at = time.monotonic()

    def __call__(self) -> None:
        self._done += 1
        if self._done % _UPDATE_EVERY or time.monotonic() - self._told_at < _PLAIN_EVERY_S:
            return
        self._told_at = time.monotonic()
        sys.stderr.write(f"{self._what}: {self._done:,} of {self._total:,}\n")
