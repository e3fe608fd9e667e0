"""Uncertain deliveries in Postgres, as the reconciler sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from services.sender.conclusions import Wait
from services.sender.evidence import Sighting
from switchboard.contracts import CommentId, DeliveryDue
from switchboard.db import alerts, uncertain
from switchboard.db.chains import Due
from switchboard.db.pool import Database
from switchboard.db.uncertain import ALERT, UNRESOLVED, Doubt, Note, Standing, Word
from switchboard.telemetry import Meter
from switchboard.telemetry.alerts import tell_raised, tell_resolved


@dataclass(frozen=True, slots=True)
class StoredDoubts:
    """
    Uncertain deliveries in Postgres.

    A person is asked before the row says so, and told that it is over after the row does: if we die
    in between, somebody is asked for nothing, which `settle_alerts` puts right.
    """

    db: Database
    meter: Meter

    async def take(self, *, limit: int, each: int, lease: timedelta) -> Sequence[Doubt]:
        """Return those whose time to be looked for has come."""
        return await uncertain.take(self.db, limit=limit, each=each, lease=lease)

    async def own_words(self, doubt: Doubt) -> Sequence[Word]:
        """Return what the account said there, as its webhooks told."""
        return await uncertain.own_words(self.db, doubt)

    async def parent_comment(self, doubt: Doubt) -> CommentId | None:
        """Return the comment that the delivery's comment answers."""
        return await uncertain.parent_comment(self.db, doubt)

    async def standing(self, doubt: Doubt, messages: Sequence[str]) -> Standing:
        """Return which messages are others', and whether others are unanswered."""
        return await uncertain.standing(self.db, doubt, messages)

    async def resolve_sent(
        self, doubt: Doubt, note: Note, sighting: Sighting, *, skew: timedelta
    ) -> Sequence[DeliveryDue] | None:
        """Record that it was sent; return what is due by it."""
        sent = await uncertain.resolve_sent(
            self.db,
            doubt,
            note,
            message_id=sighting.message_id,
            recipient_id=sighting.recipient_id,
            sent_at=sighting.at,
            skew=skew,
        )
        if sent is None:
            return None
        await self._settle_alert(doubt)
        return [_message(due) for due in sent.due]

    async def send_again(self, doubt: Doubt, note: Note) -> DeliveryDue | None:
        """Make it ready, and return it."""
        due = await uncertain.send_again(self.db, doubt, note)
        return None if due is None else _message(due)

    async def resolve_not_sent(
        self, doubt: Doubt, note: Note, state: Literal["expired", "refused"]
    ) -> bool:
        """Record that it never will be sent."""
        if not await uncertain.resolve_not_sent(self.db, doubt, note, state):
            return False
        await self._settle_alert(doubt)
        return True

    async def look_again(self, doubt: Doubt, note: Note, wait: Wait) -> bool:
        """Record when to look again."""
        if wait.ask:
            delivery = doubt.delivery
            detail = {
                "kind": delivery.kind,
                "campaign_id": delivery.campaign_id,
                "doubted_at": doubt.doubted_at,
                "absent": wait.absent_at is not None,
            }
            subject = str(delivery.id)
            is_news = await alerts.raise_alert(
                self.db, delivery.account, ALERT, subject=subject, detail=detail
            )
            if is_news:
                tell_raised(self.meter, delivery.instagram_id, ALERT, subject=subject)
        return await uncertain.look_again(
            self.db,
            doubt,
            note,
            after=wait.wait,
            absent_at=wait.absent_at,
            unresolved=wait.ask,
        )

    async def settle_alerts(self) -> int:
        """Ask no more about what is decided."""
        return await uncertain.settle_alerts(self.db)

    async def _settle_alert(self, doubt: Doubt) -> None:
        if doubt.reason == UNRESOLVED:
            delivery, subject = doubt.delivery, str(doubt.delivery.id)
            if await alerts.resolve(self.db, delivery.account, ALERT, subject=subject):
                tell_resolved(self.meter, delivery.instagram_id, ALERT, subject=subject)


def _message(due: Due) -> DeliveryDue:
    return DeliveryDue(
        delivery_id=due.delivery_id, account_id=due.account_id, trace_id=due.trace_id
    )
