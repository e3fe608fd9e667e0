"""A dead letter can always be written, whatever its message and its reason."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from switchboard.queues.batching import MAX_BATCH_BYTES
from switchboard.queues.fates import Held, _dead_letter
from switchboard.queues.publisher import MAX_MESSAGE_BYTES


def held(receives: int) -> Held:
    """Return a message in hand, as large as any can be."""
    return Held(
        handle="receipt",
        message_id="f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        body="x" * MAX_MESSAGE_BYTES,
        group="g" * 128,
        receives=receives,
        sent_at=datetime(2026, 11, 2, tzinfo=UTC),
    )


@given(st.text() | st.text("ы\U0001f642", min_size=500), st.integers(1, 10_000))
@example("", 1)
@example("\x00\ud800", 1)
@example("ы" * 5_000, 10_000)
def test_it_fits_and_holds_only_what_sqs_takes(reason: str, receives: int) -> None:
    """
    Body, group and attributes stay within a mebibyte; every value is there and printable.

    Source: AWS, "Message metadata": names, types and values count towards the size, a value may
    not be empty, and control characters are not allowed in it.
    """
    letter = _dead_letter(held(receives), reason)

    attributes_bytes = sum(
        len(name.encode()) + len(b"String") + len(value.encode())
        for name, value in letter.attributes.items()
    )
    assert len(letter.body) + len(letter.group) + attributes_bytes <= MAX_BATCH_BYTES
    assert all(value and value.isprintable() for value in letter.attributes.values())
