"""The router decides each event once, writes before it publishes, and repeats itself harmlessly."""

from __future__ import annotations

from datetime import timedelta

import pytest

from switchboard.contracts import (
    DELIVERY_DUE,
    QUESTION,
    AccountId,
    EventNotUnderstood,
    InboundEvent,
    PersonId,
)
from switchboard.errors import Unavailable
from tests.support.builders import (
    ACCOUNT,
    NOON,
    answer,
    campaign,
    comment,
    message,
    on_comment,
    rules,
)
from tests.unit.router.surroundings import bench

RULES = rules(campaign(on_comment("link")))
WITH_INTENTS = rules(campaign({"kind": "intent", "intent": "price"}), intents=("price",))


def comments(n: int) -> list[InboundEvent]:
    """Return comments with the keyword by `n` different people."""
    return [
        comment(comment_id=str(17900000000000000 + number), author_id=PersonId(str(number + 1)))
        for number in range(n)
    ]


async def test_a_batch_costs_one_call_each() -> None:
    """Ten events: one look into Redis, one statement, one publish of all that is due."""
    b = bench(RULES)

    outcomes = await b.events(*comments(10))

    assert [None] * 10 == list(outcomes)
    assert (1, 1, 1) == (b.redis.observed, len(b.postgres.recordings), b.outbound.calls)
    assert 20 == len(b.outbound.sent)  # a private and a public reply each
    assert {ACCOUNT} == {message.group for message in b.outbound.sent}


async def test_a_repeated_webhook_is_dropped() -> None:
    """The same event by another webhook is a duplicate: nothing is written or published."""
    b = bench(RULES)
    await b.events(comment(trace_id="a" * 32))
    await b.events(comment(trace_id="b" * 32))

    assert 1 == len(b.postgres.recordings)
    assert 2 == len(b.outbound.sent)


async def test_a_redelivered_message_is_published_again() -> None:
    """The same message again, because we died before publishing, gives the same rows and ids."""
    b = bench(RULES)
    b.outbound.down = 1
    with pytest.raises(Unavailable):
        await b.events(comment())
    await b.events(comment())

    due = [DELIVERY_DUE.validate_json(message.body).delivery_id for message in b.outbound.sent]
    assert [delivery.id for delivery in b.row(comment()).deliveries] == due


async def test_one_event_twice_in_a_batch_is_one() -> None:
    """A batch may hold an event twice; it is recorded and published once."""
    b = bench(RULES)

    await b.events(comment(), comment())

    assert 2 == len(b.outbound.sent)


async def test_a_question_carries_its_event_and_a_deadline() -> None:
    """Without a keyword the classifier is asked, and nothing is sent yet."""
    b = bench(WITH_INTENTS)

    await b.events(message("what does it cost"))

    question = QUESTION.validate_json(b.classify.sent[0].body)
    assert message("what does it cost") == question.event
    assert NOON + timedelta(seconds=60) == question.answer_by
    assert "asked" == b.row(question.event).outcome
    assert [] == b.outbound.sent


async def test_an_answer_completes_the_decision() -> None:
    """The answer decides; the same answer again sends the same ids, which are harmless."""
    b = bench(WITH_INTENTS)
    event = message("what does it cost")
    await b.events(event)
    await b.answers(answer(event, "price"))

    assert "matched" == b.row(event).outcome
    assert 1 == len(b.outbound.sent)


async def test_an_event_redelivered_after_its_answer_asks_nothing() -> None:
    """A late redelivery of the event finds the decision made and does not ask again."""
    b = bench(WITH_INTENTS)
    event = message("what does it cost")
    await b.events(event)
    await b.answers(answer(event, "price"))
    await b.events(event)

    assert 1 == len(b.classify.sent)
    assert "matched" == b.row(event).outcome


@pytest.mark.parametrize(
    ("event", "because"),
    [
        (comment(account_id="17841400000000099"), "account_unknown"),
        (
            EventNotUnderstood(
                account_id=AccountId("17841400000000099"),
                occurred_at=NOON,
                received_at=NOON,
                trace_id=comment().trace_id,
                what="field:new",
                raw="{}",
            ),
            "not_understood",
        ),
    ],
)
async def test_events_of_nobody_are_recorded(event: InboundEvent, because: str) -> None:
    """An event of an account nobody connected is kept, belongs to no tenant and sends nothing."""
    b = bench(RULES)

    await b.events(event)

    row = b.row(event)
    assert (None, "ignored") == (row.workspace_id, row.outcome)
    assert f'"because":"{because}"' in row.decision
    assert [] == b.outbound.sent


async def test_a_message_opens_a_window_and_a_comment_does_not() -> None:
    """The contact's window is raised by what the person did, not by what they saw."""
    b = bench(RULES)
    await b.events(message("hello"), comment())

    rows = b.postgres.rows
    assert NOON + timedelta(hours=24) == rows[message("hello").event_id].window_closes_at
    assert rows[comment().event_id].window_closes_at is None


async def test_rows_are_the_same_each_time() -> None:
    """Deciding an event again gives the same rows, to the byte."""
    first, second = bench(RULES), bench(RULES)
    await first.events(comment())
    await second.events(comment())

    assert first.postgres.rows == second.postgres.rows
