"""A whole body to what is stored of it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from services.ingress.sorting import Sorted, sort
from switchboard.contracts import INBOUND_EVENT, InboundEvent, TraceId, WebhookUnreadable
from switchboard.queues.publisher import MAX_MESSAGE_BYTES
from tests.unit.ingress.bodies import SHOP, change, comment, entry, envelope, message, wire

NOW = datetime(2025, 11, 1, 12, 30, tzinfo=UTC)
TRACE = TraceId("b" * 32)


async def sorted_(body: bytes) -> Sorted:
    return await sort(body, received_at=NOW, trace_id=TRACE)


def events(found: Sorted) -> list[InboundEvent]:
    """Return the events as their reader gets them."""
    return [INBOUND_EVENT.validate_json(message.body) for message in found.messages]


def joined(parts: Sequence[InboundEvent]) -> bytes:
    """Return the bytes that unreadable parts were made of."""
    assert all(isinstance(part, WebhookUnreadable) for part in parts)
    return b"".join(
        base64.b64decode(part.body_base64) for part in parts if isinstance(part, WebhookUnreadable)
    )


async def test_one_message_for_each_update_grouped_by_account() -> None:
    """Updates of several accounts in one body are stored one by one, each with its account."""
    found = await sorted_(
        wire(
            envelope(
                entry(changes=[change("comments", comment()), change("comments", comment(id="2"))]),
                entry(messaging=[message(text="hi")], id="17841"),
            )
        )
    )

    assert [SHOP, SHOP, "17841"] == [message.group for message in found.messages]
    assert {"comment.v1": 2, "message.v1": 1} == found.kinds


async def test_an_odd_item_costs_no_other() -> None:
    """In a batch, what is not understood is kept beside what is."""
    odd = [change("comments", {"id": "1"}), change("new_thing", {}), 7]

    found = await sorted_(
        wire(envelope(entry(changes=[*odd, change("comments", comment())]), "odd"))
    )

    assert {"not_understood.v1": 4, "comment.v1": 1} == found.kinds
    assert {"from": 1, "field:new_thing": 1, "change": 1, "entry": 1} == found.not_understood


async def test_test_events_are_dropped_and_counted() -> None:
    """What Meta's test button sends reaches no tenant."""
    found = await sorted_(
        wire(envelope(entry(changes=[change("messages", message(text="random_text"))], id="0")))
    )

    assert (1, []) == (found.tests, found.messages)


@pytest.mark.parametrize(
    ("body", "because", "parts"),
    [
        (b"", "not_json", 1),
        (b"\x1f\x8b\x08\x00 not unpacked", "not_utf8", 1),
        (b"{}", "another_shape", 1),
        (b"[" * 100_000, "too_deep", 1),
        (b"x" * 2_000_000, "not_json", 3),
    ],
)
async def test_the_unreadable_is_kept_to_the_byte(body: bytes, because: str, parts: int) -> None:
    """A body we cannot read is kept whole, in parts that fit a queue, under one digest."""
    found = await sorted_(body)
    kept = events(found)

    assert {because: 1} == found.unreadable
    assert body == joined(kept)
    assert [(n, parts) for n in range(1, parts + 1)] == [
        (part.part, part.parts) for part in kept if isinstance(part, WebhookUnreadable)
    ]
    assert len({part.identity() for part in kept}) == parts
    assert all(len(message.body.encode()) <= MAX_MESSAGE_BYTES for message in found.messages)


async def test_an_event_too_large_for_a_queue_is_kept_in_parts() -> None:
    """An event over 1 MiB is kept as its JSON, the others as themselves."""
    huge = change("comments", comment(text="ж" * 700_000))

    found = await sorted_(wire(envelope(entry(changes=[huge, change("comments", comment())]))))

    assert {"too_large": 1} == found.unreadable
    assert {"unreadable.v1": 6, "comment.v1": 1} == found.kinds
    kept = [one for one in events(found) if one.kind == "unreadable.v1"]
    assert huge == json.loads(joined(kept))
    assert {SHOP} == {one.account_id for one in kept}


async def test_nested_too_deeply_to_be_written_costs_no_other() -> None:
    """
    However deep an unknown item is nested, the others are read.

    Around the depth where Python reads it but cannot write it, the whole body is kept, once.
    """
    for depth in range(800, 1_000, 4):
        nested = '{"field":"new","value":' + "[" * depth + "]" * depth + "}"
        other = json.dumps(change("comments", comment()))
        body = (
            f'{{"object":"instagram","entry":[{{"id":"{SHOP}","changes":[{nested},{nested},{other}]}}]}}'
        ).encode()

        found = await sorted_(body)

        kept = [one for one in events(found) if one.kind == "unreadable.v1"]
        understood = found.kinds["comment.v1"]
        assert found.kinds["not_understood.v1"] == 2 or body == joined(kept)
        assert understood == 1 or found.unreadable == {"too_deep": 1}


async def test_the_loop_turns_while_a_large_batch_is_sorted() -> None:
    """A thousand updates are not sorted in one breath: others have their turn many times."""
    body = wire(envelope(entry(changes=[change("comments", comment())] * 1_000)))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        other = group.create_task(others())
        found = await sorted_(body)
        other.cancel()

    assert len(found.messages) == 1_000
    assert turns > 10
