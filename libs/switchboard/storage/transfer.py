"""
Putting a file into S3 in parts, by aioboto3's managed transfer.

That one reads ahead of what it sends without a bound, and, cancelled, leaves its parts and its
tasks behind. So what it reads from waits until enough has been sent, and is what ends it: a reading
that fails makes it call off the upload in order.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias, cast

from boto3.s3.transfer import TransferConfig

from switchboard.errors import Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client as _S3Client

    S3Client: TypeAlias = _S3Client
else:
    S3Client = object

_PART_BYTES: Final = 8 << 20
_IO_BYTES: Final = 1 << 20
# Source: Amazon S3, "Multipart upload limits": 10,000 parts.
_MOST_PARTS: Final = 10_000
_AT_ONCE: Final = 2
# Being read, waiting, and on its way; each is `_PART_BYTES`, up to 80 GB.
_AHEAD_PARTS: Final = 4
# A part of 8 MiB in that time is half a megabit a second.
STALLED_S: Final = 120.0


async def upload(
    s3: S3Client,
    draft: Path,
    *,
    size_bytes: int,
    bucket: str,
    key: str,
    extra: Mapping[str, str],
    stalled_s: float = STALLED_S,
) -> None:
    """
    Put the file at `draft` as `key`; S3 compares the SHA-256 of each part.

    Cancelled, it ends in order before it passes that on.

    Raises:
        ClientError, BotoCoreError: S3 refuses, or is away.
        Unavailable: No part was taken for `stalled_s` seconds.
    """
    part_bytes = part_size(size_bytes)
    managed = cast("Any", s3)  # its stubs know no `Processing`, nor that a source may be awaited
    with draft.open("rb") as file:
        source = _Source(file, ahead_bytes=_AHEAD_PARTS * part_bytes, stalled_s=stalled_s)
        transfer = asyncio.ensure_future(
            managed.upload_fileobj(
                source,
                bucket,
                key,
                ExtraArgs={**extra, "ChecksumAlgorithm": "SHA256"},
                Callback=source.sent,
                Config=TransferConfig(
                    multipart_threshold=part_bytes,
                    multipart_chunksize=part_bytes,
                    io_chunksize=_IO_BYTES,
                    max_concurrency=_AT_ONCE,
                ),
                Processing=_Part,
            )
        )
        try:
            await asyncio.shield(transfer)
        except asyncio.CancelledError:
            source.stop()
            await asyncio.gather(transfer, return_exceptions=True)
            raise


def part_size(size_bytes: int) -> int:
    """Return how large the parts of a file must be for there to be no more than S3 takes."""
    return max(_PART_BYTES, -(-size_bytes // (_MOST_PARTS - 1)))


class _Part(io.BytesIO):
    """A part that is sent piece by piece, so that nobody else waits meanwhile."""

    def __len__(self) -> int:
        """Return its size, which the transfer tells to its callback."""
        return self.getbuffer().nbytes


class _Source:
    """A file, as the transfer reads it: no further than `ahead_bytes` before what was sent."""

    def __init__(self, file: BinaryIO, *, ahead_bytes: int, stalled_s: float) -> None:
        self._file, self._ahead_bytes, self._stalled_s = file, ahead_bytes, stalled_s
        self._read_bytes = self._sent_bytes = 0
        self._moved = asyncio.Event()
        self._stopped = False

    async def read(self, size_bytes: int) -> bytes:
        """Return what comes next, once it may be read."""
        while not self._stopped and self._read_bytes - self._sent_bytes >= self._ahead_bytes:
            self._moved.clear()
            await self._wait()
        if self._stopped:
            raise Unavailable("the upload was stopped")
        some = await asyncio.to_thread(self._file.read, size_bytes)
        self._read_bytes += len(some)
        return some

    def sent(self, size_bytes: int) -> None:
        """Note that so much more was sent."""
        self._sent_bytes += size_bytes
        self._moved.set()

    def stop(self) -> None:
        """Let nothing more be read."""
        self._stopped = True
        self._moved.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._stalled_s):
                await self._moved.wait()
        except TimeoutError:
            raise Unavailable(f"no part was taken for {self._stalled_s:g} s") from None
