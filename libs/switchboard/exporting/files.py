"""A folder, or a .zip with the same files in it: written once, and read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

# The earliest a .zip can tell: the same files must be the same bytes.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class Files(Protocol):
    """Files by their names, with `/` between the parts."""

    def write(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a new file."""
        ...

    def read(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file that is there; `FileNotFoundError` if it is not."""
        ...


@contextmanager
def open_target(path: Path) -> Iterator[Files]:
    """
    Make a new folder at `path`, or a .zip if it is called so.

    Raises:
        OSError: It is there already, or cannot be made.
    """
    if path.suffix == ".zip":
        with open_zip(path) as files:
            yield files
    else:
        path.mkdir(parents=True)
        yield _Folder(path)


@contextmanager
def open_zip(path: Path) -> Iterator[Files]:
    """
    Make a .zip at `path`, whatever that is called.

    Raises:
        OSError: It is there already, or cannot be made.
    """
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        yield _Zip(archive)


@contextmanager
def open_source(path: Path) -> Iterator[Files]:
    """
    Open what `open_target` has made.

    Raises:
        OSError: There is none.
        ValueError: It is no .zip.
    """
    if path.is_dir():
        yield _Folder(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path}: {error}") from error
    with archive:
        yield _Zip(archive)


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def write(self, name: str) -> Iterator[IO[bytes]]:
        where = self._path / name
        where.parent.mkdir(exist_ok=True)
        with where.open("xb") as file:
            yield file

    @contextmanager
    def read(self, name: str) -> Iterator[IO[bytes]]:
        with (self._path / name).open("rb") as file:
            yield file


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def write(self, name: str) -> Iterator[IO[bytes]]:
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        with self._archive.open(entry, "w", force_zip64=True) as file:
            yield file

    @contextmanager
    def read(self, name: str) -> Iterator[IO[bytes]]:
        try:
            entry = self._archive.getinfo(name)
        except KeyError:
            raise FileNotFoundError(name) from None
        with self._archive.open(entry) as file:
            yield file
