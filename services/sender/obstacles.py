"""Whether a delivery may go at this moment. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.sender.endings import Late, Never, Postponed
from switchboard.db.deliveries import Claimed

# A call takes a fraction of it.
_MOMENT: Final = timedelta(seconds=1)


def obstacle(
    delivery: Claimed, *, now: datetime, call_budget: timedelta, margin: timedelta
) -> Never | Late | Postponed | None:
    """
    Return why what is said to a person may not go now, if so.

    A deadline that passes during the call, or within `margin` of it, has passed: Meta's clock
    decides, and it is not ours. What is too late is over even while the account is held, and so is
    what its person does not want, or what a human has taken over.
    """
    if now + call_budget + margin >= closes_at(delivery):
        return Late("deadline_passed")
    return (
        _unwanted(delivery, now)
        or _behind(delivery)
        or _paused_by_owner(delivery, now)
        or account_obstacle(delivery, now=now)
    )


def account_obstacle(delivery: Claimed, *, now: datetime) -> Postponed | None:
    """
    Return why nothing of the delivery's account may go to Meta now, if so.

    Without a moment to come back: the pacer passes over such an account until it may send again,
    which can be sooner than it looks now.
    """
    if delivery.status != "connected":
        return Postponed(f"account_{delivery.status}", timedelta())
    if delivery.held_until is not None and delivery.held_until > now:
        return Postponed(delivery.hold_reason or "account_held", timedelta())
    return None


def _behind(delivery: Claimed) -> Postponed | None:
    """
    Return that it must not overtake an earlier message to its person, if it would.

    One that is parked or uncertain holds up nobody but its own chain: it may stay so for hours.
    """
    return Postponed("conversation_order", _MOMENT) if delivery.behind else None


def _paused_by_owner(delivery: Claimed, now: datetime) -> Postponed | None:
    """Return that the owner wants nothing said at present, if so; that may end sooner, too."""
    until = delivery.account_paused_until
    return None if until is None or until <= now else Postponed("account_paused", timedelta())


def closes_at(delivery: Claimed) -> datetime:
    """
    Return the last moment at which Meta allows it.

    A message's deadline is the person's window as it was when deciding; whoever has written since
    has moved it. A comment's seven days do not move.
    """
    window = delivery.window_closes_at
    if delivery.kind != "message" or window is None:
        return delivery.deadline
    return max(delivery.deadline, window)


def _unwanted(delivery: Claimed, now: datetime) -> Never | None:
    """
    Return why it is not to be said any more: told to stop, or a human speaks.

    What the very event sends that began the pause (a handover's own message) is not held back.
    """
    if delivery.opted_out_at is not None:
        return Never("opted_out")
    paused = delivery.paused_until is not None and delivery.paused_until > now
    if paused and delivery.paused_by != delivery.event_id:
        return Never("taken_over")
    return None
