"""Media that are uploaded once and sent by their id; and several images in one message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.metasim.stage import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OTHER_TOKEN,
    TOKEN,
    Meta,
    error_of,
)

_HAT = "https://shop.example/hat.png"


def media(kind: str = "image", **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload or {"url": _HAT}}


async def upload(
    meta: Meta, attachment: Any, *, account_id: str = ACCOUNT, token: str = TOKEN
) -> tuple[int, Any]:
    body = {"message": {"attachment": attachment}}
    return await meta.graph("POST", f"/v26.0/{account_id}/message_attachments", body, token=token)


async def send(meta: Meta, message: dict[str, Any]) -> tuple[int, Any]:
    igsid = (await meta.write())["igsid"]
    body = {"recipient": {"id": igsid}, "message": message}
    return await meta.graph("POST", "/me/messages", body)


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file"])
async def test_uploaded_once_and_sent_by_id(meta: Meta, kind: str) -> None:
    """The person sees the media; the simulator knows that its id was used."""
    status, body = await upload(meta, media(kind, url=_HAT, is_reusable=True))
    sent = await send(meta, {"attachment": media(kind, attachment_id=body["attachment_id"])})

    talk = await meta.sim("GET", f"/conversations/{ACCOUNT}/ana")
    kept = await meta.sim("GET", f"/accounts/{ACCOUNT}/attachments")
    assert (200, 200) == (status, sent[0])
    assert media(kind) == talk["messages"][-1]["message"]["attachment"]
    assert [(body["attachment_id"], kind, _HAT, 1)] == [
        (one["attachment_id"], one["type"], one["url"], one["uses"]) for one in kept["attachments"]
    ]


async def test_an_id_that_is_not_ours_is_refused(meta: Meta) -> None:
    """An unknown id, another account's and one of another type are code 100."""
    other = await upload(meta, media(), account_id=OTHER_ACCOUNT, token=OTHER_TOKEN)
    own = await upload(meta, media())
    wrong = [
        media(attachment_id="1"),
        media(attachment_id=other[1]["attachment_id"]),
        media("video", attachment_id=own[1]["attachment_id"]),
    ]

    for attachment in wrong:
        assert (400, 100, None) == error_of(await send(meta, {"attachment": attachment}))


async def test_meta_forgets(meta: Meta) -> None:
    """An id that worked is refused once Meta has forgotten it; a new upload gives another."""
    first = (await upload(meta, media()))[1]["attachment_id"]
    forgotten = await meta.sim("DELETE", f"/accounts/{ACCOUNT}/attachments")
    refused = await send(meta, {"attachment": media(attachment_id=first)})
    second = (await upload(meta, media()))[1]["attachment_id"]

    assert {"forgotten": 1} == forgotten
    assert (400, 100, None) == error_of(refused)
    assert 200 == (await send(meta, {"attachment": media(attachment_id=second)}))[0]


@pytest.mark.parametrize(
    "attachment",
    [
        media(url="nowhere"),
        media("template", url=_HAT),
        media(attachment_id="1"),
        media(url=_HAT, is_reusable="yes"),
        None,
    ],
)
async def test_what_cannot_be_uploaded(meta: Meta, attachment: Any) -> None:
    """Without a type of media and a URL there is nothing to keep."""
    assert (400, 100, None) == error_of(await upload(meta, attachment))


async def test_uploads_can_fail_by_themselves(meta: Meta) -> None:
    """A fault on uploads leaves messages alone."""
    await meta.sim("PUT", "/config", {"faults": [{"preset": "media_timeout"}]})

    assert (400, -2, 2207003) == error_of(await upload(meta, media()))
    assert 200 == (await send(meta, {"attachment": media()}))[0]


@pytest.mark.parametrize(("count", "status"), [(1, 200), (10, 200), (11, 400)])
async def test_up_to_ten_images(meta: Meta, count: int, status: int) -> None:
    """A message takes ten images, by URL or by id."""
    attachment_id = (await upload(meta, media()))[1]["attachment_id"]
    images = [media(attachment_id=attachment_id), *[media()] * (count - 1)]

    assert status == (await send(meta, {"attachments": images}))[0]


async def test_one_image_under_either_name(meta: Meta) -> None:
    """A single image may stand as an object under `attachments`; its id counts there too."""
    for attachment_id, status in (
        ("1", 400),
        ((await upload(meta, media()))[1]["attachment_id"], 200),
    ):
        image = media(attachment_id=attachment_id)
        assert status == (await send(meta, {"attachments": image}))[0]


async def test_several_images_where_they_are_not_to_be_had(meta: Meta) -> None:
    """An account without them is refused (2534068), and can still send one."""
    account = {"username": "shop", "many_images": False}
    await meta.sim("PUT", f"/accounts/{ACCOUNT}", account)

    assert (400, 100, 2534068) == error_of(await send(meta, {"attachments": [media()] * 2}))
    assert 200 == (await send(meta, {"attachments": [media()]}))[0]
    assert 200 == (await send(meta, {"attachment": media()}))[0]
