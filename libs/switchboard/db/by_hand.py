"""
Deliveries as a person sees and decides them.

For the role that owns the schema, at a command line, and inside the envelope. What is decided is
taken only if the delivery is in a state that leaves it to a person: uncertain, or for calling it
off, not tried yet. Nobody is told of what becomes ready by it; the pacer finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from switchboard.contracts import AccountId, CampaignId, DeliveryId, WorkspaceId
from switchboard.db.pool import Queryable
from switchboard.rules.decision import DeliveryKind
from switchboard.rules.states import State

# Of an uncertain one: it was sent, it is to be sent again, it is left as it is. Of one that was not
# tried yet: it is called off.
Verdict: TypeAlias = Literal["sent", "retry", "drop", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A delivery in a list; `doubted_at` is when it became uncertain, the last time."""

    id: DeliveryId
    kind: DeliveryKind
    campaign: str
    state: State
    reason: str | None
    attempts: int
    attempted_at: datetime | None
    doubted_at: datetime | None
    deadline: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    One delivery with all that is known of it.

    `steps` are those it took, `{"after", "reason", "by", "at"}`; `looks` each time it was looked
    for, `{"at", "asked", "outcome", "because", "seen", "message_id"}`; both in order.
    `window_closes_at` is the person's as it is now.
    """

    id: DeliveryId
    event_id: UUID
    workspace_id: WorkspaceId
    account: UUID
    instagram_id: AccountId
    username: str
    campaign_id: CampaignId
    campaign: str
    step: str
    kind: DeliveryKind
    person_id: str | None
    comment_id: str | None
    content: Mapping[str, Any]
    state: State
    reason: str | None
    attempts: int
    attempted_at: datetime | None
    attempt_over_at: datetime | None
    doubted_at: datetime | None
    look_at: datetime | None
    not_before: datetime
    deadline: datetime
    window_closes_at: datetime | None
    sent_at: datetime | None
    message_id: str | None
    recipient_id: str | None
    graph_code: int | None
    graph_subcode: int | None
    fbtrace_id: str | None
    trace_id: str
    steps: Sequence[Mapping[str, Any]]
    looks: Sequence[Mapping[str, Any]]

    @property
    def closes_at(self) -> datetime:
        """The last moment Meta allows it: a message's person may have written since."""
        if self.kind != "message" or self.window_closes_at is None:
            return self.deadline
        return max(self.deadline, self.window_closes_at)


async def listed(
    db: Queryable, account: UUID, *, state: State | None, last: int
) -> Sequence[Listed]:
    """Return an account's latest deliveries, of one state or of all, the newest first."""
    rows = await db.fetch(_LISTED, account, state, last)
    return [Listed(**{name: row[name] for name in Listed.__slots__}) for row in rows]


async def shown(db: Queryable, delivery: DeliveryId) -> Shown | None:
    """Return one delivery, if there is such a one."""
    row = await db.fetchrow(_SHOWN, delivery)
    return None if row is None else Shown(**{name: row[name] for name in Shown.__slots__})


async def decide(
    db: Queryable, delivery: DeliveryId, verdict: Verdict, message_id: str | None = None
) -> bool:
    """
    Decide what became of a delivery or is to become of it, and ask nobody about it any more.

    `message_id` is what Meta calls it, if it was sent and that is known. False: it is in no state
    that leaves this to a person, or another delivery has that message.
    """
    row = await db.fetchrow(_DECIDE, delivery, verdict, message_id)
    return row is not None and bool(row["decided"])


async def decide_as_caller(
    db: Queryable, delivery: DeliveryId, verdict: Verdict, message_id: str | None = None
) -> bool:
    """
    Decide as `decide` does, for the caller whose claims the transaction has.

    Raises:
        QueryFailed: They are no editor of its workspace.
    """
    row = await db.fetchrow(_DECIDE_AS_CALLER, delivery, verdict, message_id)
    return row is not None and bool(row["decided"])


async def whose(db: Queryable, account: UUID, message_id: str) -> DeliveryId | None:
    """Return which of an account's deliveries has a message, if one has."""
    row = await db.fetchrow(_WHOSE, account, message_id)
    return None if row is None else DeliveryId(row["id"])


_LISTED = """
select delivery.id, delivery.kind, campaign.name as campaign, delivery.state, delivery.reason,
       delivery.attempts, delivery.attempted_at, delivery.doubted_at, delivery.deadline,
       delivery.created_at
  from public.deliveries delivery
  join public.campaigns campaign on campaign.id = delivery.campaign_id
 where delivery.account_id = $1 and ($2::text is null or delivery.state = $2)
 order by delivery.created_at desc, delivery.id
 limit $3
"""

_SHOWN = """
select delivery.id, delivery.event_id, delivery.workspace_id, delivery.account_id as account,
       account.instagram_id, account.username, delivery.campaign_id, campaign.name as campaign,
       delivery.step, delivery.kind, delivery.person_id, delivery.comment_id, delivery.content,
       delivery.state, delivery.reason, delivery.attempts, delivery.attempted_at,
       delivery.attempt_over_at, delivery.doubted_at, delivery.look_at, delivery.not_before,
       delivery.deadline,
       contact.window_closes_at, delivery.sent_at, delivery.message_id, delivery.recipient_id,
       delivery.graph_code, delivery.graph_subcode, delivery.fbtrace_id, delivery.trace_id,
       (select coalesce(jsonb_agg(jsonb_build_object('after', step.after, 'reason', step.reason,
                                                     'by', step.moved_by, 'at', step.at)
                                  order by step.number), '[]')
          from public.delivery_transitions step
         where step.delivery_id = delivery.id) as steps,
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'at', look.at, 'asked', look.asked, 'outcome', look.outcome,
                 'because', look.because, 'seen', look.seen, 'message_id', look.message_id)
               order by look.number), '[]')
          from public.delivery_looks look
         where look.delivery_id = delivery.id) as looks
  from public.deliveries delivery
  join public.instagram_accounts account on account.id = delivery.account_id
  join public.campaigns campaign on campaign.id = delivery.campaign_id
  left join public.contacts contact
    on contact.account_id = delivery.account_id and contact.person_id = delivery.person_id
 where delivery.id = $1
"""

_WHOSE = """
select id from public.deliveries where account_id = $1 and message_id = $2
"""

_DECIDE = """
select private.end_delivery($1, $2, $3) as decided
"""

_DECIDE_AS_CALLER = """
select private.decide_delivery($1, $2, $3) as decided
"""
