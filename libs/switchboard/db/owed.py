"""
What is owed to people and how it stands, as a workspace's members list it.

Run inside the envelope. `by_hand` has one delivery with all that is known of it, and decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import Queryable, Row
from switchboard.db.where import Where
from switchboard.rules.decision import DeliveryKind
from switchboard.rules.states import BECOMES, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries are wanted; what is `None` is not asked for. `states`: of any of these."""

    states: Sequence[State] = ()
    account: UUID | None = None
    campaign: UUID | None = None
    kind: DeliveryKind | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A delivery in a list; `doubted_at` is when it became uncertain, the last time."""

    id: UUID
    event_id: UUID
    account_id: UUID
    campaign_id: UUID
    campaign: str
    kind: DeliveryKind
    step: str
    state: State
    reason: str | None
    person_id: str | None
    username: str | None
    comment_id: str | None
    content: Mapping[str, Any]
    attempts: int
    attempted_at: datetime | None
    doubted_at: datetime | None
    not_before: datetime
    deadline: datetime
    created_at: datetime
    sent_at: datetime | None


async def listed(
    db: Queryable,
    workspace: WorkspaceId,
    wanted: Wanted,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Owed]:
    """Return up to `limit` of a workspace's deliveries, the newest first."""
    where = Where()
    where.add("delivery.workspace_id = {}", workspace)
    if wanted.states:
        where.add(_in_states(wanted.states))
    where.add_given(
        ("delivery.account_id = {}", wanted.account),
        ("delivery.campaign_id = {}", wanted.campaign),
        ("delivery.kind = {}", wanted.kind),
        ("delivery.person_id = {}", wanted.person),
    )
    if after is not None:
        where.add("(delivery.created_at, delivery.id) < ({}, {}::uuid)", *after)
    order = f" order by delivery.created_at desc, delivery.id desc limit {where.value(limit)}"
    return [_owed(row) for row in await db.fetch(_LISTED + where.written() + order, *where.values)]


async def states(db: Queryable, workspace: WorkspaceId) -> Mapping[State, int]:
    """Return how many of a workspace's deliveries are in each state that is not the last."""
    return {row["state"]: row["deliveries"] for row in await db.fetch(_STATES, workspace)}


def _in_states(wanted: Sequence[State]) -> str:
    """Return the condition in so many words: an index holds just some states, by their names."""
    names = ", ".join(f"'{state}'" for state in BECOMES if state in wanted)
    return f"delivery.state in ({names})"


def _owed(row: Row) -> Owed:
    return Owed(**{name: row[name] for name in Owed.__slots__})


_LISTED: Final = """
select delivery.id, delivery.event_id, delivery.account_id, delivery.campaign_id,
       campaign.name as campaign, delivery.kind, delivery.step, delivery.state, delivery.reason,
       delivery.person_id, contact.username, delivery.comment_id, delivery.content,
       delivery.attempts, delivery.attempted_at, delivery.doubted_at, delivery.not_before,
       delivery.deadline, delivery.created_at, delivery.sent_at
  from public.deliveries delivery
  join public.campaigns campaign on campaign.id = delivery.campaign_id
  left join public.contacts contact
    on contact.account_id = delivery.account_id and contact.person_id = delivery.person_id
"""

_STATES = """
select state, count(*) as deliveries
  from (select state from public.deliveries
         where workspace_id = $1 and state in ('waiting', 'parked', 'uncertain')
        union all
        select delivery.state
          from public.instagram_accounts account
          join public.deliveries delivery on delivery.account_id = account.id
         where account.workspace_id = $1 and delivery.state = 'ready'
        union all
        select delivery.state
          from public.instagram_accounts account
          join public.deliveries delivery on delivery.account_id = account.id
         where account.workspace_id = $1 and delivery.state = 'sending') open
 group by state
"""
