"""What a sender has in memory does not depend on how many it has written to."""

from __future__ import annotations

from itertools import count

from services.sender.sender import Sender
from tests.integration.sender.stage import RECEIPT, Stage
from tests.support.keeping import kept

_people = count(7_000_000_000)


async def some_are_sent(stage: Stage, sender: Sender) -> None:
    """Let ten people be sent something of each kind, and Meta forget it."""
    for _ in range(10):
        for kind in ("message", "public_reply", "private_reply"):
            delivery = await stage.owe(kind, str(next(_people)))
            await sender(stage.due(delivery), RECEIPT)
            assert "sent" == (await stage.row(delivery))["state"]
    stage.meta.calls.clear()
    stage.meta.asked.clear()


async def test_nothing_of_deliveries_stays(stage: Stage) -> None:
    """Thirty deliveries to thirty people later, not one object more is there."""
    sender = stage.sender()
    await some_are_sent(stage, sender)
    before = kept()
    await some_are_sent(stage, sender)

    assert before == kept()
