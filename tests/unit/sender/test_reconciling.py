"""A look at what is uncertain: what is asked, in which order, and what is done about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import pytest
import structlog

from services.sender.conclusions import Wait
from services.sender.evidence import Sighting, Sought
from services.sender.looking import View
from services.sender.reconciling import Reconciler
from switchboard.contracts import CommentId, DeliveryDue, MessageId
from switchboard.db.uncertain import UNRESOLVED, Doubt, Note, Standing, Unanswered, Word
from switchboard.errors import Failure, Throttled, Unavailable
from switchboard.graph import Said, Usage
from switchboard.graph.failures import refusal
from switchboard.queues import Outgoing
from switchboard.rules.wording import Told
from switchboard.telemetry import Meter
from tests.unit.sender.builders import DUE, NOON, PERSON, TRACE, FakeQueue
from tests.unit.sender.doubts import PATIENCE, at, doubt

HEARD = Word(
    source="echo",
    message_id=MessageId("mid.1"),
    recipient_id=PERSON,
    text="Hello",
    attached=(),
    at=NOON,
)
SEEN = Sighting(
    source="conversation", message_id=MessageId("mid.2"), at=NOON, own=True, told=Told("Hello")
)
NEXT = DUE.model_copy(update={"delivery_id": UUID(int=8)})


@dataclass
class FakeDoubts:
    """Rows in doubt, and what became of them; `late`: they were decided meanwhile."""

    order: list[str]
    rows: list[Doubt] = field(default_factory=list)
    heard: list[Word] = field(default_factory=list)
    standing_: Standing = field(default_factory=lambda: Standing(frozenset(), ()))
    late: bool = False
    failure: Failure | None = None
    acts: list[tuple[Any, ...]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    settled: int = 0

    async def take(self, *, limit: int, each: int, lease: timedelta) -> Sequence[Doubt]:
        taken, self.rows = self.rows[:limit], self.rows[limit:]
        return taken

    async def own_words(self, one: Doubt) -> Sequence[Word]:
        self.order.append("ledger")
        if self.failure is not None:
            raise self.failure
        return self.heard

    async def parent_comment(self, one: Doubt) -> CommentId | None:
        self.order.append("parent")
        return CommentId("17")

    async def standing(self, one: Doubt, messages: Sequence[str]) -> Standing:
        return self.standing_

    async def resolve_sent(
        self, one: Doubt, note: Note, sighting: Sighting, *, skew: timedelta
    ) -> Sequence[DeliveryDue] | None:
        return [NEXT] if self._did(note, "sent", sighting.message_id) else None

    async def send_again(self, one: Doubt, note: Note) -> DeliveryDue | None:
        return DUE if self._did(note, "again") else None

    async def resolve_not_sent(
        self, one: Doubt, note: Note, state: Literal["expired", "refused"]
    ) -> bool:
        return self._did(note, state)

    async def look_again(self, one: Doubt, note: Note, wait: Wait) -> bool:
        return self._did(note, "wait", wait.wait, wait.ask)

    async def settle_alerts(self) -> int:
        self.settled += 1
        return 0

    def _did(self, note: Note, *act: Any) -> bool:
        self.order.append("record")
        self.acts.append(act)
        self.notes.append(note)
        return not self.late


@dataclass
class FakeLooking:
    """What is seen at Meta, or why nothing is."""

    order: list[str]
    view: View = field(default_factory=lambda: View("conversation", (), complete=True))
    failure: Failure | None = None
    parents: list[CommentId | None] = field(default_factory=list)
    hangs: bool = False

    async def look(self, one: Doubt, sought: Sought, parent: CommentId | None) -> View:
        self.order.append("look")
        self.parents.append(parent)
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        return self.view


@dataclass
class Bench:
    """A reconciler among fakes."""

    doubts: FakeDoubts
    looking: FakeLooking
    outbound: FakeQueue
    meter: Meter
    reconciler: Reconciler

    @property
    def order(self) -> list[str]:
        return self.doubts.order

    def counted(self) -> set[str]:
        """Return what was counted."""
        return {name for name in self.meter.totals() if "DeliveriesReconciled" in name}


def bench(*rows: Doubt, lease: timedelta = timedelta(seconds=90), limit: int = 10) -> Bench:
    """A reconciler among fakes, with these rows due."""
    order: list[str] = []
    doubts, looking = FakeDoubts(order, list(rows)), FakeLooking(order)
    outbound, meter = FakeQueue(order, "outbound"), Meter("sender", "test")
    reconciler = Reconciler(
        doubts,
        looking,
        outbound,
        meter=meter,
        patience=PATIENCE,
        every_s=0.001,
        limit=limit,
        lease=lease,
    )
    return Bench(doubts, looking, outbound, meter, reconciler)


async def test_what_our_webhooks_told_costs_no_call() -> None:
    """An echo of it is enough; what waited for it is told of once that is recorded."""
    it = bench(doubt())
    it.doubts.heard = [HEARD]

    await it.reconciler.round()

    assert ["ledger", "record", "outbound"] == it.order
    assert [("sent", "mid.1")] == it.doubts.acts
    assert [Note(asked="ledger", outcome="found", because="found_as_echo", seen=1)] == (
        it.doubts.notes
    )
    assert [Outgoing(NEXT.to_json(), NEXT.account_id)] == it.outbound.published
    assert {"DeliveriesReconciled{outcome=found_as_echo}"} == it.counted()


async def test_what_our_webhooks_did_not_tell_is_looked_for() -> None:
    """Then Meta is asked, and both are judged together."""
    it = bench(doubt())
    it.looking.view = View("conversation", (SEEN,), complete=True)

    await it.reconciler.round()

    assert ["ledger", "look", "record", "outbound"] == it.order
    assert [("sent", "mid.2")] == it.doubts.acts
    assert [None] == it.looking.parents


async def test_a_comment_of_ours_is_found_without_its_time() -> None:
    """Meta says when it told of a comment, not when it was written."""
    it = bench(doubt(delivery={"kind": "public_reply"}))
    it.doubts.heard = [replace(HEARD, source="comment", at=None)]

    await it.reconciler.round()

    assert "found_under_comment" == it.doubts.notes[0].because


async def test_where_a_public_reply_may_stand() -> None:
    """Under the comment, or under the one it answers."""
    it = bench(doubt(delivery={"kind": "public_reply"}))

    await it.reconciler.round()

    assert [CommentId("17")] == it.looking.parents


@pytest.mark.parametrize(
    ("one", "act", "because", "counted"),
    [
        (doubt(200, 120), ("again",), "not_found", {"sent_again"}),
        (
            doubt(200, 120, delivery={"attempts": 3}),
            ("refused",),
            "never_answered",
            {"never_answered"},
        ),
        (
            doubt(200, 120, delivery={"deadline": at(100)}),
            ("expired",),
            "deadline_passed",
            {"deadline_passed"},
        ),
        (doubt(130), ("wait", timedelta(seconds=60), False), "not_found", set()),
        (
            doubt(3700, 120, reason=UNRESOLVED),
            ("wait", timedelta(hours=1), True),
            "not_found",
            set(),
        ),
    ],
)
async def test_what_is_not_there(
    one: Doubt, act: tuple[Any, ...], because: str, counted: set[str]
) -> None:
    """It is sent again, or over, or looked for again: the row says so, and why."""
    it = bench(one)

    await it.reconciler.round()

    assert [act] == it.doubts.acts
    assert [("absent", because)] == [(note.outcome, note.because) for note in it.doubts.notes]
    assert {f"DeliveriesReconciled{{outcome={one}}}" for one in counted} == it.counted()
    assert (act == ("again",)) == bool(it.outbound.published)


async def test_a_person_is_asked_once() -> None:
    """It is counted when a person is asked, and not each time it is looked for after that."""
    it = bench(doubt(3600), doubt(7200, reason=UNRESOLVED))
    it.looking.failure = Unavailable("Meta")

    await it.reconciler.round()

    assert [True, True] == [ask for _, _, ask in it.doubts.acts]
    assert {"DeliveriesReconciled{outcome=unresolved}": 1} == {
        name: n for name, n in it.meter.totals().items() if "Reconciled" in name
    }


@pytest.mark.parametrize(
    ("failure", "because", "wait_s"),
    [
        (Unavailable("Meta"), "unavailable", 10),
        (Throttled("ours", after_s=30), "throttled", 30),
        (refusal(Said(code=613, subcode=2534040), is_send=False), "messaging_limited", 10),
        (
            refusal(Said(code=80002, usage=Usage(100, 600)), is_send=False),
            "budget_spent",
            600,
        ),
        (refusal(Said(code=190), is_send=False), "token_invalid", 10),
    ],
)
async def test_a_look_that_fails_is_taken_again(
    failure: Failure, because: str, wait_s: float
) -> None:
    """Why is kept; what Meta or our limits say is waited for, not what our table says of sends."""
    it = bench(doubt(10))
    it.looking.failure = failure

    await it.reconciler.round()

    assert [("wait", timedelta(seconds=wait_s), False)] == it.doubts.acts
    assert [("failed", because)] == [(note.outcome, note.because) for note in it.doubts.notes]


async def test_a_look_that_hangs_is_given_up() -> None:
    """No read holds a row for longer than half of its lease."""
    it = bench(doubt(10), lease=timedelta(seconds=0.02))
    it.looking.hangs = True

    await it.reconciler.round()

    assert ["timed_out"] == [note.because for note in it.doubts.notes]


@pytest.mark.parametrize(
    ("fields", "because", "wait_s"),
    [
        ({"status": "reconnect_needed"}, "account_reconnect_needed", 10),
        ({"held_until": at(100), "hold_reason": "spam"}, "spam", 90),
    ],
)
async def test_an_account_that_is_held_is_not_read(
    fields: dict[str, Any], because: str, wait_s: float
) -> None:
    """Every call would prolong it; our own ledger is asked all the same."""
    it = bench(doubt(10, delivery=fields))

    await it.reconciler.round()

    assert ["ledger", "record"] == it.order
    assert [because] == [note.because for note in it.doubts.notes]
    assert [("wait", timedelta(seconds=wait_s), False)] == it.doubts.acts


async def test_what_becomes_anothers_is_put_off() -> None:
    """A message that may be one's whose call was under way is nobody's yet."""
    it = bench(doubt())
    it.doubts.heard, it.doubts.late = [HEARD], True

    await it.reconciler.round()

    assert [("sent", "mid.1"), ("wait", timedelta(seconds=5), False)] == it.doubts.acts
    assert ("unclear", "several") == (it.doubts.notes[1].outcome, it.doubts.notes[1].because)
    assert [] == it.outbound.published
    assert set() == it.counted()


async def test_a_message_that_is_taken_is_not_it() -> None:
    """What another delivery is known to have said, this one has not."""
    it = bench(doubt(200, 120))
    it.doubts.heard = [HEARD]
    it.doubts.standing_ = Standing(frozenset({"mid.1"}), ())

    await it.reconciler.round()

    assert [("again",)] == it.doubts.acts


@pytest.mark.parametrize(("over_s", "act"), [(None, "wait"), (0, "wait"), (-80, "sent")])
async def test_another_private_reply_of_the_same_words(over_s: float | None, act: str) -> None:
    """One that is under way, or was at that time, keeps it open; one of before does not."""
    it = bench(doubt(delivery={"kind": "private_reply"}))
    it.doubts.heard = [HEARD]
    other = Unanswered(
        kind="private_reply",
        content={"text": "Hello"},
        attempted_at=at(-100),
        over_at=None if over_s is None else at(over_s),
    )
    it.doubts.standing_ = Standing(frozenset(), (other,))

    await it.reconciler.round()

    assert act == it.doubts.acts[0][0]


async def test_a_queue_that_is_away_takes_nothing_back() -> None:
    """What is ready and nobody was told of is the pacer's."""
    it = bench(doubt(200, 120))
    it.outbound.failure = Unavailable("SQS")

    await it.reconciler.round()

    assert [("again",)] == it.doubts.acts
    assert {"DeliveriesReconciled{outcome=sent_again}"} == it.counted()


async def test_one_that_cannot_be_looked_at_holds_up_no_other() -> None:
    """A failure of one is told, and the next one is looked for."""
    it = bench(doubt(), doubt())
    it.doubts.failure = Unavailable("PostgreSQL")
    with structlog.testing.capture_logs() as lines:
        await it.reconciler.round()

    assert ["ledger", "ledger"] == it.order
    assert ["delivery.not_looked_up"] * 2 == [line["event"] for line in lines]


async def test_the_one_line_tells_no_words() -> None:
    """Each look is one line, with ids, what was seen and what it comes to; no text of people."""
    it = bench(doubt(10, delivery={"content": {"text": "a private word"}}))
    it.looking.view = View(
        "conversation", (replace(SEEN, told=Told("another word")),), complete=True
    )
    with structlog.testing.capture_logs() as lines:
        await it.reconciler.round()

    (line,) = lines
    assert {
        "event": "delivery.looked_up",
        "log_level": "info",
        "delivery_id": str(DUE.delivery_id),
        "account_id": DUE.account_id,
        "trace_id": TRACE,
        "kind": "message",
        "look": 1,
        "asked": "conversation",
        "saw": "unclear",
        "because": "another",
        "outcome": "put_off",
        "age_s": 10.0,
        "wait_s": 10.0,
        "recorded": True,
    } == line


async def test_a_full_round_is_followed_at_once() -> None:
    """A backlog does not wait for the next tick."""
    it = bench(*[doubt()] * 3, limit=2)

    assert [True, False] == [await it.reconciler.round() for _ in range(2)]


async def test_told_to_stop_it_begins_no_look() -> None:
    """What was taken and not looked for is due again when its lease is over."""
    it, stop = bench(doubt(), doubt()), asyncio.Event()
    stop.set()

    await it.reconciler.round(stop)

    assert [] == it.order


async def test_it_runs_until_told_to_stop() -> None:
    """Rounds follow each other, also after one that failed, until it is told."""
    it, stop = bench(), asyncio.Event()
    takes = 0

    async def take(**_: object) -> Sequence[Doubt]:
        nonlocal takes
        takes += 1
        if takes == 1:
            raise Unavailable("PostgreSQL")
        stop.set()
        return []

    it.doubts.take = take  # type: ignore[method-assign]  # a fake's method, for one test
    await it.reconciler.run(stop)

    assert 2 == takes


async def test_alerts_are_settled_once_in_a_while() -> None:
    """What is rare costs a statement a minute, not one a round."""
    it = bench()
    for _ in range(3):
        await it.reconciler.round()

    assert 1 == it.doubts.settled
