"""An alert where operators look: a line and a figure when it is raised, and when it is over."""

from __future__ import annotations

from typing import Final

import structlog

from switchboard.telemetry.metrics import Meter, Metric

RAISED: Final = Metric("AlertsRaised")
RESOLVED: Final = Metric("AlertsResolved")

log = structlog.get_logger()


def tell_raised(
    meter: Meter, account_id: str, kind: str, *, subject: str = "", reason: str | None = None
) -> None:
    """Tell that an alert of `account_id` is open that was not."""
    meter.count(RAISED, kind=kind)
    log.warning("alert.raised", account_id=account_id, kind=kind, subject=subject, reason=reason)


def tell_resolved(meter: Meter, account_id: str, kind: str, *, subject: str = "") -> None:
    """Tell that an alert of `account_id` is over."""
    meter.count(RESOLVED, kind=kind)
    log.info("alert.resolved", account_id=account_id, kind=kind, subject=subject)
