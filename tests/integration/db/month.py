"""What happens to a shop within a month, as campaigns are judged by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from switchboard.contracts import CampaignId, DeliveryId, PersonId
from switchboard.contracts.ids import event_id
from switchboard.db import ledger
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, draft, force, recorded

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Month:
    """Lets things happen to a shop."""

    owner: Database
    shop: Shop

    async def come(
        self,
        person: str,
        at: datetime = NOON,
        *,
        because: str = "keyword",
        answer: str | None = "sent",
        campaign: CampaignId | None = None,
        sent_at: datetime | None = None,
        **fields: Any,
    ) -> DeliveryId | None:
        """Let somebody do something; return what they got, which is in the state `answer`."""
        identity = uuid4().hex
        event = event_id(identity)
        of = campaign or self.shop.campaign
        owed = draft(self.shop, event, campaign_id=of, person_id=PersonId(person))
        whole: dict[str, Any] = {
            "person_id": PersonId(person),
            "received_at": at,
            "decision": f'{{"because": "{because}"}}',
            "campaign_id": of if answer else None,
            "outcome": "matched" if answer else "no_match",
            "deliveries": (owed,) if answer else (),
        }
        await ledger.record(self.owner, [recorded(self.shop, identity, **whole | fields)])
        if not answer:
            return None
        if answer != "ready":
            await force(self.owner, owed.id, answer)
        await self.owner.execute(
            """
            update public.deliveries
               set created_at = $2, sent_at = case when state = 'sent' then $3::timestamptz end
             where id = $1
            """,
            owed.id,
            at,
            sent_at or at,
        )
        return owed.id

    async def tap(self, person: str, at: datetime) -> DeliveryId | None:
        """Let somebody tap a button, which is answered."""
        return await self.come(person, at, because="tap", kind="postback.v1")

    async def click(self, person: str, delivery: DeliveryId | None, at: datetime) -> None:
        """Let somebody open the link in a delivery."""
        event = f'{{"delivery_id": "{delivery}", "url": "https://shop.example"}}'
        await self.come(
            person,
            at,
            because="clicked",
            answer=None,
            outcome="ignored",
            kind="link_clicked.v1",
            event=event,
            occurred_at=at,
        )
