"""Opening the place that a setting names."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from switchboard.storage.directory import Directory
from switchboard.storage.place import Place
from switchboard.storage.s3 import open_bucket
from switchboard.storage.settings import Bucket, S3Options, read_url


@contextlib.asynccontextmanager
async def open_place(url: str, s3: S3Options) -> AsyncIterator[Place]:
    """
    Open the place at `url`. Nothing is asked of it yet: a service starts while it is away.

    Raises:
        ValueError: It is neither a directory nor in S3.
    """
    where = read_url(url)
    if isinstance(where, Bucket):
        async with open_bucket(where, s3) as place:
            yield place
    else:
        yield Directory(where.absolute())


@contextlib.asynccontextmanager
async def open_place_if_set(url: str | None, s3: S3Options) -> AsyncIterator[Place | None]:
    """Open the place at `url`, if a setting names one."""
    if url is None:
        yield None
        return
    async with open_place(url, s3) as place:
        yield place
