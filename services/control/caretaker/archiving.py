"""Lines in a compressed file: written as they come, read back before anybody relies on it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from switchboard.errors import Failure
from switchboard.storage import Place


class CannotArchive(Failure):
    """The file could not be written, or what was read back is not what was written."""

    reason: ClassVar[str] = "cannot_archive"


@dataclass(frozen=True, slots=True)
class Filed:
    """What a file holds, as it was read back: its lines, its size, and its SHA-256."""

    rows: int
    size_bytes: int
    sha256: str


async def write(place: Place, name: str, pages: AsyncIterator[Sequence[str]]) -> Filed:
    """
    Write `pages` of lines to `name`, which is there whole or not at all; the same lines are the
    same bytes. One page is in memory at a time.

    Raises:
        CannotArchive: The disk is full, or keeps something else.
        CannotKeep: The place refuses the file, or keeps something else.
        Unavailable: The place is away.
    """
    async with place.draft() as draft:
        try:
            written, rows = await _written(draft, pages)
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise CannotArchive(f"{name}: {error}") from error
        if written != rows:
            raise CannotArchive(f"{name}: {written} lines written, {rows} read back")
        kept = await place.put(draft, name)
    return Filed(rows, kept.size_bytes, kept.sha256)


async def _written(draft: Path, pages: AsyncIterator[Sequence[str]]) -> tuple[int, int]:
    """Return how many lines were written, and how many were read back."""
    packing = await asyncio.to_thread(_Packing, draft)
    try:
        async for page in pages:
            await asyncio.to_thread(packing.add, page)
    finally:
        await asyncio.to_thread(packing.close)
    return packing.rows, await asyncio.to_thread(count, draft)


class _Packing:
    """A file that lines are added to."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        # Neither name nor time: the bytes say nothing but the lines.
        self._packed = gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0)
        self.rows = 0

    def add(self, lines: Sequence[str]) -> None:
        self._packed.write("".join(f"{line}\n" for line in lines).encode())
        self.rows += len(lines)

    def close(self) -> None:
        with self._file:
            self._packed.close()


def count(path: Path) -> int:
    """Read a file of compressed lines to its end, whose own checksum must be right."""
    with gzip.open(path) as packed:
        return sum(1 for _ in packed)
