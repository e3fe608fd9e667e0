"""
Whose an echo or a click is, by our own deliveries.

An echo can be here before Meta's answer to the call it is of, and that answer may never come. Then
no delivery has its message, and what it says decides: what an unanswered delivery says word for
word is ours, and is recorded at once, where the sender's reconciler finds it. So neither waits for
the other. What is not like any uncertain delivery was typed by hand. In between, while a call is
under way or too little is told, the echo waits; but not for ever.
"""

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
from switchboard.db.origins import Traced
from switchboard.errors import Throttled
from switchboard.rules.contact import Origin
from switchboard.rules.wording import Told, attachment, likeness, wording

# A call to Meta takes at most some ten seconds, its bookkeeping no longer, and looking an uncertain
# one up begins at once. An echo that is still nobody's after a minute is taken for ours: silence
# towards a person needs more than a doubt.
PATIENCE: Final = timedelta(seconds=60)
LOOK_AGAIN_S: Final = 2.0

# Our id of the account; the message and whom it went to; the delivery whose link was opened.
Echo: TypeAlias = tuple[UUID, MessageId, PersonId]
Click: TypeAlias = tuple[UUID, DeliveryId]


class Deliveries(Protocol):
    """Our deliveries in Postgres."""

    async def of_echoes(self, echoes: Sequence[Echo]) -> Sequence[Traced]:
        """Return for each of `echoes` whether it is ours, or which delivery it may be of."""
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
            event.event_id: self._settled(event, traced)
            for (event, _), traced in zip(echoes, found, strict=True)
        }

    def _settled(self, event: Echoed, traced: Traced) -> Origin | Throttled:
        origin = whose(event, traced)
        if origin == "doubtful" and self.now() - event.received_at <= PATIENCE:
            # Not a receive that counts: a minute of them would be more than the queue allows.
            return Throttled("a call to this person is unanswered", after_s=LOOK_AGAIN_S)
        return Origin(ours=origin != "foreign")

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


def whose(event: Echoed, traced: Traced) -> Literal["ours", "doubtful", "foreign"]:
    """
    Return whose the message is that `event` echoes.

    While a call is under way nothing but the very words decides: its answer, which is exact, comes
    in a moment.
    """
    if traced.ours:
        return "ours"
    attached = frozenset(attachment(one.type) for one in event.attachments)
    told = Told(event.text, attached)
    like = {
        (one.state, likeness(wording(one.kind, one.content, one), told))
        for one in traced.unanswered
    }
    if any(how == "same" for _, how in like):
        return "ours"
    if any(state == "sending" or how != "other" for state, how in like):
        return "doubtful"
    return "foreign"
