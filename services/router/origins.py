"""Whose an echo or a click is, by our own deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, Protocol, TypeAlias
from uuid import UUID

from services.router.rulebooks import Tenant
from switchboard.clock import Clock
from switchboard.contracts import (
    AccountId,
    DeliveryId,
    Echoed,
    EventId,
    InboundEvent,
    LinkClicked,
    MessageId,
    PersonId,
)
from switchboard.errors import Throttled
from switchboard.rules.contact import Origin

# A call to Meta takes at most some ten seconds, its bookkeeping no longer. An echo that is still
# nobody's after a minute is taken for ours: silence towards a person needs more than a doubt.
PATIENCE: Final = timedelta(seconds=60)
LOOK_AGAIN_S: Final = 2.0

# Our id of the account; the message and whom it went to; the delivery whose link was opened.
Echo: TypeAlias = tuple[UUID, MessageId, PersonId]
Click: TypeAlias = tuple[UUID, DeliveryId]


class Deliveries(Protocol):
    """Our deliveries in Postgres."""

    async def of_echoes(
        self, echoes: Sequence[Echo]
    ) -> Sequence[Literal["ours", "pending", "foreign"]]:
        """
        Return for each of `echoes` whose it is.

        `pending`: a call to that person is under way, and its message has no id yet.
        """
        ...

    async def of_clicks(self, clicks: Sequence[Click]) -> Mapping[Click, Origin]:
        """Return the deliveries that were clicked in, as far as there are such."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Looks up a batch's echoes and clicks: one query for each of the two, if there are any."""

    deliveries: Deliveries
    now: Clock

    async def of(
        self, events: Sequence[InboundEvent], tenants: Mapping[AccountId, Tenant | None]
    ) -> Mapping[EventId, Origin | Throttled]:
        """
        Return the origin of each echo and click of a connected account.

        `Throttled` instead: it cannot be told yet, and the event must come again.

        Raises:
            Unavailable: The database is away.
        """
        ours = [(event, tenants[event.account_id]) for event in events]
        echoes = [(e, t.account) for e, t in ours if t is not None and isinstance(e, Echoed)]
        clicks = [(e, t.account) for e, t in ours if t is not None and isinstance(e, LinkClicked)]
        return {**await self._of_echoes(echoes), **await self._of_clicks(clicks)}

    async def _of_echoes(
        self, echoes: Sequence[tuple[Echoed, UUID]]
    ) -> Mapping[EventId, Origin | Throttled]:
        if not echoes:
            return {}
        found = await self.deliveries.of_echoes(
            [(account, event.message_id, event.recipient_id) for event, account in echoes]
        )
        return {
            event.event_id: self._settled(event, whose)
            for (event, _), whose in zip(echoes, found, strict=True)
        }

    def _settled(
        self, event: Echoed, whose: Literal["ours", "pending", "foreign"]
    ) -> Origin | Throttled:
        if whose == "pending" and self.now() - event.received_at <= PATIENCE:
            # Not a receive that counts: a minute of them would be more than the queue allows.
            return Throttled("a call to this person is under way", after_s=LOOK_AGAIN_S)
        return Origin(ours=whose != "foreign")

    async def _of_clicks(
        self, clicks: Sequence[tuple[LinkClicked, UUID]]
    ) -> Mapping[EventId, Origin]:
        if not clicks:
            return {}
        named = {
            event.event_id: (account, DeliveryId(event.delivery_id)) for event, account in clicks
        }
        found = await self.deliveries.of_clicks(list(set(named.values())))
        nobodys = Origin(ours=False)
        return {event_id: found.get(click, nobodys) for event_id, click in named.items()}
