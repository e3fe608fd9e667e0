"""The router decides each event once, writes before it publishes, and repeats itself harmlessly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.router.router import Router
from services.router.rulebooks import Tenant
from switchboard.contracts import (
    DELIVERY_DUE,
    QUESTION,
    AccountId,
    EventId,
    EventNotUnderstood,
    InboundEvent,
    WorkspaceId,
)
from switchboard.db.ledger import Recorded, Standing
from switchboard.errors import Unavailable
from switchboard.queues import Outgoing, Receipt, Received
from switchboard.rules.rulebook import RuleBook
from switchboard.state.claims import Observed, Seen
from switchboard.telemetry import Meter
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

WORKSPACE = WorkspaceId(UUID(int=1))
RULES = rules(campaign(on_comment("link")))
WITH_INTENTS = rules(campaign({"kind": "intent", "intent": "price"}), intents=("price",))


@dataclass
class FakeObservations:
    """Claims in a dict, as Redis keeps them."""

    claims: dict[EventId, str] = field(default_factory=dict)
    calls: int = 0

    async def observe(self, batch: Sequence[Observed]) -> list[Seen]:
        self.calls += 1
        return [
            Seen(
                first=self.claims.setdefault(o.event_id, o.claimant) == o.claimant,
                paused_until=None,
            )
            for o in batch
        ]


@dataclass
class FakeRules:
    """One account's rules."""

    book: RuleBook

    async def of(self, accounts: Iterable[AccountId]) -> Mapping[AccountId, Tenant | None]:
        tenant = Tenant(account=UUID(int=2), workspace_id=WORKSPACE, book=self.book)
        return {account: tenant if account == ACCOUNT else None for account in accounts}


@dataclass
class FakeLedger:
    """The ledger's promises in memory: first outcome stands, `asked` may be completed."""

    rows: dict[EventId, Recorded] = field(default_factory=dict)
    calls: int = 0

    async def record(self, batch: Sequence[Recorded]) -> Mapping[EventId, Standing]:
        self.calls += 1
        standings = {}
        for row in batch:
            held = self.rows.get(row.event_id)
            new = held is None or (held.outcome == "asked" and row.outcome != "asked")
            if new:
                self.rows[row.event_id] = row
            kept = self.rows[row.event_id]
            ready = tuple(delivery.id for delivery in kept.deliveries)
            standings[row.event_id] = Standing(outcome=kept.outcome, ready=ready, new=new)
        return standings


@dataclass
class FakeQueue:
    """What was published; `down` times it fails first."""

    sent: list[Outgoing] = field(default_factory=list)
    down: int = 0
    calls: int = 0

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.calls += 1
        if self.down:
            self.down -= 1
            raise Unavailable("SQS is away")
        self.sent.extend(messages)


@dataclass
class Bench:
    """A router and everything around it."""

    router: Router
    observations: FakeObservations
    ledger: FakeLedger
    outbound: FakeQueue
    classify: FakeQueue


def bench(book: RuleBook = RULES) -> Bench:
    """Return a router with fakes around it, at noon."""
    observations, ledger = FakeObservations(), FakeLedger()
    outbound, classify = FakeQueue(), FakeQueue()
    router = Router(
        observations=observations,
        rules=FakeRules(book),
        ledger=ledger,
        outbound=outbound,
        classify=classify,
        meter=Meter("router", "test"),
        now=lambda: NOON,
        patience=timedelta(seconds=60),
    )
    return Bench(router, observations, ledger, outbound, classify)


def received(*messages: Any) -> list[Received[Any]]:
    """Return messages as a consumer hands them over."""
    return [Received(one, Receipt(message_id="m", receives=1, sent_at=NOON)) for one in messages]


def comments(n: int) -> list[InboundEvent]:
    """Return `n` different comments with the keyword."""
    return [comment(comment_id=str(17900000000000000 + number)) for number in range(n)]


async def test_a_batch_costs_one_call_each() -> None:
    """Ten events: one look into Redis, one statement, one publish of all that is due."""
    b = bench()

    outcomes = await b.router.events(received(*comments(10)))

    assert [None] * 10 == list(outcomes)
    assert (1, 1, 1) == (b.observations.calls, b.ledger.calls, b.outbound.calls)
    assert 20 == len(b.outbound.sent)  # a private and a public reply each
    assert {ACCOUNT} == {message.group for message in b.outbound.sent}


async def test_a_repeated_webhook_is_dropped() -> None:
    """The same event by another webhook is a duplicate: nothing is written or published."""
    b = bench()
    await b.router.events(received(comment(trace_id="a" * 32)))
    await b.router.events(received(comment(trace_id="b" * 32)))

    assert 1 == b.ledger.calls
    assert 2 == len(b.outbound.sent)


async def test_a_redelivered_message_is_published_again() -> None:
    """The same message again, because we died before publishing, gives the same rows and ids."""
    b = bench()
    b.outbound.down = 1
    with pytest.raises(Unavailable):
        await b.router.events(received(comment()))
    await b.router.events(received(comment()))

    due = [DELIVERY_DUE.validate_json(message.body).delivery_id for message in b.outbound.sent]
    assert [delivery.id for delivery in b.ledger.rows[comment().event_id].deliveries] == due


async def test_one_event_twice_in_a_batch_is_one() -> None:
    """A batch may hold an event twice; it is recorded and published once."""
    b = bench()

    await b.router.events(received(comment(), comment()))

    assert 2 == len(b.outbound.sent)


async def test_a_question_carries_its_event_and_a_deadline() -> None:
    """Without a keyword the classifier is asked, and nothing is sent yet."""
    b = bench(WITH_INTENTS)

    await b.router.events(received(message("what does it cost")))

    question = QUESTION.validate_json(b.classify.sent[0].body)
    assert message("what does it cost") == question.event
    assert NOON + timedelta(seconds=60) == question.answer_by
    assert "asked" == b.ledger.rows[question.event.event_id].outcome
    assert [] == b.outbound.sent


async def test_an_answer_completes_the_decision() -> None:
    """The answer decides; the same answer again sends the same ids, which are harmless."""
    b = bench(WITH_INTENTS)
    event = message("what does it cost")
    await b.router.events(received(event))
    await b.router.answers(received(answer(event, "price")))

    assert "matched" == b.ledger.rows[event.event_id].outcome
    assert 1 == len(b.outbound.sent)


async def test_an_event_redelivered_after_its_answer_asks_nothing() -> None:
    """A late redelivery of the event finds the decision made and does not ask again."""
    b = bench(WITH_INTENTS)
    event = message("what does it cost")
    await b.router.events(received(event))
    await b.router.answers(received(answer(event, "price")))
    await b.router.events(received(event))

    assert 1 == len(b.classify.sent)
    assert "matched" == b.ledger.rows[event.event_id].outcome


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
    b = bench()

    await b.router.events(received(event))

    row = b.ledger.rows[event.event_id]
    assert (None, "ignored") == (row.workspace_id, row.outcome)
    assert f'"because":"{because}"' in row.decision
    assert [] == b.outbound.sent


async def test_a_message_opens_a_window_and_a_comment_does_not() -> None:
    """The contact's window is raised by what the person did, not by what they saw."""
    b = bench()
    await b.router.events(received(message("hello"), comment()))

    rows = b.ledger.rows
    assert NOON + timedelta(hours=24) == rows[message("hello").event_id].window_closes_at
    assert rows[comment().event_id].window_closes_at is None


async def test_rows_are_the_same_each_time() -> None:
    """Deciding an event again gives the same rows, to the byte."""
    first, second = bench(), bench()
    await first.router.events(received(comment()))
    await second.router.events(received(comment()))

    assert first.ledger.rows == second.ledger.rows
