"""Where `export` writes and `import` reads: on this machine, or a .zip in S3."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from switchboard.cli.failing import CannotDo
from switchboard.exporting import Files, open_source, open_target, open_zip
from switchboard.storage import FileMissing, Place, StorageSettings, open_place

_S3: Final = "s3://"


@contextlib.asynccontextmanager
async def target(written: str) -> AsyncIterator[Files]:
    """
    Make what is called so, to be written; in S3 it is there once all of it is.

    Raises:
        CannotDo: It is there already, or is no place.
        CannotKeep: S3 refuses it.
        OSError: It cannot be made here.
    """
    if not written.startswith(_S3):
        with open_target(Path(written)) as files:
            yield files
        return
    name = _name(written)
    async with _place(written) as place:
        with contextlib.suppress(FileMissing):
            async with place.read(name):
                raise CannotDo(f"{written}: File exists")
        async with place.draft() as draft:
            with open_zip(draft) as files:
                yield files
            await place.put(draft, name)


@contextlib.asynccontextmanager
async def source(written: str) -> AsyncIterator[Files]:
    """
    Open what `target` has made.

    Raises:
        CannotDo: It is no place.
        CannotKeep, FileMissing: S3 does not give it.
        OSError, ValueError: There is none here, or it is no .zip.
    """
    if not written.startswith(_S3):
        with open_source(Path(written)) as files:
            yield files
        return
    name = _name(written)
    async with _place(written) as place, place.draft() as draft:
        with draft.open("xb") as file:
            async with place.read(name) as chunks:
                async for chunk in chunks:
                    file.write(chunk)
        with open_source(draft) as files:
            yield files


def _place(written: str) -> AbstractAsyncContextManager[Place]:
    return open_place(written.rpartition("/")[0], StorageSettings().s3())


def _name(written: str) -> str:
    bucket, _, name = written.removeprefix(_S3).rpartition("/")
    if not bucket or not name.endswith(".zip"):
        raise CannotDo(f"{written}: in S3 it is a .zip, s3://bucket/prefix/name.zip")
    return name
