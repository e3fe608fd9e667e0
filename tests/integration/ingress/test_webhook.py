"""A webhook over a real socket, into a real queue."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.ingress.house import House, Shelf, open_house
from tests.unit.ingress.bodies import (
    SHOP,
    change,
    comment,
    entry,
    envelope,
    message,
    signature,
    wire,
)

PATH = "/webhooks/instagram"
COMMENTED = envelope(entry(changes=[change("comments", comment())]))


async def test_a_signed_comment_is_on_the_queue(house: House, shelf: Shelf) -> None:
    """When Meta has its 200, the event is on the queue, with the trace that the answer names."""
    answer = await house.post(COMMENTED)
    (event,) = await shelf.events(at_least=1)

    assert (200, "ok") == (answer.status, await answer.text())
    assert "comment.v1" == event.kind
    assert (SHOP, answer.headers["X-Trace-Id"]) == (event.account_id, event.trace_id)
    assert len(event.trace_id) == 32


async def test_a_batch_of_a_thousand_is_a_thousand_messages(house: House, shelf: Shelf) -> None:
    """The largest batch Meta sends is stored whole, each update once."""
    changes = [change("comments", comment(id=str(n))) for n in range(500)]
    messages = [message(mid=f"mid{n}", text="hi") for n in range(500)]

    answer = await house.post(
        envelope(entry(changes=changes), entry(messaging=messages, id="17841455500000008"))
    )
    stored = await shelf.events(at_least=1_000)

    assert answer.status == 200
    assert {"comment.v1": 500, "message.v1": 500} == Counter(event.kind for event in stored)
    assert len({event.identity() for event in stored}) == 1_000


@pytest.mark.parametrize(
    ("headers", "because"),
    [
        ({}, "signature_missing"),
        ({"X-Hub-Signature": "sha1=" + "0" * 40}, "signature_missing"),
        ({"X-Hub-Signature-256": "nonsense"}, "signature_malformed"),
        ({"X-Hub-Signature-256": signature(wire(COMMENTED), "guess")}, "signature_forged"),
    ],
)
async def test_what_is_not_metas_is_refused(
    house: House, shelf: Shelf, headers: dict[str, str], because: str
) -> None:
    """Without a good signature nothing is stored, and which fault it was is counted."""
    answer = await house.send("POST", PATH, data=wire(COMMENTED), headers=headers)

    assert answer.status == 401
    assert house.counted()[f"WebhooksRefused{{because={because}}}"] == 1
    assert await shelf.events() == []


async def test_either_secret_is_accepted(house: House, shelf: Shelf) -> None:
    """The Meta app's secret is as good as the Instagram app's."""
    body = wire(COMMENTED)
    signed = {"X-Hub-Signature-256": signature(body, "the-meta-app-secret")}

    answer = await house.send("POST", PATH, data=body, headers=signed)

    assert answer.status == 200
    assert await shelf.by_kind(at_least=1) == ["comment.v1"]


async def test_a_doubled_signature_is_refused(house: House) -> None:
    """Two signatures are as suspect as none, even if one is good."""
    body = wire(COMMENTED)
    good = ("X-Hub-Signature-256", signature(body))

    answer = await house.send("POST", PATH, data=body, headers=[good, good])

    assert answer.status == 401


async def test_a_signed_body_that_is_not_json_is_kept(house: House, shelf: Shelf) -> None:
    """Meta would only send it again: so it is taken, counted, and kept to the byte."""
    answer = await house.post(b"\xff not json")

    assert answer.status == 200
    assert await shelf.by_kind(at_least=1) == ["unreadable.v1"]
    assert house.counted()["WebhooksUnreadable{because=not_utf8}"] == 1


async def test_unknown_fields_are_kept_and_counted_by_family(house: House, shelf: Shelf) -> None:
    """A field we do not know is kept, and the figures do not grow with Meta's vocabulary."""
    told = [change("new_field", {}), change("newer_field", {}), change("comments", comment())]

    answer = await house.post(envelope(entry(changes=told)))

    assert answer.status == 200
    assert await shelf.by_kind(at_least=3) == ["comment.v1"] + ["not_understood.v1"] * 2
    assert house.counted()["EventsNotUnderstood{because=field}"] == 2


async def test_metas_test_button_reaches_nobody(house: House, shelf: Shelf) -> None:
    """A test event is answered 200, counted and dropped."""
    answer = await house.post(envelope(entry(changes=[change("messages", message())], id="0")))

    assert answer.status == 200
    assert house.counted()["TestEventsDropped"] == 1
    assert await shelf.events() == []


async def test_the_signature_is_over_the_bytes_on_the_wire(house: House, shelf: Shelf) -> None:
    """
    A compressed body is not unpacked: its signature is checked as it came, and it is kept so.

    So a small body cannot grow past the limit here.
    """
    packed = gzip.compress(wire(COMMENTED))
    encoded = {"Content-Encoding": "gzip"}

    good = await house.send(
        "POST", PATH, data=packed,
        headers=encoded | {"X-Hub-Signature-256": signature(packed)},
    )  # fmt: skip
    unpacked = await house.send(
        "POST", PATH, data=packed,
        headers=encoded | {"X-Hub-Signature-256": signature(wire(COMMENTED))},
    )  # fmt: skip

    assert (200, 401) == (good.status, unpacked.status)
    assert await shelf.by_kind(at_least=1) == ["unreadable.v1"]


async def _chunks(total_bytes: int) -> AsyncIterator[bytes]:
    for _ in range(total_bytes // 65_536):
        yield b"x" * 65_536


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused(house: House, *, declared: bool) -> None:
    """A body over the limit is a 413, whether its length is declared or it comes in chunks."""
    data: Any = io.BytesIO(b"x" * 17_000_000) if declared else _chunks(17_000_000)

    answer = await house.send("POST", PATH, data=data)

    assert answer.status == 413
    assert house.counted()["WebhooksRefused{because=too_large}"] == 1


async def _raw(house: House, content: bytes) -> bytes:
    """Send `content` as it is, end the sending half, and return all that is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.ingress.server.port)
    writer.write(content)
    await writer.drain()
    try:
        return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_content_length_that_promises_too_much_is_a_408(
    shelf: Shelf, sqs_endpoint_url: str, queue_prefix: str
) -> None:
    """A body that never comes is not waited for beyond the budget."""
    async with open_house(sqs_endpoint_url, queue_prefix, ingress_read_budget_s=0.1) as house:
        answered = await _raw(
            house,
            b"POST /webhooks/instagram HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\nshort",
        )

    assert answered.startswith(b"HTTP/1.1 408 ")


async def test_a_broken_chunk_is_a_400(house: House) -> None:
    """A body that is not HTTP ends in a refusal, not in an error of ours."""
    answered = await _raw(
        house,
        b"POST /webhooks/instagram HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"zz\r\nnonsense\r\n",
    )

    assert b" 400 " in answered.splitlines()[0]


async def test_a_caller_that_hangs_up_leaves_no_trace(house: House, shelf: Shelf) -> None:
    """A connection that ends in the middle of a body stores nothing, and others go on."""
    _, writer = await asyncio.open_connection("127.0.0.1", house.ingress.server.port)
    writer.write(b"POST /webhooks/instagram HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\nshort")
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    assert (await house.post(COMMENTED)).status == 200
    assert await shelf.by_kind(at_least=1) == ["comment.v1"]


async def test_the_handshake(house: House) -> None:
    """Meta's question is answered with its challenge; a wrong token is a 403 without it."""
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}

    good = await house.send(
        "GET", PATH, params=asked | {"hub.verify_token": "typed-into-the-dashboard"}
    )
    wrong = await house.send("GET", PATH, params=asked | {"hub.verify_token": "guess"})

    assert (200, "1158201444", "text/plain") == (good.status, await good.text(), good.content_type)
    assert (403, "forbidden") == (wrong.status, await wrong.text())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/webhooks", 404),
        ("GET", "/l/", 404),
        ("PUT", PATH, 405),
        ("DELETE", PATH, 405),
        ("POST", "/l/code", 405),
    ],
)
async def test_everything_else_is_refused_plainly(
    house: House, method: str, path: str, status: int
) -> None:
    """What is not served says so in plain text, and says nothing of what serves it."""
    answer = await house.send(method, path)

    assert (status, "text/plain") == (answer.status, answer.content_type)
    assert answer.headers["Server"] == "switchboard"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
