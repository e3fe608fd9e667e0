"""The sender's heart: claim, do what is due once, record, tell what became ready by it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import uuid4

import structlog

from services.sender.endings import Delivered, Ending, Postponed
from services.sender.lookups import Lookups, Queue
from services.sender.speaking import Speaking
from services.sender.timers import Timers
from services.sender.webhooks import Webhooks
from switchboard.clock import Clock
from switchboard.contracts import DeliveryDue, DeliveryId
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure, Unavailable
from switchboard.queues import Outgoing, Receipt
from switchboard.telemetry import Meter, Metric

DELIVERIES: Final = Metric("Deliveries")
DELIVERY_AGE: Final = Metric("DeliveryQueued", "Milliseconds")
GRAPH_ERRORS: Final = Metric("GraphErrors")  # by reason: as many as the table has, at most
UNKNOWN_ERRORS: Final = Metric("GraphUnknownErrors")

_FIRST_RETRY_S: Final = 0.1
_LONGEST_RETRY_S: Final = 2.0

log = structlog.get_logger()


class Ledger(Protocol):
    """The rows of deliveries."""

    async def claim(
        self, delivery_id: DeliveryId, *, owner: str, lease: timedelta
    ) -> Claimed | None:
        """Make a ready row `sending` and `owner`'s for `lease`; `None` if it is not ready."""
        ...

    async def record(
        self, delivery: Claimed, ending: Ending, *, owner: str
    ) -> Sequence[DeliveryDue] | None:
        """Write how the claim ended; return what is due by it, or `None`: no longer `owner`'s."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """
    Does one delivery, once, however often the queue says it is due.

    The row is `sending` before the call leaves; a row that is not `ready` is somebody else's or
    done. `lease` outlasts the call, so that a row whose lease ran out has no call under way. What
    is said to people is said by `speaking`; a lookup, a timer or a webhook does no harm twice, and
    is done again if we die over it.
    """

    ledger: Ledger
    speaking: Speaking
    lookups: Lookups
    timers: Timers
    webhooks: Webhooks
    outbound: Queue
    meter: Meter
    now: Clock
    lease: timedelta

    async def __call__(self, due: DeliveryDue, receipt: Receipt, /) -> None:
        """
        Do what is due.

        Raises:
            Unavailable: The row could not be claimed; nothing has happened.
        """
        began_at = time.monotonic()
        owner = uuid4().hex  # of this claim, not of this process: an old claim of ours is not ours
        delivery = await self.ledger.claim(due.delivery_id, owner=owner, lease=self.lease)
        if delivery is None:
            self.meter.count(DELIVERIES, outcome="not_due")
            log.info("delivery.attempted", **_names(due), outcome="not_due")
            return
        lease_ends_at = began_at + self.lease.total_seconds()
        ending = await self._attempt(delivery, lease_ends_at=lease_ends_at)
        ready = await self._record(delivery, ending, owner=owner, give_up_at=lease_ends_at)
        queued_ms = (self.now() - receipt.sent_at) / timedelta(milliseconds=1)
        self.meter.observe(DELIVERY_AGE, max(queued_ms, 0.0))
        self._tell(due, delivery, ending, recorded=ready is not None)
        await self._publish(ready or ())

    async def _attempt(self, delivery: Claimed, *, lease_ends_at: float) -> Ending:
        """Do what the delivery's kind stands for; return how it ended."""
        match delivery.kind:
            case "lookup":
                return await self.lookups.attempt(delivery)
            case "timer":
                return await self.timers.attempt(delivery)
            case "webhook":
                return await self.webhooks.attempt(delivery)
            case _:
                return await self.speaking.attempt(delivery, lease_ends_at=lease_ends_at)

    async def _record(
        self, delivery: Claimed, ending: Ending, *, owner: str, give_up_at: float
    ) -> Sequence[DeliveryDue] | None:
        """
        Write the ending, trying until the lease is over; return what is due by it if written.

        Unwritten, the row stays `sending` until its lease runs out, and is uncertain then. That is
        less than we know, and safe.
        """
        wait_s = _FIRST_RETRY_S
        while True:
            try:
                return await self.ledger.record(delivery, ending, owner=owner)
            except Unavailable as failure:
                if time.monotonic() + wait_s > give_up_at:
                    log.error(  # noqa: TRY400  our own outcome, told in one line without a trace
                        "delivery.unrecorded",
                        delivery_id=str(delivery.id),
                        outcome=ending.outcome,
                        message_id=_message_id(ending),
                        because=str(failure),
                    )
                    return None
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_RETRY_S)

    async def _publish(self, ready: Sequence[DeliveryDue]) -> None:
        """
        Tell of what waited for this delivery.

        If that fails they are ready rows nobody was told of, which the pacer finds.
        """
        if not ready:
            return
        try:
            await self.outbound.publish([Outgoing(one.to_json(), one.account_id) for one in ready])
        except Failure as failure:
            log.warning("deliveries.not_told", n=len(ready), because=str(failure))

    def _tell(self, due: DeliveryDue, delivery: Claimed, ending: Ending, *, recorded: bool) -> None:
        """Write the one line, and count."""
        if ending.said.code is not None:
            self.meter.count(GRAPH_ERRORS, reason=ending.reason or "unknown_error")
        if ending.reason == "unknown_error":
            self.meter.count(UNKNOWN_ERRORS)
        self.meter.count(DELIVERIES, outcome=ending.outcome)
        log.info(
            "delivery.attempted",
            **_names(due),
            kind=delivery.kind,
            outcome=ending.outcome,
            reason=ending.reason,
            wait_s=ending.wait.total_seconds() if isinstance(ending, Postponed) else None,
            message_id=_message_id(ending),
            code=ending.said.code,
            subcode=ending.said.subcode,
            fbtrace_id=ending.said.trace_id,
            usage_percent=ending.said.usage.percent,
            recorded=recorded,
        )


def _names(due: DeliveryDue) -> dict[str, str]:
    return {
        "delivery_id": str(due.delivery_id),
        "account_id": due.account_id,
        "trace_id": due.trace_id,
    }


def _message_id(ending: Ending) -> str | None:
    return ending.message_id if isinstance(ending, Delivered) else None
