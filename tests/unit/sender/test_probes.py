"""An account that was held: one delivery tries, and the others wait for what comes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.sender.aftermath import concerns_account
from services.sender.endings import Delivered, Doubtful, Ending, Hold, Late, Never, Postponed
from switchboard.errors import Throttled
from switchboard.graph import Said
from switchboard.graph.failures import refusal
from tests.support.builders import comment
from tests.unit.sender.builders import DUE, NOON, RECEIPT, bench, claimed

HOUR = timedelta(hours=1)
QUESTION = {"about": "follower", "event": comment().model_dump(mode="json", exclude_none=True)}


async def test_the_place_is_taken_before_anything_is_asked_of_meta() -> None:
    """Not even a person's name is asked for without it."""
    content = {"text": "Hi {{first_name|there}}"}
    it = bench(claimed(holds=1, held_until=NOON, content=content))

    await it.sender(DUE, RECEIPT)

    assert ["claim", "probe", "reserve", "ask", "reserve", "call", "record"] == it.order


async def test_an_account_that_is_free_takes_no_place() -> None:
    """Nobody pays for holds but those who were held."""
    it = bench()

    await it.sender(DUE, RECEIPT)

    assert "probe" not in it.order


@pytest.mark.parametrize("kind", ["message", "private_reply", "public_reply", "lookup"])
async def test_whoever_finds_it_taken_waits(kind: str) -> None:
    """Nothing of the account goes to Meta beside the probe, a question no more than a message."""
    content = QUESTION if kind == "lookup" else {"text": "Hello"}
    it = bench(claimed(kind=kind, holds=2, held_until=NOON, content=content))
    it.ledger.probe_is_free = False

    await it.sender(DUE, RECEIPT)

    assert ["claim", "probe", "record"] == it.order
    assert [Postponed("probe_under_way", timedelta())] == it.ledger.endings


@pytest.mark.parametrize(
    "fields", [{"held_until": NOON + HOUR}, {"deadline": NOON}, {"opted_out_at": NOON}]
)
async def test_what_may_not_go_takes_no_place(fields: dict[str, object]) -> None:
    """A delivery that is held, late or unwanted is no probe."""
    it = bench(claimed(**{"holds": 1, "held_until": NOON, **fields}))

    await it.sender(DUE, RECEIPT)

    assert ["claim", "record"] == it.order


@pytest.mark.parametrize("kind", ["message", "lookup"])
async def test_a_restriction_stops_those_that_had_claimed(kind: str) -> None:
    """Who read the account before it was held gets no turn at the moment."""
    content = QUESTION if kind == "lookup" else {"text": "Hello"}
    it = bench(claimed(kind=kind, content=content))
    it.graph.answer = refusal(Said(code=368), is_send=True)
    it.graph.profile = refusal(Said(code=368), is_send=False)

    await it.sender(DUE, RECEIPT)

    assert [("heed", 1.0, timedelta(seconds=15))] == it.limits.told


async def test_a_name_that_is_not_told_stops_nobody() -> None:
    """A restriction of reading is none of sending: the message goes out, without the name."""
    it = bench(claimed(content={"text": "Hi {{first_name|there}}"}))
    it.graph.profile = refusal(Said(code=200), is_send=False)

    await it.sender(DUE, RECEIPT)

    assert [] == it.limits.told
    assert ["sent"] == [ending.outcome for ending in it.ledger.endings]


@pytest.mark.parametrize(("code", "subcode"), [(-2, 2207003), (190, 460), (100, None), (31337, 1)])
async def test_what_is_no_limit_quiets_nobody(code: int, subcode: int | None) -> None:
    """A fault that passes, a token or a mistake says nothing of how fast we are."""
    it = bench()
    it.graph.answer = refusal(Said(code=code, subcode=subcode), is_send=True)

    await it.sender(DUE, RECEIPT)

    assert [] == it.limits.told


async def test_a_probe_that_has_no_turn_says_nothing() -> None:
    """It took the place, could not go, and is parked; what comes of the account is unknown."""
    it = bench(claimed(holds=1, held_until=NOON))
    it.limits.failure = Throttled("ours", after_s=7)

    await it.sender(DUE, RECEIPT)

    assert ["claim", "probe", "reserve", "record"] == it.order


async def test_errors_are_counted_by_reason() -> None:
    """What Meta refuses can be watched without a line being read."""
    it = bench()
    it.graph.answer = refusal(Said(code=100, subcode=33), is_send=True)

    await it.sender(DUE, RECEIPT)

    assert 1 == it.sender.meter.totals()["GraphErrors{reason=object_missing}"]


@pytest.mark.parametrize(
    ("fields", "ending", "concerns"),
    [
        ({}, Delivered("mid.1"), False),
        ({}, Never("opted_out"), False),
        ({}, Late("deadline_passed"), False),
        ({}, Doubtful("timed_out"), False),
        ({}, Postponed("our_limits", HOUR), False),
        ({}, Postponed("policy_block", timedelta()), False),
        ({}, Postponed("policy_block", timedelta(), hold=Hold(HOUR, HOUR)), True),
        ({}, Postponed("token_invalid", timedelta(), reconnect=True), True),
        ({}, Never("invalid_parameter", Said(code=100)), True),
        ({"holds": 1}, Doubtful("timed_out"), True),
        ({"holds": 1}, Postponed("our_limits", HOUR), True),
        ({"alerts_end": True}, Delivered("mid.1"), True),
        ({"alerts_end": True, "proven": False}, Delivered(), False),
        ({"alerts_end": True, "proven": False}, Never("opted_out"), False),
        ({"proven": False}, Delivered("mid.1"), True),
    ],
)
def test_most_endings_say_nothing_of_the_account(
    fields: dict[str, object],
    ending: Ending,
    concerns: bool,  # noqa: FBT001  a table's column
) -> None:
    """One statement records them; only what touches the account makes more."""
    assert concerns == concerns_account(claimed(**fields), ending)
