"""An event on its way through the router, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from services.router.rulebooks import Tenant
from switchboard.contracts import AnyAnswer, EventId, InboundEvent, PersonId
from switchboard.rules.contact import Contact, Origin
from switchboard.rules.decision import Decision

# A person as one account knows them: the account by our id, the person by Meta's.
Person: TypeAlias = tuple[UUID, PersonId]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """
    An event to be decided. Each is its own: two with the same contents are two.

    `tenant` is `None` where nobody has connected the account. `person_id` is the event's, or for a
    click that of the delivery it came from. `cached` is the contact as Redis has it, if it does,
    and `window_closes_at` what Redis knows of the window; `erasings`, how those of the account
    stood when it was asked.
    """

    event: InboundEvent
    tenant: Tenant | None
    answer: AnyAnswer | Origin | None = None
    person_id: PersonId | None = None
    cached: Contact | None = None
    window_closes_at: datetime | None = None
    erasings: str = ""

    @property
    def event_id(self) -> EventId:
        """The event's id."""
        return self.event.event_id

    @property
    def person(self) -> Person | None:
        """Whose contact the event is decided by, if it is anybody's."""
        if self.tenant is None or not self.person_id:
            return None
        return self.tenant.account, self.person_id


@dataclass(frozen=True, slots=True)
class Decided:
    """A case, the contact it was decided by, and what was decided."""

    case: Case
    contact: Contact
    decision: Decision

    @property
    def event(self) -> InboundEvent:
        """The event that was decided."""
        return self.case.event
