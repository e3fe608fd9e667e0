"""Files and their ids at Meta, in their table."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from switchboard.contracts import AttachmentId
from switchboard.db import attachments
from switchboard.db.attachments import Attachment, source
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, open_shop

HAT = source("image", "https://shop.example/hat.png")
ID = AttachmentId("1857777774821032")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


async def find(db: Database, shop: Shop, file: bytes = HAT) -> Attachment | None:
    """What is known of a file."""
    return await attachments.find(db, shop.account, file, fresh=DAY)


async def claim(db: Database, shop: Shop) -> bool:
    """Begin to upload it."""
    return await attachments.claim(db, shop.account, HAT, fresh=DAY, lease=MINUTE)


def test_a_file_is_its_kind_and_its_address() -> None:
    """The same picture sent as a file is another file, and so is what another query leads to."""
    named = {source(*it) for it in (("image", "a"), ("file", "a"), ("image", "a?b"))}

    assert 3 == len(named)
    assert HAT == source("image", "https://shop.example/hat.png")


async def test_the_life_of_an_id(pipeline: Database, shop: Shop) -> None:
    """Never sent, sent before, being uploaded, uploaded, refused."""
    account, known = shop.account, [await find(pipeline, shop)]
    await attachments.note(pipeline, account, HAT)
    await attachments.note(pipeline, account, HAT)
    known.append(await find(pipeline, shop))
    assert await claim(pipeline, shop)
    known.append(await find(pipeline, shop))
    await attachments.keep(pipeline, account, HAT, ID)
    known.append(await find(pipeline, shop))
    await attachments.forget(pipeline, account, ID, wait=MINUTE)
    known.append(await find(pipeline, shop))

    assert [
        None,
        Attachment(None, may_upload=True),
        Attachment(None, may_upload=False),
        Attachment(ID, may_upload=True),
        Attachment(None, may_upload=False),
    ] == known


async def test_one_of_many_uploads(pipeline: Database, shop: Shop) -> None:
    """Whoever comes first has it; the others don't, nor does anybody once it is uploaded."""
    await attachments.note(pipeline, shop.account, HAT)

    claims = await asyncio.gather(*(claim(pipeline, shop) for _ in range(10)))
    await attachments.keep(pipeline, shop.account, HAT, ID)

    assert 1 == sum(claims)
    assert not await claim(pipeline, shop)


async def test_an_upload_that_nobody_finished(
    owner: Database, pipeline: Database, shop: Shop
) -> None:
    """Whoever began may have died: after their lease the next one may."""
    await attachments.note(pipeline, shop.account, HAT)
    await claim(pipeline, shop)
    await owner.execute("update private.attachments set upload_after = now()")

    assert await claim(pipeline, shop)


async def test_what_meta_refused_waits(pipeline: Database, shop: Shop) -> None:
    """A file that was put off is not uploaded before its time."""
    await attachments.note(pipeline, shop.account, HAT)
    await attachments.put_off(pipeline, shop.account, HAT, wait=MINUTE)

    assert not await claim(pipeline, shop)
    assert Attachment(None, may_upload=False) == await find(pipeline, shop)


async def test_an_old_id_is_replaced(owner: Database, pipeline: Database, shop: Shop) -> None:
    """What is at an address may have been replaced: after a day it is uploaded again."""
    await attachments.note(pipeline, shop.account, HAT)
    await attachments.keep(pipeline, shop.account, HAT, ID)
    await owner.execute("update private.attachments set uploaded_at = now() - interval '1 day'")
    known = await find(pipeline, shop)

    assert Attachment(None, may_upload=True) == known
    assert await claim(pipeline, shop)
    await attachments.keep(pipeline, shop.account, HAT, AttachmentId("2"))
    assert Attachment(AttachmentId("2"), may_upload=True) == await find(pipeline, shop)


async def test_only_the_refused_id_is_forgotten(pipeline: Database, shop: Shop) -> None:
    """Whoever heard late that an id is refused does not forget the one that came after it."""
    await attachments.note(pipeline, shop.account, HAT)
    await attachments.keep(pipeline, shop.account, HAT, AttachmentId("2"))
    await attachments.forget(pipeline, shop.account, ID, wait=MINUTE)

    assert Attachment(AttachmentId("2"), may_upload=True) == await find(pipeline, shop)


async def test_an_id_is_one_accounts(owner: Database, pipeline: Database, shop: Shop) -> None:
    """Meta knows an id for the account that uploaded it, and so do we."""
    other = await open_shop(owner)
    for one in (shop, other):
        await attachments.note(pipeline, one.account, HAT)
        await attachments.keep(pipeline, one.account, HAT, ID)
    await attachments.forget(pipeline, shop.account, ID, wait=MINUTE)

    assert Attachment(None, may_upload=False) == await find(pipeline, shop)
    assert Attachment(ID, may_upload=True) == await find(pipeline, other)


async def test_nobody_else_reads_them(api: Database, shop: Shop) -> None:
    """No browser's role sees files or ids."""
    with pytest.raises(QueryFailed, match="permission denied"):
        await api.fetch("select * from private.attachments")
