"""
Deliveries as a person sees and decides them, at a command line.

For the role that owns the schema. What is decided is taken only if the delivery is in a state that
leaves it to a person: uncertain, or for calling it off, not tried yet. Nobody is told of what
becomes ready by it; the pacer finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from switchboard.contracts import AccountId, CampaignId, DeliveryId
from switchboard.db import alerts
from switchboard.db.chains import CANCEL, RELEASE
from switchboard.db.pool import Database, Queryable, Row
from switchboard.db.uncertain import ALERT
from switchboard.rules.decision import DeliveryKind
from switchboard.rules.states import State


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


async def decide_sent(db: Database, delivery: DeliveryId, message_id: str | None) -> bool:
    """
    Record that an uncertain delivery was sent, as `message_id` if that is known.

    False: it is not uncertain, or another delivery has that message.
    """
    return await _decide(db, _SENT, delivery, message_id)


async def decide_retry(db: Database, delivery: DeliveryId) -> bool:
    """Record that an uncertain delivery is to be sent again; false: it is not uncertain."""
    return await _decide(db, _RETRY, delivery)


async def decide_drop(db: Database, delivery: DeliveryId) -> bool:
    """Record that an uncertain delivery is left as it is; false: it is not uncertain."""
    return await _decide(db, _DROP, delivery)


async def call_off(db: Database, delivery: DeliveryId) -> bool:
    """Call off a delivery that was not tried yet, or may be tried again; false: it is neither."""
    return await _decide(db, _CALL_OFF, delivery)


async def whose(db: Queryable, account: UUID, message_id: str) -> DeliveryId | None:
    """Return which of an account's deliveries has a message, if one has."""
    row = await db.fetchrow(_WHOSE, account, message_id)
    return None if row is None else DeliveryId(row["id"])


async def _decide(db: Database, statement: str, delivery: DeliveryId, *arguments: object) -> bool:
    """Decide, and ask nobody any more."""
    async with db.transaction() as tx:
        row: Row | None = await tx.fetchrow(statement, delivery, *arguments)
        if row is not None:
            await alerts.resolve(tx, row["account_id"], ALERT, subject=str(delivery))
        return row is not None


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
select delivery.id, delivery.event_id, delivery.account_id as account, account.instagram_id,
       account.username, delivery.campaign_id, campaign.name as campaign, delivery.step,
       delivery.kind, delivery.person_id, delivery.comment_id, delivery.content, delivery.state,
       delivery.reason, delivery.attempts, delivery.attempted_at, delivery.attempt_over_at,
       delivery.doubted_at, delivery.look_at, delivery.not_before, delivery.deadline,
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

_ENDED: Final = """
  returning id, account_id
)"""
_TELL: Final = """
select id, account_id from ended
"""

_WAS_SENT: Final = """
with recursive ended as (
  update public.deliveries decided
     set state = 'sent', moved_by = 'owner', reason = 'decided_sent', lease_until = null,
         sent_at = coalesce(attempt_over_at, now()), message_id = $2
   where id = $1 and state = 'uncertain'
     and not exists (
       select from public.deliveries other
        where other.account_id = decided.account_id and other.message_id = $2)"""
_SENT: Final = _WAS_SENT + _ENDED + RELEASE + _TELL

# Published as long ago as can be: nobody is told of it here.
_RETRY: Final = """
update public.deliveries
   set state = 'ready', moved_by = 'owner', reason = 'decided_retry', lease_owner = null,
       lease_until = null, published_at = to_timestamp(0)
 where id = $1 and state = 'uncertain'
returning id, account_id
"""

_IS_DROPPED: Final = """
with recursive ended as (
  update public.deliveries
     set state = 'cancelled', moved_by = 'owner', reason = 'decided_drop', lease_until = null
   where id = $1 and state = 'uncertain'"""
_DROP: Final = _IS_DROPPED + _ENDED + CANCEL + _TELL

_IS_CALLED_OFF: Final = """
with recursive ended as (
  update public.deliveries
     set state = 'cancelled', moved_by = 'owner', reason = 'called_off'
   where id = $1 and state in ('waiting', 'parked', 'ready')"""
_CALL_OFF: Final = _IS_CALLED_OFF + _ENDED + CANCEL + _TELL
