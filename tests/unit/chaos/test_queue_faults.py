"""Which call meets which trouble, and what becomes of copies."""

from __future__ import annotations

from typing import Any

import pytest

from tools.chaos.copies import Copies, is_copy
from tools.chaos.queue_faults import FaultsInForce, QueueFault

REFUSED = QueueFault(queue="events", action="SendMessageBatch", kind="refuse")


def message(body: str, receives: int = 1) -> dict[str, Any]:
    """Return a message as it was received."""
    attributes = {"ApproximateReceiveCount": str(receives)}
    return {"Body": body, "ReceiptHandle": f"receipt of {body}", "Attributes": attributes}


@pytest.mark.parametrize(
    ("queue", "action", "met"),
    [
        ("switchboard-local-events", "SendMessageBatch", REFUSED),
        ("switchboard-local-events", "ReceiveMessage", None),
        ("switchboard-local-outbound", "SendMessageBatch", None),
        ("switchboard-local-events-dlq", "SendMessageBatch", None),
    ],
)
def test_a_fault_fits_its_queue_and_action(queue: str, action: str, met: QueueFault | None) -> None:
    """A fault is met on its own queue, not its dead letters, and by its own action."""
    assert met == FaultsInForce([REFUSED]).draw(queue, action)


def test_any_is_any() -> None:
    """`any` queue and `any` action are each of them."""
    fault = QueueFault(queue="any", action="any", kind="delay")

    assert fault == FaultsInForce([fault]).draw("t-classify", "DeleteMessageBatch")


def test_the_first_that_fires_is_met() -> None:
    """A fault whose share did not fall on a call leaves it to the next."""
    never = QueueFault(queue="events", action="any", kind="hang", share=0.0)

    assert REFUSED == FaultsInForce([never, REFUSED]).draw("t-events", "SendMessageBatch")


def test_a_share_is_a_share_and_drawn_from_the_seed() -> None:
    """Of many calls about the share is met, and the same ones each time."""
    half = QueueFault(queue="any", action="any", kind="refuse", share=0.5)

    def met() -> list[bool]:
        in_force = FaultsInForce([half], seed=3)
        return [in_force.draw("t-events", "ReceiveMessage") is not None for _ in range(1000)]

    assert met() == met()
    assert 400 < sum(met()) < 600


def test_a_copy_comes_when_its_moment_has_come() -> None:
    """Not before, and once; earliest first, and no more than are asked for."""
    copies = Copies()
    copies.keep("q", message("late"), due_at=9.0)
    copies.keep("q", message("early"), due_at=5.0)

    assert [] == copies.take("q", now=4.9, most=10)
    assert ["early"] == [one["Body"] for one in copies.take("q", now=9.0, most=1)]
    assert ["late"] == [one["Body"] for one in copies.take("q", now=9.0, most=10)]
    assert [] == copies.take("q", now=99.0, most=10)


def test_a_copy_is_the_message_under_another_receipt() -> None:
    """It is counted once more, and its receipt is ours; the message itself is left as it is."""
    original = message("a", receives=2)
    copies = Copies()
    copies.keep("q", original, due_at=0.0)
    (copy,) = copies.take("q", now=0.0, most=1)

    assert "3" == copy["Attributes"]["ApproximateReceiveCount"]
    assert is_copy(copy["ReceiptHandle"])
    assert message("a", receives=2) == original
    assert not is_copy(original["ReceiptHandle"])


def test_copies_stay_on_their_queue() -> None:
    """What was received on one queue does not come back on another."""
    copies = Copies()
    copies.keep("q", message("a"), due_at=0.0)

    assert [] == copies.take("other", now=1.0, most=1)
    assert 1 == copies.left()
