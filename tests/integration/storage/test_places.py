"""What is kept is what was given, whole or not at all, in a directory as in S3."""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta

import pytest

from switchboard.storage import CannotKeep, FileMissing, Kept, Place
from tests.integration.storage.yard import Yard

SMALL = b"one\ntwo\n"
# Three parts and a bit, which nothing compresses.
LARGE = random.Random(1).randbytes((24 << 20) + 3)


async def keep(place: Place, name: str, written: bytes) -> Kept:
    async with place.draft() as draft:
        draft.write_bytes(written)
        return await place.put(draft, name)


async def read(place: Place, name: str) -> bytes:
    async with place.read(name) as chunks:
        return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("written", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
async def test_what_is_kept(place: Place, written: bytes) -> None:
    """It is read as it was written, in pieces that fit into memory, and its SHA-256 is told."""
    kept = await keep(place, "a/b.zip", written)
    async with place.read("a/b.zip") as chunks:
        pieces = [chunk async for chunk in chunks]

    assert Kept(len(written), hashlib.sha256(written).hexdigest()) == kept
    assert written == b"".join(pieces)
    assert all(len(piece) <= 1 << 20 for piece in pieces)


async def test_in_place_of_another(place: Place) -> None:
    """A name has one file: the last that was put."""
    await keep(place, "a", SMALL)
    await keep(place, "a", b"other")

    assert b"other" == await read(place, "a")


async def test_one_that_is_not_there(place: Place) -> None:
    """Reading it says so; seeing that it is gone changes nothing, also twice."""
    await keep(place, "a", SMALL)
    await place.remove("a")
    await place.remove("a")

    with pytest.raises(FileMissing):
        await read(place, "a")


async def test_a_name_that_leads_elsewhere(place: Place) -> None:
    """Nothing is kept, read or removed by it."""
    for attempt in (keep(place, "../a", SMALL), read(place, "../a"), place.remove("../a")):
        with pytest.raises(CannotKeep, match="no name"):
            await attempt


async def test_a_draft_that_was_not_written(place: Place) -> None:
    """It is a failure, and nothing is kept."""
    async with place.draft() as draft:
        with pytest.raises(CannotKeep):
            await place.put(draft, "a")

    with pytest.raises(FileMissing):
        await read(place, "a")


async def test_drafts_are_gone_afterwards(place: Place) -> None:
    """Whether they were put or not."""
    async with place.draft() as put, place.draft() as left:
        put.write_bytes(SMALL)
        left.write_bytes(SMALL)
        await place.put(put, "a")

    assert not put.exists()
    assert not left.exists()


async def test_addresses(place: Place, yard: Yard) -> None:
    """A directory has none; what S3 has, is for the file alone, for a while, under a name."""
    await keep(place, "a.zip", SMALL)
    address = await place.address("a.zip", called="b.zip", good_for=timedelta(minutes=5))

    if place.location("a.zip") == "a.zip":
        assert address is None
    else:
        assert address is not None
        assert address.startswith(yard.endpoint_url)
        assert "X-Amz-Expires=300" in address
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in address
        with pytest.raises(FileMissing):
            await place.address("b.zip", called="b.zip", good_for=timedelta(minutes=5))
