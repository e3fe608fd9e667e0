"""One line and one count for each event that was routed."""

from __future__ import annotations

from collections import Counter
from typing import Final

import structlog

from services.router.batch import Batch
from services.router.cases import Decided
from switchboard.clock import Clock
from switchboard.telemetry import Meter, Metric

ROUTED: Final = Metric("EventsRouted")
ROUTED_AFTER: Final = Metric("RoutedAfter", "Milliseconds")
CONFLICTS: Final = Metric("RevisionConflicts")
ERASED: Final = Metric("EventsOfErased")

log = structlog.get_logger()


def tell(batch: Batch, meter: Meter, now: Clock, *, duplicates: int) -> None:
    """Log and count what became of the batch; `duplicates` were dropped before it."""
    for one, _ in batch.done:
        _tell_one(one, meter, now)
    for outcome, n in Counter(one.decision.outcome for one, _ in batch.done).items():
        meter.count(ROUTED, n, outcome=outcome)
    if duplicates:
        meter.count(ROUTED, duplicates, outcome="duplicate")
    erased = sum(standing.erased for _, standing in batch.done)
    if erased:
        meter.count(ERASED, erased)
    if batch.conflicts:
        meter.count(CONFLICTS, batch.conflicts.total())


def _tell_one(one: Decided, meter: Meter, now: Clock) -> None:
    event, decision = one.event, one.decision
    after_ms = (now() - event.received_at).total_seconds() * 1000
    log.info(
        "event.routed",
        event_id=str(event.event_id),
        account_id=event.account_id,
        kind=event.kind,
        outcome=decision.outcome,
        because=decision.because,
        campaign_id=decision.campaign_id and str(decision.campaign_id),
        deliveries=len(decision.drafts),
        trace_id=event.trace_id,
        after_ms=round(after_ms, 1),
    )
    meter.observe(ROUTED_AFTER, max(after_ms, 0.0))
