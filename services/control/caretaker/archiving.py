"""Lines in a compressed file: written as they come, read back before anybody relies on it."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final
from uuid import uuid4

from switchboard.errors import Failure

_CHUNK_BYTES: Final = 1 << 20


class CannotArchive(Failure):
    """The file could not be written, or what was read back is not what was written."""

    reason: ClassVar[str] = "cannot_archive"


@dataclass(frozen=True, slots=True)
class Filed:
    """What a file holds, as it was read back: its lines, its size, and its SHA-256."""

    rows: int
    size_bytes: int
    sha256: str


async def write(path: Path, pages: AsyncIterator[Sequence[str]]) -> Filed:
    """
    Write `pages` of lines to `path`, which is there whole or not at all; the same lines are the
    same bytes. One page is in memory at a time.

    Raises:
        CannotArchive: The disk is full, or keeps something else.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        return await _written(path, part, pages)
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise CannotArchive(f"{path.name}: {error}") from error
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)


async def _written(path: Path, part: Path, pages: AsyncIterator[Sequence[str]]) -> Filed:
    packing = await asyncio.to_thread(_Packing, part)
    try:
        async for page in pages:
            await asyncio.to_thread(packing.add, page)
    finally:
        await asyncio.to_thread(packing.close)
    filed = await asyncio.to_thread(read_back, part)
    if filed.rows != packing.rows:
        raise CannotArchive(f"{path.name}: {packing.rows} lines written, {filed.rows} read back")
    await asyncio.to_thread(_put_in_place, part, path)
    return filed


class _Packing:
    """A file that lines are added to; closed, they are on the disk."""

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
            self._file.flush()
            os.fsync(self._file.fileno())


def read_back(path: Path) -> Filed:
    """Read a file of compressed lines to its end, whose own checksum must be right."""
    with gzip.open(path) as packed:
        rows = sum(1 for _ in packed)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return Filed(rows, path.stat().st_size, digest.hexdigest())


def _put_in_place(part: Path, path: Path) -> None:
    part.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
