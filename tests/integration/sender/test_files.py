"""A picture that is sent to many, with its id in a real table."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.integration.sender.stage import Answer, Stage, garbage, hang_up, server_error, silence

URL = "https://shop.example/hat.png"
CONTENT = json.dumps({"media": {"kind": "image", "url": URL}})


async def show(stage: Stage, person: str) -> str:
    """Send the picture to somebody; return how it ended."""
    delivery = await stage.owe("message", person=person, content=CONTENT)
    await stage.send(delivery)
    row = await stage.row(delivery)
    return str(row["state"])


def shown(stage: Stage) -> list[Any]:
    """What Meta was told to show."""
    return [body["message"]["attachment"]["payload"] for _, body in stage.meta.calls]


async def test_a_picture_for_many_is_uploaded_once(stage: Stage) -> None:
    """By its address to the first; uploaded for the second; by its id to all after that."""
    states = [await show(stage, str(number)) for number in range(5)]

    assert ["sent"] * 5 == states
    assert [{"url": URL}, *[{"attachment_id": "att.1"}] * 4] == shown(stage)
    assert [
        {"message": {"attachment": {"type": "image", "payload": {"url": URL, "is_reusable": True}}}}
    ] == stage.meta.uploads


async def test_a_crowd_uploads_once(stage: Stage) -> None:
    """However many senders have the same picture at once, one of them uploads it."""
    await show(stage, "first")
    deliveries = [
        await stage.owe("message", person=str(number), content=CONTENT) for number in range(8)
    ]
    await asyncio.gather(*(stage.send(delivery) for delivery in deliveries))

    assert 1 == len(stage.meta.uploads)


@pytest.mark.parametrize("answer", [silence, hang_up, server_error, garbage])
async def test_an_upload_without_an_answer_keeps_nothing_back(stage: Stage, answer: Answer) -> None:
    """The message goes by the address, once."""
    stage.meta.upload_answer = answer
    states = [await show(stage, str(number)) for number in range(3)]

    assert ["sent"] * 3 == states
    assert [{"url": URL}] * 3 == shown(stage)
    assert 1 == len(stage.meta.uploads)


async def test_an_id_that_meta_lost_is_not_the_end(stage: Stage) -> None:
    """Refused once, the same message goes by the address; so do others, until it is uploaded."""
    for person in ("1", "2"):
        await show(stage, person)
    stage.meta.refuse(100)
    delivery = await stage.owe("message", person="3", content=CONTENT)
    await stage.send(delivery)
    parked = await stage.row(delivery)
    stage.meta.answer = None
    await stage.paced_until("sent", delivery)
    await show(stage, "4")
    await stage.owner.execute("update private.attachments set upload_after = now()")
    await show(stage, "5")

    assert ("parked", "attachment_refused") == (parked["state"], parked["reason"])
    assert [
        {"url": URL},
        {"attachment_id": "att.1"},
        {"attachment_id": "att.1"},  # refused
        {"url": URL},
        {"url": URL},
        {"attachment_id": "att.2"},
    ] == shown(stage)
