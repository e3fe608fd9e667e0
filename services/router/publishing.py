"""What is published because of a decision: deliveries that are due, and questions."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from services.router.cases import Decided
from switchboard.clock import Clock
from switchboard.contracts import DeliveryDue, EventId, Question
from switchboard.db.ledger import Standing
from switchboard.queues import Outgoing


class Out(Protocol):
    """A queue to write to."""

    def publish(self, messages: Sequence[Outgoing]) -> Awaitable[None]:
        """Store `messages`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """
    Publishes what the ledger says is still to be published.

    `patience` is how long after an event an answer is still of use.
    """

    outbound: Out
    classify: Out
    now: Clock
    patience: timedelta

    async def publish(self, done: Iterable[tuple[Decided, Standing]]) -> None:
        """
        Publish the consequences of what was recorded. Saying it twice does no harm.

        Raises:
            Unavailable: SQS is away; some may be published.
        """
        due: list[Outgoing] = []
        questions: list[Outgoing] = []
        last: dict[EventId, tuple[Decided, Standing]] = {
            one.event.event_id: (one, standing) for one, standing in done
        }
        for one, standing in last.values():
            due.extend(_due(one, standing))
            if standing.outcome == "asked" and one.decision.because == "asks_classifier":
                questions.append(self._question(one))
        if due:
            await self.outbound.publish(due)
        if questions:
            await self.classify.publish(questions)

    def _question(self, one: Decided) -> Outgoing:
        tenant = one.case.tenant
        if tenant is None:
            raise AssertionError("an account nobody has connected has no intents to ask about")
        question = Question(
            event=one.event,
            text=getattr(one.event, "text", None) or "",
            intents=tenant.book.intents,
            intents_version=tenant.book.version,
            asked_at=self.now(),
            answer_by=one.event.received_at + self.patience,
            threshold=tenant.book.asking.threshold,
            calibration=tenant.book.asking.calibration,
        )
        return Outgoing(question.to_json(), group=one.event.account_id)


def _due(one: Decided, standing: Standing) -> Iterator[Outgoing]:
    for delivery_id in standing.ready:
        due = DeliveryDue(
            delivery_id=delivery_id, account_id=one.event.account_id, trace_id=one.event.trace_id
        )
        yield Outgoing(due.to_json(), group=one.event.account_id)
