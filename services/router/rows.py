"""A decided event, and the rows it becomes."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_core import to_json

from services.router.rulebooks import Tenant
from switchboard.contracts import InboundEvent
from switchboard.contracts.events import Comment
from switchboard.db.ledger import DeliveryDraft, Recorded
from switchboard.rules.decide import opens_window_until
from switchboard.rules.decision import Decision, Draft


@dataclass(frozen=True, slots=True)
class Decided:
    """An event with its account, if anyone has connected it, and what was decided."""

    event: InboundEvent
    tenant: Tenant | None
    decision: Decision


def recorded(one: Decided) -> Recorded:
    """Return the rows of one decided event: the event, its decision, its person, its deliveries."""
    event, tenant, decision = one.event, one.tenant, one.decision
    return Recorded(
        event_id=event.event_id,
        workspace_id=tenant.workspace_id if tenant else None,
        account=tenant.account if tenant else None,
        instagram_id=event.account_id,
        kind=event.kind,
        identity=event.identity(),
        person_id=event.person,
        username=event.author_username if isinstance(event, Comment) else None,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        outcome=decision.outcome,
        campaign_id=decision.campaign_id,
        decision=decision.explanation(),
        event=event.to_json(),
        trace_id=event.trace_id,
        inbound=opens_window_until(event) is not None,
        window_closes_at=opens_window_until(event),
        deliveries=tuple(_row(draft) for draft in decision.drafts),
    )


def _row(draft: Draft) -> DeliveryDraft:
    return DeliveryDraft(
        id=draft.id,
        campaign_id=draft.campaign_id,
        campaign_version=draft.campaign_version,
        step=draft.step,
        kind=draft.kind,
        person_id=draft.person_id,
        comment_id=draft.comment_id,
        content=to_json(draft.content).decode(),
        state="ready",
        not_before=draft.not_before,
        deadline=draft.deadline,
    )
