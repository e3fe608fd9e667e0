"""A wait of a campaign's flow is over: an event of our own, for the router."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.sender.answers import ContentUnreadable
from services.sender.endings import Delivered, Ending, ending_of
from services.sender.lookups import Queue
from switchboard.clock import Clock
from switchboard.contracts import FlowDue
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure
from switchboard.queues import Outgoing

# A timer's step is the position of the step that waits, and what tells its deliveries apart.
_POSITION: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """
    Lets timers go off, on the queue `events`.

    The event goes out before the row is settled. It is named after the row, so if it goes out
    again, because somebody died in between, it is the same event. It needs no token and asks
    nothing of Meta: what may be said then is decided then.
    """

    events: Queue
    now: Clock

    async def attempt(self, delivery: Claimed) -> Ending:
        """Publish the event; return how it ended."""
        try:
            event = self._event(delivery)
            await self.events.publish([Outgoing(event.to_json(), event.account_id)])
        except Failure as failure:
            return ending_of(failure, delivery)
        return Delivered()

    def _event(self, delivery: Claimed) -> FlowDue:
        position = _POSITION.match(delivery.step)
        if position is None or delivery.person_id is None:
            raise ContentUnreadable(f"timer {delivery.id} names no person or no step")
        now = self.now()
        return FlowDue(
            account_id=delivery.instagram_id,
            occurred_at=now,
            received_at=now,
            trace_id=delivery.trace_id,
            person_id=delivery.person_id,
            delivery_id=delivery.id,
            campaign_id=delivery.campaign_id,
            campaign_version=delivery.campaign_version,
            step=int(position[0]),
        )
