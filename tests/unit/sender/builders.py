"""Deliveries and fakes, from only what a test is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.sender.composing import Tracking
from services.sender.endings import Ending
from services.sender.sender import Sender
from switchboard.contracts import (
    AccountId,
    CommentId,
    DeliveryDue,
    DeliveryId,
    MessageId,
    PersonId,
    TraceId,
)
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure
from switchboard.graph import Message, Posted, Said, Sent
from switchboard.queues import Receipt
from switchboard.state import Bucket, Recall
from switchboard.telemetry import Meter

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ID = DeliveryId(UUID(int=7))
ACCOUNT, PERSON = AccountId("17841400000000001"), PersonId("1234567890123456")
COMMENT = CommentId("17900000000000001")
TRACE = TraceId("a" * 32)
RECEIPT = Receipt(message_id="m", receives=1, sent_at=NOON)
DUE = DeliveryDue(delivery_id=ID, account_id=ACCOUNT, trace_id=TRACE)
SENT = Sent(MessageId("mid.1"), PERSON, Said())


def claimed(**fields: Any) -> Claimed:
    """A claimed message to a person, its deadline a day away."""
    common: dict[str, Any] = {
        "id": ID,
        "event_id": UUID(int=1),
        "kind": "message",
        "content": {"text": "Hello"},
        "person_id": PERSON,
        "comment_id": COMMENT,
        "deadline": NOON + timedelta(hours=24),
        "attempts": 1,
        "trace_id": TRACE,
        "campaign_id": UUID(int=2),
        "campaign_version": 1,
        "step": "0",
        "workspace_id": UUID(int=3),
        "account": UUID(int=4),
        "instagram_id": ACCOUNT,
        "app_scoped_id": None,
        "status": "connected",
        "held_until": None,
        "hold_reason": None,
        "private_replies_per_hour": 720,
        "sends_per_second": 50,
        "credential": None,
    }
    return Claimed(**(common | fields))


@dataclass
class FakeLedger:
    """One row: claimable once; keeps endings, and fails as often as told before it does."""

    row: Claimed | None = field(default_factory=claimed)
    endings: list[Ending] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    owners: set[str] = field(default_factory=set)

    async def claim(
        self, delivery_id: DeliveryId, *, owner: str, lease: timedelta
    ) -> Claimed | None:
        self.order.append("claim")
        self.owners.add(owner)
        row, self.row = self.row, None
        return row

    async def begun(self, bucket: Bucket, *, besides: Claimed) -> int:
        return 0

    async def record(self, delivery: Claimed, ending: Ending, *, owner: str) -> bool:
        self.order.append("record")
        if self.failures:
            raise self.failures.pop(0)
        self.owners.add(owner)
        self.endings.append(ending)
        return True


@dataclass
class FakeTokens:
    """A token, or why there is none."""

    failure: Failure | None = None

    def token(self, delivery: Claimed) -> str:
        if self.failure is not None:
            raise self.failure
        return "token"


@dataclass
class FakeLimits:
    """Grants, or says why not; remembers who was cooled."""

    order: list[str]
    failure: Failure | None = None
    times: int | None = None  # how often it fails; None: always
    cooled: list[timedelta] = field(default_factory=list)

    async def reserve(
        self, account_id: AccountId, buckets: Sequence[Bucket], *, recall: Recall
    ) -> None:
        self.order.append("reserve")
        if self.failure is not None and self.times != 0:
            self.times = None if self.times is None else self.times - 1
            raise self.failure

    async def cool(self, account_id: AccountId, *, wait: timedelta) -> None:
        self.cooled.append(wait)


@dataclass
class FakeGraph:
    """Meta, answering as told."""

    order: list[str]
    answer: Sent | Failure = SENT
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    async def send(self, account_id: AccountId, message: Message, *, token: str) -> Sent:
        self._called(account_id, message.body, token)
        if isinstance(self.answer, Failure):
            raise self.answer
        return self.answer

    async def reply_publicly(self, comment_id: CommentId, text: str, *, token: str) -> Posted:
        self._called(comment_id, text, token)
        if isinstance(self.answer, Failure):
            raise self.answer
        return Posted(CommentId("18"), self.answer.said)

    def _called(self, *call: Any) -> None:
        self.order.append("call")
        self.calls.append(call)


@dataclass
class Bench:
    """A sender among fakes."""

    ledger: FakeLedger
    tokens: FakeTokens
    limits: FakeLimits
    graph: FakeGraph
    sender: Sender

    @property
    def order(self) -> list[str]:
        return self.ledger.order


def bench(
    row: Claimed | None = None,
    *,
    tracking: Tracking | None = None,
    now: Callable[[], datetime] = lambda: NOON,
    lease: timedelta = timedelta(seconds=60),
) -> Bench:
    """A sender among fakes, with `row` ready to be claimed."""
    ledger = FakeLedger(row or claimed())
    limits, graph = FakeLimits(ledger.order), FakeGraph(ledger.order)
    tokens = FakeTokens()
    sender = Sender(
        ledger=ledger,
        tokens=tokens,
        limits=limits,
        graph=graph,
        tracking=tracking,
        meter=Meter("sender", "test"),
        now=now,
        lease=lease,
        call_budget=timedelta(seconds=10),
        margin=timedelta(minutes=5),
    )
    return Bench(ledger, tokens, limits, graph, sender)
