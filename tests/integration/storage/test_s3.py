"""What S3 is told, and what comes of it being away, or against it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from switchboard.errors import Unavailable
from switchboard.storage import CannotKeep, Kept, Place, open_place
from switchboard.storage.s3 import InBucket
from tests.integration.queues.relay import Relay, open_relay
from tests.integration.storage.test_places import LARGE, SMALL, keep, read
from tests.integration.storage.yard import Yard


@contextlib.asynccontextmanager
async def failing(yard: Yard) -> AsyncIterator[tuple[Place, Relay]]:
    """The bucket, by a wire that can be cut."""
    async with (
        open_relay(yard.endpoint_url) as relay,
        yard.place(at=relay.url) as place,
    ):
        yield place, relay


async def begun(yard: Yard, putting: asyncio.Task[Kept]) -> None:
    """Wait until S3 has begun to take a file in parts."""
    while not putting.done() and not await yard.unfinished():
        pass


async def test_what_s3_is_told(yard: Yard) -> None:
    """Keys are under the prefix, and S3 encrypts what it keeps, with our key if there is one."""
    async with yard.place() as ours, yard.place(kms_key_id="alias/files") as sealed:
        await keep(ours, "a", SMALL)
        await keep(sealed, "b", LARGE)
    one, other = [
        await yard.s3.head_object(Bucket=yard.bucket, Key=f"ours/{name}") for name in "ab"
    ]

    assert ["ours/a", "ours/b"] == await yard.keys()
    assert "AES256" == one["ServerSideEncryption"]
    assert ("aws:kms", "alias/files") == (other["ServerSideEncryption"], other["SSEKMSKeyId"])


async def test_an_address_opens_one_file(yard: Yard) -> None:
    """Whoever has it needs nothing else, and gets nothing else by it."""
    async with yard.place() as place, ClientSession() as browser:
        await keep(place, "a", SMALL)
        await keep(place, "b", SMALL)
        address = await place.address("a", called="shop.zip", good_for=timedelta(minutes=5))
        assert address is not None
        async with browser.get(address) as got:
            status, said, body = got.status, got.headers["Content-Disposition"], await got.read()
        async with browser.get(address.replace("/ours/a?", "/ours/b?")) as other:
            refused = other.status

    assert (200, 'attachment; filename="shop.zip"', SMALL) == (status, said, body)
    assert 403 == refused


async def test_away(yard: Yard) -> None:
    """While S3 does not answer, everything says that it is away; then everything works."""
    async with failing(yard) as (place, relay):
        relay.cut()
        for attempt in (
            keep(place, "a", SMALL),
            read(place, "a"),
            place.remove("a"),
            place.address("a", called="a", good_for=timedelta(minutes=1)),
        ):
            with pytest.raises(Unavailable):
                await attempt
        relay.mend()
        await keep(place, "a", SMALL)

        assert SMALL == await read(place, "a")


async def test_away_in_the_middle(yard: Yard) -> None:
    """Half a file is none: what was there stays, and the parts go when it is put again."""
    async with failing(yard) as (place, relay):
        await keep(place, "a", SMALL)
        putting = asyncio.create_task(keep(place, "a", LARGE))
        await begun(yard, putting)
        relay.cut()
        with pytest.raises(Unavailable):
            await putting
        before = await yard.s3.get_object(Bucket=yard.bucket, Key="ours/a")
        there = await before["Body"].read()
        relay.mend()
        await keep(place, "a", LARGE)

        assert there == SMALL
        assert LARGE == await read(place, "a")
        assert [] == await yard.unfinished()


async def test_stopped_in_the_middle(yard: Yard) -> None:
    """Whoever is cancelled leaves no parts behind, and no file."""
    async with failing(yard) as (place, relay):
        putting = asyncio.create_task(keep(place, "a", LARGE * 3))
        await begun(yard, putting)
        relay.freeze()
        putting.cancel()
        await asyncio.sleep(0)
        relay.mend()
        with pytest.raises(asyncio.CancelledError):
            await putting

    assert ([], []) == (await yard.keys(), await yard.unfinished())


async def test_what_the_dead_began(yard: Yard) -> None:
    """Parts of a file that somebody was killed at go when it is put or removed; no others."""
    for key in ("ours/a", "ours/b", "ours/ab"):
        await yard.s3.create_multipart_upload(Bucket=yard.bucket, Key=key)
    async with yard.place() as place:
        await keep(place, "a", SMALL)
        await place.remove("b")

    assert ["ours/ab"] == await yard.unfinished()


async def test_something_else_is_kept(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads back as another file is no file: it is taken away, and the failure says so."""

    async def another(self: InBucket, name: str) -> Kept:
        return Kept(len(SMALL), "0" * 64)

    monkeypatch.setattr(InBucket, "_hash", another)
    async with yard.place() as place:
        with pytest.raises(CannotKeep, match="another SHA-256"):
            await keep(place, "a", SMALL)

    assert [] == await yard.keys()


async def test_no_bucket(yard: Yard) -> None:
    """The failure says what is to be done."""
    nowhere = open_place("s3://no-such-bucket-of-ours", yard.options(yard.endpoint_url))
    async with nowhere as place:
        with pytest.raises(CannotKeep, match="NoSuchBucket: make the bucket"):
            await keep(place, "a", SMALL)


async def test_whose_bucket(yard: Yard) -> None:
    """S3 is told in each call whose bucket it must be: one of that name may be somebody else's."""
    told: list[tuple[str, Any]] = []

    def note(request: Any, **_: object) -> None:
        told.append((request.method, request.headers.get("x-amz-expected-bucket-owner")))

    async with yard.place(owner="999999999999") as place:
        assert isinstance(place, InBucket)
        place._s3.meta.events.register("before-send.s3", note)
        await keep(place, "a", LARGE)
        await place.remove("a")

    assert {"GET", "PUT", "POST", "DELETE"} == {method for method, _ in told}
    assert {b"999999999999"} == {owner for _, owner in told}
