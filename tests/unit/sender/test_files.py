"""A file that is sent again: uploaded once, sent by its id, and never a reason not to send."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.sender.endings import Late, Postponed
from switchboard.contracts import AttachmentId
from switchboard.db.attachments import Attachment
from switchboard.errors import Failure, Unavailable
from switchboard.graph import File, Said, Usage
from switchboard.graph.failures import no_answer, refusal
from switchboard.state import Limited
from tests.unit.sender.builders import ACCOUNT, DUE, NOON, RECEIPT, Bench, bench, claimed

URL = "https://shop.example/hat.png"
IMAGE = {"media": {"kind": "image", "url": URL}}
BY_URL = {"type": "image", "payload": {"url": URL}}
UNKNOWN, UPLOADED = Attachment(None, may_upload=True), Attachment(AttachmentId("att.9"), True)
NOT_NOW = Attachment(None, may_upload=False)


def by_id(attachment_id: str) -> dict[str, Any]:
    """An image that Meta has already."""
    return {"type": "image", "payload": {"attachment_id": attachment_id}}


def picture(known: Attachment | None, **fields: Any) -> Bench:
    """A sender with a picture to send, of which so much is known."""
    it = bench(claimed(**{"content": IMAGE, **fields}))
    it.shelf.known = known
    return it


def meta(code: int, subcode: int | None = None, *, percent: float = 0) -> Failure:
    """What the client raises for an error."""
    return refusal(Said(code=code, subcode=subcode, usage=Usage(percent)), is_send=True)


def sent(it: Bench) -> list[Any]:
    """The attachments that left, or were to leave."""
    return [body["message"]["attachment"] for _, body, _ in it.graph.calls]


async def send(it: Bench, **fields: Any) -> list[Any]:
    """Let the picture be sent; return what left."""
    if it.ledger.row is None:
        it.ledger.row = claimed(**{"content": IMAGE, **fields})
    await it.sender(DUE, RECEIPT)
    return sent(it)


async def test_a_file_that_is_sent_once_is_not_uploaded() -> None:
    """The first time it goes by its address, and is remembered."""
    it = picture(None)

    assert [BY_URL] == await send(it)
    assert (["note"], []) == (it.shelf.did, it.graph.uploads)


async def test_a_file_that_is_sent_again_is_uploaded_once() -> None:
    """The second time Meta fetches it for good; from then on it goes by its id."""
    it = picture(None)
    for _ in range(4):
        await send(it)

    assert [BY_URL, *[by_id("att.1")] * 3] == sent(it)
    assert [(ACCOUNT, File("image", URL), "token")] == it.graph.uploads
    assert ["note", "claim", "keep"] == it.shelf.did


async def test_an_upload_takes_its_own_turn() -> None:
    """It counts against a limit of its own, and the send against those of sends."""
    it = picture(UNKNOWN)
    await send(it)

    assert [(["uploads"], True), (["sends", "person"], True)] == it.limits.reserved
    assert ["claim", "reserve", "upload", "reserve", "call", "record"] == it.order


async def test_a_file_that_somebody_else_uploads_goes_by_its_address() -> None:
    """Nobody waits for another sender's upload, and nobody uploads beside it."""
    begun, beaten = picture(NOT_NOW), picture(UNKNOWN)
    beaten.shelf.claimable = False

    assert [BY_URL] == await send(begun)
    assert [BY_URL] == await send(beaten)
    assert [] == begun.graph.uploads + beaten.graph.uploads


@pytest.mark.parametrize(
    "failure",
    [Unavailable("Graph API"), meta(100), meta(-2), meta(31337), meta(190), meta(10)],
)
async def test_an_upload_that_fails_keeps_nothing_back(failure: Failure) -> None:
    """The message goes by the address; whether the account may send, the send itself finds out."""
    it = picture(UNKNOWN)
    it.graph.upload_failure = failure

    assert [BY_URL] == await send(it)
    assert ["sent"] == [ending.outcome for ending in it.ledger.endings]


async def test_what_meta_will_not_keep_is_not_tried_with_each_message() -> None:
    """A file that Meta refused is left alone for a while; one nobody answered for is not."""
    refused, unanswered = picture(UNKNOWN), picture(UNKNOWN)
    refused.graph.upload_failure = meta(100)
    unanswered.graph.upload_failure = Unavailable("Graph API")
    await send(refused)
    await send(unanswered)

    assert ["claim", "put off"] == refused.shelf.did
    assert ["claim"] == unanswered.shelf.did


async def test_a_restriction_met_by_an_upload_is_found_by_the_send() -> None:
    """It may be one of uploading alone: the message goes at once, by the address, and finds out."""
    it = picture(UNKNOWN)
    it.graph.upload_failure = meta(368)

    assert [BY_URL] == await send(it)
    assert [] == it.limits.told


async def test_a_limit_met_by_an_upload_stops_the_send_too() -> None:
    """When Meta says slow down, the next call is not made at once."""
    it = picture(UNKNOWN)
    it.graph.upload_failure = meta(613)

    assert [] == await send(it)
    assert [Postponed("rate_limited", timedelta(minutes=1), said=Said(code=613))] == (
        it.ledger.endings
    )
    assert [("refused", None, timedelta(minutes=1))] == it.limits.told


@pytest.mark.parametrize(
    "failure", [Limited("limit_uploads", after_s=9), Unavailable("Redis", after_s=1)]
)
async def test_no_turn_to_upload_no_upload(failure: Failure) -> None:
    """A file waits for no turn of its own: the message goes by the address."""
    it = picture(UNKNOWN)
    it.limits.failure, it.limits.times = failure, 1

    assert [BY_URL] == await send(it)
    assert [] == it.graph.uploads


async def test_a_shelf_that_is_away_keeps_nothing_back() -> None:
    """Postgres away for a moment: the address does."""
    it = picture(UPLOADED)
    it.shelf.failure = Unavailable("PostgreSQL")

    assert [BY_URL] == await send(it)


async def test_what_an_upload_says_of_the_budget_is_heeded() -> None:
    """It counts in Meta's budget as a send does, also when it is refused."""
    it = picture(UNKNOWN)
    it.graph.upload_failure = meta(100, percent=87.5)
    await send(it)

    assert [("heed", 0.55, timedelta())] == it.limits.told


@pytest.mark.parametrize(("code", "subcode"), [(100, None), (100, 33), (24, 2207006)])
async def test_an_id_that_meta_refuses_is_forgotten(code: int, subcode: int | None) -> None:
    """The message comes back at once, and goes by the address; nobody uses the id again."""
    it = picture(UPLOADED)
    it.graph.answer = meta(code, subcode)
    await send(it)
    (ending,) = it.ledger.endings
    it.graph.answer = no_answer("timed_out")
    await send(it, attempts=2)

    assert [by_id("att.9"), BY_URL] == sent(it)
    assert ["forget att.9"] == it.shelf.did
    assert isinstance(ending, Postponed)
    assert ("attachment_refused", timedelta(), True) == (ending.reason, ending.wait, ending.counted)


@pytest.mark.parametrize(
    ("failure", "outcome", "did"),
    [
        (meta(551, 1545041), "refused", []),
        (meta(10, 2534022), "expired", []),
        (meta(1), "uncertain", []),
        (no_answer("timed_out"), "uncertain", []),
        (meta(31337), "parked", ["forget att.9"]),
    ],
)
async def test_other_refusals_are_what_they_are(
    failure: Failure, outcome: str, did: list[str]
) -> None:
    """What is about the person, or unclear, ends so; an error nobody knows costs the id too."""
    it = picture(UPLOADED)
    it.graph.answer = failure
    await send(it)

    assert [outcome] == [ending.outcome for ending in it.ledger.endings]
    assert did == it.shelf.did


async def test_without_an_id_a_refusal_is_final() -> None:
    """A file that Meta refuses by its address is not tried again."""
    it = picture(None)
    it.graph.answer = meta(100)
    await send(it)

    assert ["refused"] == [ending.outcome for ending in it.ledger.endings]


@pytest.mark.parametrize("fields", [{"attempts": 2}, {"holds": 1}])
@pytest.mark.parametrize("known", [UPLOADED, UNKNOWN])
async def test_what_was_tried_before_goes_by_its_address(
    known: Attachment, fields: dict[str, Any]
) -> None:
    """No delivery meets a refused id twice, and one that probes a held account is one call."""
    it = picture(known, **fields)

    assert [BY_URL] == await send(it)
    assert [] == it.graph.uploads


@pytest.mark.parametrize(
    "content", [{"text": "Hello"}, {"media": {"kind": "post", "media_id": "1"}}]
)
async def test_what_has_no_file_is_not_looked_up(content: dict[str, Any]) -> None:
    """Texts and posts are sent as they are."""
    it = picture(UPLOADED, content=content)
    it.shelf.failure = AssertionError("looked up")
    await it.sender(DUE, RECEIPT)

    assert ["sent"] == [ending.outcome for ending in it.ledger.endings]


@pytest.mark.parametrize(("minutes", "goes"), [(5.33, False), (5.34, True)])
async def test_an_upload_is_reckoned_with(minutes: float, goes: bool) -> None:  # noqa: FBT001  a table's column
    """A window that could close during the upload and the send, 10 s each, is closed."""
    it = picture(UNKNOWN, deadline=NOON + timedelta(minutes=minutes))
    await send(it)

    assert goes is (it.ledger.endings != [Late("deadline_passed")])
