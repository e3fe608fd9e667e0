"""What the tests of the router stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.router.origins import Origins
from services.router.publishing import Publishing
from services.router.rounds import Rounds
from services.router.router import Router
from services.router.rulebooks import RuleBooks
from services.router.stores import (
    StoredContacts,
    StoredDeliveries,
    StoredLedger,
    StoredPosts,
    StoredRules,
)
from switchboard.clock import utc_now
from switchboard.contracts import (
    DELIVERY_DUE,
    CampaignId,
    CommentWritten,
    DeliveryId,
    InboundEvent,
    MessageReceived,
    PersonId,
)
from switchboard.db import contacts, tenancy
from switchboard.db.pool import Database, Row
from switchboard.queues import Outgoing, Receipt, Received
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.rules.contact import Contact
from switchboard.state import Contacts, Observations
from switchboard.state.client import Redis
from switchboard.telemetry import Meter
from tests.integration.db.town import Shop

PERSON = PersonId("1234567890")
RECEIPT = Receipt(message_id="m", receives=1, sent_at=datetime(2026, 11, 2, tzinfo=UTC))


@dataclass
class Queue:
    """A queue: what was published, each as it came."""

    published: list[Outgoing] = field(default_factory=list)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.published += messages

    def due(self) -> list[DeliveryId]:
        """Return the deliveries senders were told of."""
        return [DELIVERY_DUE.validate_json(one.body).delivery_id for one in self.published]


@dataclass
class Stage:
    """A tenant, and routers that share everything as processes would."""

    owner: Database
    db: Database
    redis: Redis
    shop: Shop
    outbound: Queue = field(default_factory=Queue)
    classify: Queue = field(default_factory=Queue)
    meter: Meter = field(default_factory=lambda: Meter("router", "test"))
    now: Any = utc_now
    _router: Router | None = None

    def another_router(self) -> Router:
        """Return a router of its own, with rules of its own in memory."""
        rules = RuleBooks(StoredRules(self.db), poll_s=3_600, capacity=10)
        return Router(
            observations=Observations(self.redis),
            memory=Contacts(self.redis),
            rules=rules,
            origins=Origins(deliveries=StoredDeliveries(self.db), now=self.now),
            rounds=Rounds(
                contacts=StoredContacts(self.db),
                versions=rules,
                ledger=StoredLedger(self.db),
                now=self.now,
            ),
            posts=StoredPosts(self.db),
            publishing=Publishing(
                outbound=self.outbound,
                classify=self.classify,
                now=self.now,
                patience=timedelta(seconds=60),
            ),
            meter=self.meter,
            now=self.now,
        )

    async def publish(self, definition: Mapping[str, Any]) -> tuple[CampaignId, int]:
        """Publish a version of the shop's campaign; routers made from now on go by it."""
        self._router = None
        version = await tenancy.publish_campaign(
            self.owner,
            self.shop.campaign,
            workspace=self.shop.workspace,
            account=self.shop.account,
            name="link",
            rank=1,
            definition=CAMPAIGN_DEFINITION.validate_python(definition),
        )
        return self.shop.campaign, version

    async def route(self, *events: InboundEvent) -> list[BaseException | None]:
        """Let one router handle a batch of events."""
        self._router = self._router or self.another_router()
        return list(await self._router.events(received(*events)))

    async def answer(self, *answers: Any) -> list[BaseException | None]:
        """Let one router handle a batch of answers."""
        self._router = self._router or self.another_router()
        return list(await self._router.answers(received(*answers)))

    def comment(self, **fields: Any) -> CommentWritten:
        """Return a comment by PERSON with the keyword, a moment ago."""
        return CommentWritten.model_validate(
            self._common()
            | {"comment_id": uuid4().hex, "author_id": PERSON, "text": "LINK", "media_id": "18"}
            | fields
        )

    def message(self, text: str, **fields: Any) -> MessageReceived:
        """Return a message from PERSON, a moment ago."""
        return MessageReceived.model_validate(
            self._common() | {"message_id": uuid4().hex, "sender_id": PERSON, "text": text} | fields
        )

    def _common(self) -> dict[str, Any]:
        now = self.now()
        return {
            "account_id": self.shop.instagram_id,
            "occurred_at": now,
            "received_at": now,
            "trace_id": uuid4().hex,
        }

    async def contact(self, person_id: PersonId = PERSON) -> Contact:
        """Return a person as Postgres has them."""
        person = (self.shop.account, person_id)
        return (await contacts.load(self.db, [person]))[person]

    async def ledger(self) -> Sequence[Row]:
        """Return the events as they were decided, oldest first."""
        return await self.owner.fetch(_EVENTS, self.shop.account)

    async def deliveries(self) -> Sequence[Row]:
        """Return the deliveries that were made, in the order they were to go."""
        return await self.owner.fetch(_DELIVERIES, self.shop.account)


def received(*messages: Any) -> list[Received[Any]]:
    """Return messages as a consumer hands them over."""
    return [Received(one, RECEIPT) for one in messages]


_EVENTS = """
select event_id, person_id, outcome, decision, event
  from public.events
 where account_id = $1
 order by occurred_at, event_id
"""

_DELIVERIES = """
select id, event_id, person_id, kind, content, state
  from public.deliveries
 where account_id = $1
 order by not_before, step, id
"""
