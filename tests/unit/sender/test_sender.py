"""The order of safety, and what each failure comes to."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import structlog

from services.sender.endings import Delivered, Doubtful, Late, Never, Postponed
from switchboard.errors import Failure, Unavailable
from switchboard.graph import Said, Sent, Usage
from switchboard.graph.failures import no_answer, refusal
from switchboard.queues import Outgoing
from switchboard.state import Limited
from tests.unit.sender.builders import DUE, NOON, PERSON, RECEIPT, SENT, bench, claimed


async def test_the_row_is_ours_before_anything_leaves() -> None:
    """Claimed, then a turn, then the call, then the record: never in another order."""
    it = bench()

    await it.sender(DUE, RECEIPT)

    assert ["claim", "reserve", "call", "record"] == it.order
    assert [Delivered("mid.1", PERSON, Said())] == it.ledger.endings
    assert 1 == len(it.ledger.owners)


async def test_a_duplicate_does_nothing() -> None:
    """A message that says again what is done, or under way, touches nothing."""
    it = bench()
    await it.sender(DUE, RECEIPT)
    it.order.clear()

    await it.sender(DUE, RECEIPT)

    assert ["claim"] == it.order


async def test_each_claim_has_an_owner_of_its_own() -> None:
    """A claim this process lost earlier cannot write over a later one of the same process."""
    it = bench()
    await it.sender(DUE, RECEIPT)
    it.ledger.row = claimed()
    await it.sender(DUE, RECEIPT)

    assert 2 == len(it.ledger.owners)


async def test_what_may_not_go_costs_no_turn_and_no_call() -> None:
    """A delivery past its deadline is over before anything is reserved."""
    it = bench(claimed(deadline=NOON + timedelta(minutes=5)))

    await it.sender(DUE, RECEIPT)

    assert ["claim", "record"] == it.order
    assert [Late("deadline_passed")] == it.ledger.endings


async def test_no_turn_no_call() -> None:
    """Refused by our limits: parked for as long as they say, with which it was, uncounted."""
    it = bench()
    it.limits.failure = Limited("limit_sends", after_s=7.5)

    await it.sender(DUE, RECEIPT)

    assert "call" not in it.order
    assert [Postponed("limit_sends", timedelta(seconds=7.5))] == it.ledger.endings


async def test_a_turn_that_comes_at_once_is_waited_for() -> None:
    """A limit full for milliseconds delays the call by them; the row is not parked."""
    it = bench()
    it.limits.failure, it.limits.times = Limited("limit_sends", after_s=0.005), 2

    await it.sender(DUE, RECEIPT)

    assert ["claim", "reserve", "reserve", "reserve", "call", "record"] == it.order


async def test_limits_that_cannot_be_asked_say_no() -> None:
    """Redis away: nothing is sent, the row is parked, the message is done with."""
    it = bench()
    it.limits.failure = Unavailable("Redis")

    await it.sender(DUE, RECEIPT)

    assert "call" not in it.order
    assert [Postponed("unavailable", timedelta(seconds=15))] == it.ledger.endings


async def test_a_lease_nearly_over_is_not_used() -> None:
    """If what leads to the call took too long, a call could outlive the lease: none is made."""
    it = bench(lease=timedelta(seconds=19))  # less than two calls

    await it.sender(DUE, RECEIPT)

    assert ["claim", "reserve", "record"] == it.order


async def test_an_unclear_call_is_made_once() -> None:
    """No answer: recorded as unclear, and no second call, whatever the queue repeats."""
    it = bench()
    it.graph.answer = no_answer("timed_out")

    await it.sender(DUE, RECEIPT)
    await it.sender(DUE, RECEIPT)

    assert [Doubtful("timed_out", Said())] == it.ledger.endings
    assert 1 == len(it.graph.calls)


async def test_recording_outlives_a_hiccup() -> None:
    """Postgres away for a moment after the call: the record is tried again, the call is not."""
    it = bench()
    it.ledger.failures = [Unavailable("PostgreSQL"), Unavailable("PostgreSQL")]

    await it.sender(DUE, RECEIPT)

    assert ["claim", "reserve", "call", "record", "record", "record"] == it.order
    assert 1 == len(it.ledger.endings)


async def test_recording_ends_with_the_lease() -> None:
    """Postgres away for long: the row is left to its lease, and the message is not tried again."""
    it = bench(lease=timedelta(seconds=0.3), call_budget=timedelta())
    it.ledger.failures = [Unavailable("PostgreSQL")] * 10_000

    await it.sender(DUE, RECEIPT)

    assert [] == it.ledger.endings
    assert 1 == len(it.graph.calls)


async def test_a_row_that_cannot_be_claimed_is_shown_again() -> None:
    """Postgres away before anything happened: the queue keeps the message."""

    async def away(*_: object, **__: object) -> None:
        raise Unavailable("PostgreSQL")

    it = bench()
    it.ledger.claim = away  # type: ignore[method-assign]  # a fake's method, replaced for one test
    with pytest.raises(Unavailable):
        await it.sender(DUE, RECEIPT)

    assert [] == it.graph.calls


def sent(*usage: float) -> Sent:
    """Sent, and what is spent of the budgets by it."""
    return Sent(SENT.message_id, PERSON, Said(usage=Usage(*usage)))


def refused(code: int, subcode: int | None = None, *usage: float) -> Failure:
    """Not sent, for what Meta says."""
    return refusal(Said(code=code, subcode=subcode, usage=Usage(*usage)), is_send=True)


NOT, MINUTE = timedelta(), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (SENT, []),
        (sent(80.0), []),
        (sent(87.5), [("heed", 0.55, NOT)]),
        (sent(95.0), [("heed", 0.1, MINUTE)]),
        (sent(100, 540), [("heed", 0.1, 9 * MINUTE)]),
        (sent(0, 540), [("heed", 1.0, 9 * MINUTE)]),
        (sent(94.9, 0, 94.9), [("heed", 0.106, NOT)]),
        (sent(96, 0, 96), [("brake", None, MINUTE), ("heed", 0.1, MINUTE)]),
        (refused(613), [("refused", None, MINUTE)]),
        (
            refused(80002, None, 100, 3600),
            [("refused", None, 60 * MINUTE), ("heed", 0.1, 60 * MINUTE)],
        ),
        (refused(4), [("brake", None, 5 * MINUTE)]),
        (refused(341), [("brake", None, 5 * MINUTE)]),
        (refused(613, 1996), [("brake", None, 10 * MINUTE)]),
        (refused(551), []),
        (refused(551, None, 87.5), [("heed", 0.55, NOT)]),
        (refused(-2), []),
        (no_answer("timed_out", Said(usage=Usage(95))), [("heed", 0.1, MINUTE)]),
    ],
)
async def test_what_meta_says_of_our_pace_is_heeded(
    answer: Sent | Failure, told: list[tuple[str, float | None, timedelta]]
) -> None:
    """When Meta says slow down, in words or in headers, to us or to the app, all senders hear."""
    it = bench()
    it.graph.answer = answer

    await it.sender(DUE, RECEIPT)

    assert told == it.limits.told


async def test_the_one_line_tells_no_secrets() -> None:
    """Each attempt is one line, with ids and the outcome; no text, no token."""
    it = bench(claimed(content={"text": "a private word"}))
    with structlog.testing.capture_logs() as lines:
        await it.sender(DUE, RECEIPT)

    (line,) = [line for line in lines if line["event"] == "delivery.attempted"]
    assert ("sent", True, str(DUE.delivery_id)) == (
        line["outcome"],
        line["recorded"],
        line["delivery_id"],
    )
    assert "private word" not in str(lines)
    assert "'token'" not in str(lines)


async def test_a_public_reply_goes_under_its_comment() -> None:
    """The comment's id and the text, by the account's token."""
    row = claimed(kind="public_reply", content={"text": "Sent!"})
    it = bench(row)

    await it.sender(DUE, RECEIPT)

    assert [(row.comment_id, "Sent!", "token")] == it.graph.calls
    assert [Delivered("18", None, Said())] == it.ledger.endings


NEXT = DUE.model_copy(update={"delivery_id": UUID(int=8)})


async def test_what_waited_for_it_is_told_of() -> None:
    """The next of a chain is published once the one before it is recorded as sent."""
    it = bench()
    it.ledger.successors = (NEXT,)

    await it.sender(DUE, RECEIPT)

    assert ["record", "outbound"] == it.order[-2:]
    assert [Outgoing(NEXT.to_json(), NEXT.account_id)] == it.outbound.published


async def test_a_queue_that_is_away_changes_nothing_that_was_done() -> None:
    """What was sent is sent, though nobody could be told of the next one: the pacer finds that."""
    it = bench()
    it.ledger.successors, it.outbound.failure = (NEXT,), Unavailable("SQS")

    await it.sender(DUE, RECEIPT)

    assert [Delivered("mid.1", PERSON, Said())] == it.ledger.endings


async def test_a_claim_that_was_lost_tells_nobody() -> None:
    """If the row is no longer ours, its line says that nothing was recorded."""
    it = bench()
    it.ledger.successors = None
    with structlog.testing.capture_logs() as lines:
        await it.sender(DUE, RECEIPT)

    assert [False] == [line["recorded"] for line in lines if "recorded" in line]
    assert [] == it.outbound.published


@pytest.mark.parametrize("kind", ["message", "private_reply", "public_reply"])
async def test_an_opted_out_person_is_left_alone(kind: str) -> None:
    """Who said stop is sent nothing, whatever was owed to them before."""
    it = bench(claimed(kind=kind, opted_out_at=NOON))

    await it.sender(DUE, RECEIPT)

    assert ["claim", "record"] == it.order
    assert [Never("opted_out")] == it.ledger.endings
