"""A decided event, and the rows it becomes."""

from __future__ import annotations

from pydantic_core import to_json

from services.router.cases import Decided
from switchboard.contracts.events import Comment
from switchboard.db.ledger import ContactKept, DeliveryDraft, Recorded
from switchboard.rules.decide import opens_window_until
from switchboard.rules.decision import Draft


def recorded(one: Decided) -> Recorded:
    """Return the rows of one decided event: the event, its decision, its person, its deliveries."""
    event, tenant, decision = one.event, one.case.tenant, one.decision
    return Recorded(
        event_id=event.event_id,
        workspace_id=tenant.workspace_id if tenant else None,
        account=tenant.account if tenant else None,
        instagram_id=event.account_id,
        kind=event.kind,
        identity=event.identity(),
        person_id=one.case.person_id,
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
        bound=tuple((one.campaign_id, one.media_id) for one in decision.bound),
    )


def kept(one: Decided) -> ContactKept | None:
    """Return the contact the decision goes by, and what becomes of it; `None` without a person."""
    case, decision = one.case, one.decision
    if case.tenant is None or case.person is None or case.person_id is None:
        return None
    return ContactKept(
        account=case.tenant.account,
        workspace_id=case.tenant.workspace_id,
        person_id=case.person_id,
        expected=one.contact.revision,
        after=decision.after,
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
        state="ready" if draft.after is None else "waiting",
        not_before=draft.not_before,
        deadline=draft.deadline,
        after_id=draft.after,
        lane=draft.lane,
    )
