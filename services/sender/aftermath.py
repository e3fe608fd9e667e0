"""
What the end of an attempt means for the delivery's account.

Held, because Meta restricts it; free again, because Meta took its probe; to be connected again,
because its token is no good. And what a person is told then, or need not look at any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from services.sender.alarms import Alarm, alarm_of
from services.sender.endings import Delivered, Ending, Hold, Postponed
from switchboard.db import alerts, connections, holds
from switchboard.db.alerts import Over
from switchboard.db.deliveries import Claimed
from switchboard.db.holds import Held
from switchboard.db.pool import Queryable
from switchboard.telemetry import Meter
from switchboard.telemetry.alerts import tell_raised, tell_resolved

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What came of it: `raised` only if nobody had said so yet."""

    held: Held | None = None
    freed: bool = False
    raised: Alarm | None = None
    over: Sequence[Over] = ()


def concerns_account(delivery: Claimed, ending: Ending) -> bool:
    """Whether `ending` says anything about the account; mostly it does not."""
    if delivery.holds > 0 or alarm_of(ending) is not None:
        return True
    if isinstance(ending, Postponed):
        return ending.reconnect or ending.hold is not None
    return _taken(ending) and (delivery.alerts_end or not delivery.proven)


async def settle_account(db: Queryable, delivery: Claimed, ending: Ending) -> Aftermath:
    """Write what `ending` means for the account of `delivery`; return what that was."""
    if _taken(ending):
        return await _let_free(db, delivery)
    alarm = alarm_of(ending)
    if isinstance(ending, Postponed) and ending.hold is not None:
        return await _restrict(db, delivery, alarm, ending.reason, ending.hold)
    if isinstance(ending, Postponed) and ending.reconnect:
        is_news = await _need_reconnect(db, delivery, ending.reason)
        alarm = alarm if is_news else None
    if delivery.holds:
        await holds.leave_probe(db, delivery.account, delivery.id)
    return await _raise(db, delivery, alarm, Aftermath())


def tell_account(meter: Meter, delivery: Claimed, aftermath: Aftermath) -> None:
    """Write what came of it, and count."""
    account_id, held, raised = delivery.instagram_id, aftermath.held, aftermath.raised
    if held is not None:
        until = held.until.isoformat()
        log.warning("account.held", account_id=account_id, until=until, number=held.number)
    if aftermath.freed:
        log.info("account.freed", account_id=account_id)
    if raised is not None:
        tell_raised(meter, account_id, raised.kind, subject=raised.subject, reason=raised.reason)
    for over in aftermath.over:
        tell_resolved(meter, account_id, over.kind, subject=over.subject)


def _taken(ending: Ending) -> bool:
    """Whether Meta took what was said; that a question was answered says nothing of sending."""
    return isinstance(ending, Delivered) and ending.message_id is not None


async def _let_free(db: Queryable, delivery: Claimed) -> Aftermath:
    freed = delivery.holds > 0 and await holds.lift(db, delivery.account, delivery.id)
    if not delivery.proven:
        await holds.prove(db, delivery.account)
    if not freed and not delivery.alerts_end:
        return Aftermath()
    return Aftermath(freed=freed, over=await alerts.end_by_success(db, delivery.account))


async def _restrict(
    db: Queryable, delivery: Claimed, alarm: Alarm | None, reason: str, hold: Hold
) -> Aftermath:
    """Hold the account; or, if it was held so often that it will not help, ask for a login."""
    held = await holds.hold(
        db,
        delivery.account,
        by=delivery.id,
        reason=reason,
        first=hold.first,
        longest=hold.longest,
    )
    if not _is_lasting(held, hold) or not await _need_reconnect(db, delivery, reason):
        return await _raise(db, delivery, alarm, Aftermath(held=held))
    over = []
    if alarm is not None and await alerts.resolve(db, delivery.account, alarm.kind):
        over = [Over(alarm.kind, "")]
    login = Alarm("reconnect_needed", reason)
    return await _raise(db, delivery, login, Aftermath(over=over))


def _is_lasting(held: Held | None, hold: Hold) -> bool:
    """Whether it came so often in a row that waiting will not help."""
    after = hold.reconnect_after
    return held is not None and after is not None and held.number >= after


async def _need_reconnect(db: Queryable, delivery: Claimed, reason: str) -> bool:
    return await connections.need_reconnect(
        db, delivery.account, used=delivery.credential, reason=reason
    )


async def _raise(
    db: Queryable, delivery: Claimed, alarm: Alarm | None, found: Aftermath
) -> Aftermath:
    if alarm is None:
        return found
    detail: dict[str, Any] = {"reason": alarm.reason}
    if found.held is not None:
        detail["until"] = found.held.until.isoformat()
    is_news = await alerts.raise_alert(
        db, delivery.account, alarm.kind, subject=alarm.subject, detail=detail
    )
    return replace(found, raised=alarm if is_news else None)
