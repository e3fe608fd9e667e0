"""What an upload reads from lets it read no further than it may, and ends it."""

from __future__ import annotations

import asyncio
import io

import pytest

from switchboard.errors import Unavailable
from switchboard.storage.transfer import _Source


async def test_reading_ahead() -> None:
    """What was read and not sent stays within bounds; what was sent makes room."""
    source = _Source(io.BytesIO(b"abcdefgh"), ahead_bytes=4, stalled_s=60)
    first = [await source.read(2), await source.read(2)]
    third = asyncio.ensure_future(source.read(2))
    await asyncio.sleep(0)
    waits = not third.done()
    source.sent(2)

    assert [b"ab", b"cd"] == first
    assert waits
    assert b"ef" == await third


async def test_nothing_is_taken() -> None:
    """An upload that takes nothing any more is ended by a failure that says so."""
    source = _Source(io.BytesIO(b"abcd"), ahead_bytes=2, stalled_s=0.01)
    await source.read(2)

    with pytest.raises(Unavailable, match=r"no part was taken for 0\.01 s"):
        await source.read(2)


async def test_stopping() -> None:
    """Who waits for room is told at once, and who reads later too."""
    source = _Source(io.BytesIO(b"abcd"), ahead_bytes=2, stalled_s=60)
    await source.read(2)
    waiting = asyncio.ensure_future(source.read(2))
    await asyncio.sleep(0)
    source.stop()

    with pytest.raises(Unavailable):
        await waiting
    with pytest.raises(Unavailable):
        await source.read(2)
