"""What a place for files does, whatever it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final, Protocol

from switchboard.errors import Failure

CHUNK_BYTES: Final = 1 << 20
# Parts of letters, digits, `.`, `_` and `-`, none of which is hidden or leads anywhere else.
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class CannotKeep(Failure):
    """The place does not take or give a file, and will not by itself; or it keeps another."""

    reason: ClassVar[str] = "cannot_keep"


class FileMissing(Failure):
    """There is no file of that name."""

    reason: ClassVar[str] = "file_missing"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept: its size, and its SHA-256."""

    size_bytes: int
    sha256: str


class Place(Protocol):
    """
    Files by their names, with `/` between the parts.

    All methods raise `Unavailable` when the place is away, and `CannotKeep` when it refuses.
    """

    def draft(self) -> AbstractAsyncContextManager[Path]:
        """Give the path of a file to be written on this machine; it is gone afterwards."""
        ...

    async def put(self, draft: Path, name: str) -> Kept:
        """
        Keep what was written to `draft` as `name`, in place of what was there.

        It is there whole or not at all, and was read back.
        """
        ...

    def read(self, name: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """
        Give what is kept as `name`, in chunks.

        Raises:
            FileMissing: There is none.
        """
        ...

    async def remove(self, name: str) -> None:
        """See that there is nothing called `name`, nor the beginnings of it."""
        ...

    async def address(self, name: str, *, called: str, good_for: timedelta) -> str | None:
        """
        Return where a browser gets `name`, to be saved as `called`, without any other proof.

        `None`: it has no such address, and must be read.
        """
        ...

    def location(self, name: str) -> str:
        """Return where that is, for who runs the installation."""
        ...


def require_name(name: str) -> str:
    """
    Return `name`, which must lead nowhere else.

    Raises:
        CannotKeep: It is none.
    """
    if not _NAME.fullmatch(name):
        raise CannotKeep(f"{name!r} is no name for a file")
    return name


def hash_file(path: Path) -> Kept:
    """Read a file of this machine to its end."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return Kept(size_bytes, digest.hexdigest())


def require_same(given: Kept, kept: Kept, name: str) -> Kept:
    """
    Return what was `given`, if it is what is `kept`.

    Raises:
        CannotKeep: It is something else.
    """
    if given != kept:
        raise CannotKeep(
            f"{name}: {given.size_bytes} bytes were written and {kept.size_bytes} read back, with "
            "another SHA-256; the disk, or the bucket, loses what it is given"
        )
    return given
