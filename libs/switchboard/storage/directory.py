"""A directory that files are kept in."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from switchboard.storage.place import (
    CHUNK_BYTES,
    CannotKeep,
    FileMissing,
    Kept,
    hash_file,
    require_name,
)


class Directory:
    """
    Files in `root`, which must be there: a volume that is not mounted is a failure.

    Drafts are hidden files in it, so that putting one is renaming it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextlib.asynccontextmanager
    async def draft(self) -> AsyncIterator[Path]:
        """Give the path of a hidden file of the directory."""
        path = self._root / f".draft.{uuid4().hex}"
        try:
            yield path
        finally:
            with _errors("draft"):
                await asyncio.to_thread(path.unlink, missing_ok=True)

    async def put(self, draft: Path, name: str) -> Kept:
        """Keep `draft` as `name`: it is on the disk, read, and then renamed."""
        with _errors(name):
            return await asyncio.to_thread(_put, draft, self._path(name), self._root)

    @contextlib.asynccontextmanager
    async def read(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the file in chunks."""
        with _errors(name):
            try:
                file = await asyncio.to_thread(self._path(name).open, "rb")
            except FileNotFoundError:
                raise FileMissing(f"there is no {name}") from None
        try:
            yield _chunks(file.read, name)
        finally:
            await asyncio.to_thread(file.close)

    async def remove(self, name: str) -> None:
        """See that the file is gone."""
        with _errors(name):
            await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def address(self, name: str, *, called: str, good_for: timedelta) -> None:
        """Return nothing: a directory has no addresses."""

    def location(self, name: str) -> str:
        """Return the file's name: where the directory is mounted is each machine's own."""
        return require_name(name)

    def _path(self, name: str) -> Path:
        return self._root / require_name(name)


def _put(draft: Path, path: Path, root: Path) -> Kept:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    kept = hash_file(draft)
    made = _make(path.parent, root)
    draft.replace(path)
    for directory in made:
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return kept


def _make(directory: Path, root: Path) -> list[Path]:
    """Make `directory` below `root`; return the directories whose entries may have changed."""
    below = [directory, *(parent for parent in directory.parents if parent.is_relative_to(root))]
    for one in reversed(below[:-1]):
        one.mkdir(mode=0o700, exist_ok=True)
    return below


async def _chunks(read: object, name: str) -> AsyncIterator[bytes]:
    assert callable(read)
    while True:
        with _errors(name):
            chunk: bytes = await asyncio.to_thread(read, CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


@contextlib.contextmanager
def _errors(name: str) -> Iterator[None]:
    """
    Turn the system's errors into ours.

    Raises:
        CannotKeep: The directory is missing, full, or not ours.
    """
    try:
        yield
    except OSError as error:
        raise CannotKeep(f"{name}: {error}") from error
