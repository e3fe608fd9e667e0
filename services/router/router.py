"""The router's heart: a batch of events in, a decision recorded for each, its consequences out."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from services.router.rows import Decided, recorded
from services.router.rulebooks import Tenant
from switchboard.clock import Clock
from switchboard.contracts import (
    AccountId,
    Answer,
    DeliveryDue,
    EventId,
    EventNotUnderstood,
    InboundEvent,
    Question,
    WebhookUnreadable,
)
from switchboard.db.ledger import Recorded, Standing
from switchboard.queues import Outgoing, Received
from switchboard.rules.decide import Contact, decide, opens_window_until
from switchboard.rules.decision import Because, Decision
from switchboard.state.claims import Observed, Seen
from switchboard.telemetry import Meter, Metric

ROUTED = Metric("EventsRouted")
ROUTED_AFTER = Metric("RoutedAfter", "Milliseconds")

log = structlog.get_logger()


class Observations(Protocol):
    """What Redis knows of events and conversations."""

    async def observe(self, batch: Sequence[Observed]) -> Sequence[Seen]:
        """Claim each event and note the window it opens, all in one round trip."""
        ...


class Rules(Protocol):
    """The accounts' rules."""

    async def of(self, accounts: Iterable[AccountId]) -> Mapping[AccountId, Tenant | None]:
        """Return what is known of each account."""
        ...


class Ledger(Protocol):
    """The record of decisions."""

    async def record(self, batch: Sequence[Recorded]) -> Mapping[EventId, Standing]:
        """Write decisions and deliveries in one statement; return how each event now stands."""
        ...


class Out(Protocol):
    """A queue to write to."""

    def publish(self, messages: Sequence[Outgoing]) -> Awaitable[None]:
        """Store `messages`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """
    Decide events: drop what another message carries, decide, record, publish.

    `patience` is how long after an event an answer is still of use.
    """

    observations: Observations
    rules: Rules
    ledger: Ledger
    outbound: Out
    classify: Out
    meter: Meter
    now: Clock
    patience: timedelta

    async def events(self, batch: Sequence[Received[InboundEvent]], /) -> Sequence[None]:
        """
        Decide a batch of events.

        Raises:
            Unavailable: A dependency is away. Nothing, or only what may be done again, was done.
        """
        events = [received.message for received in batch]
        seen = await self.observations.observe([_observed(event) for event in events])
        mine = [(event, one) for event, one in zip(events, seen, strict=True) if one.first]
        tenants = await self.rules.of({event.account_id for event, _ in mine})
        decided = [
            self._decide(event, tenants[event.account_id], Contact(one.paused_until))
            for event, one in mine
        ]
        await self._record_and_publish(decided)
        self._tell(decided, duplicates=len(events) - len(mine))
        return [None] * len(batch)

    async def answers(self, batch: Sequence[Received[Answer]], /) -> Sequence[None]:
        """
        Decide the events whose answers have come.

        Raises:
            Unavailable: As `events`.
        """
        answers = [received.message for received in batch]
        tenants = await self.rules.of({answer.account_id for answer in answers})
        decided = [
            self._decide(answer.event, tenants[answer.account_id], Contact(), answer)
            for answer in answers
        ]
        await self._record_and_publish(decided)
        self._tell(decided, duplicates=0)
        return [None] * len(batch)

    def _decide(
        self,
        event: InboundEvent,
        tenant: Tenant | None,
        contact: Contact,
        answer: Answer | None = None,
    ) -> Decided:
        if tenant is None:
            return Decided(event, None, Decision("ignored", _without_account(event), self.now()))
        return Decided(event, tenant, decide(event, tenant.book, contact, self.now(), answer))

    async def _record_and_publish(self, decided: Sequence[Decided]) -> None:
        """Write it down, then publish what the ledger says is still to be published."""
        if not decided:
            return
        standings = await self.ledger.record([recorded(one) for one in decided])
        due: list[Outgoing] = []
        questions: list[Outgoing] = []
        for one in {one.event.event_id: one for one in decided}.values():
            standing = standings[one.event.event_id]
            due.extend(_due(one.event, standing))
            if standing.outcome == "asked" and one.decision.outcome == "asked":
                questions.append(self._question(one))
        if due:
            await self.outbound.publish(due)
        if questions:
            await self.classify.publish(questions)

    def _question(self, one: Decided) -> Outgoing:
        if one.tenant is None:
            raise AssertionError("an account nobody has connected has no intents to ask about")
        question = Question(
            event=one.event,
            text=getattr(one.event, "text", None) or "",
            intents=one.tenant.book.intents,
            intents_version=one.tenant.book.version,
            asked_at=self.now(),
            answer_by=one.event.received_at + self.patience,
        )
        return Outgoing(question.to_json(), group=one.event.account_id)

    def _tell(self, decided: Sequence[Decided], *, duplicates: int) -> None:
        """One line and one count for each event."""
        for one in decided:
            after_ms = (self.now() - one.event.received_at).total_seconds() * 1000
            log.info(
                "event.routed",
                event_id=str(one.event.event_id),
                account_id=one.event.account_id,
                kind=one.event.kind,
                outcome=one.decision.outcome,
                because=one.decision.because,
                campaign_id=one.decision.campaign_id and str(one.decision.campaign_id),
                deliveries=len(one.decision.drafts),
                trace_id=one.event.trace_id,
                after_ms=round(after_ms, 1),
            )
            self.meter.count(ROUTED, 1, outcome=one.decision.outcome)
            self.meter.observe(ROUTED_AFTER, max(after_ms, 0.0))
        if duplicates:
            self.meter.count(ROUTED, duplicates, outcome="duplicate")


def _without_account(event: InboundEvent) -> Because:
    """Return why an event that belongs to no connected account is kept unanswered."""
    match event:
        case WebhookUnreadable():
            return "unreadable"
        case EventNotUnderstood():
            return "not_understood"
        case _:
            return "account_unknown"


def _observed(event: InboundEvent) -> Observed:
    """
    Return what Redis is asked about `event`.

    The claimant is the webhook that brought it: a message given to us twice is the same claimant,
    a webhook that Meta repeated is another.
    """
    return Observed(
        account_id=event.account_id,
        event_id=event.event_id,
        claimant=event.trace_id,
        person_id=event.person,
        window_closes_at=opens_window_until(event),
    )


def _due(event: InboundEvent, standing: Standing) -> Iterable[Outgoing]:
    for delivery_id in standing.ready:
        due = DeliveryDue(
            delivery_id=delivery_id, account_id=event.account_id, trace_id=event.trace_id
        )
        yield Outgoing(due.to_json(), group=event.account_id)
