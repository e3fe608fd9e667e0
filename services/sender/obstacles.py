"""Whether a delivery may go at this moment. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.sender.endings import Late, Postponed
from switchboard.db.deliveries import Claimed


def obstacle(
    delivery: Claimed, *, now: datetime, call_budget: timedelta, margin: timedelta
) -> Late | Postponed | None:
    """
    Return why `delivery` may not go now, if so.

    A deadline that passes during the call, or within `margin` of it, has passed: Meta's clock
    decides, and it is not ours. What is too late is over even while the account is held.
    """
    if now + call_budget + margin >= delivery.deadline:
        return Late("deadline_passed")
    if delivery.status != "connected":
        return Postponed(f"account_{delivery.status}", timedelta())  # until it is: see the pacer
    if delivery.held_until is not None and delivery.held_until > now:
        return Postponed(delivery.hold_reason or "account_held", delivery.held_until - now)
    return None
