"""
The ledger: what happened, what was decided, and what is therefore to be sent.

A batch is one statement, so it is written whole or not at all, and writing it again changes
nothing: an event is decided once, deliveries are made by whoever decides it, and everybody is told
how it stands. Concurrent batches take their rows in one order (events, then deliveries, then
contacts, each sorted), so that none waits for one that waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from switchboard.contracts import (
    AccountId,
    CampaignId,
    CommentId,
    DeliveryId,
    EventId,
    PersonId,
    TraceId,
    WorkspaceId,
)
from switchboard.db.pool import Queryable, Row
from switchboard.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDraft:
    """
    A delivery to be made. `content` is JSON.

    One that is `ready` but not due for some time yet is stored as `parked`.
    """

    id: DeliveryId
    campaign_id: CampaignId
    campaign_version: int
    step: str
    kind: Literal["private_reply", "public_reply", "message"]
    person_id: PersonId | None
    comment_id: CommentId | None
    content: str
    state: Literal["waiting", "parked", "ready"]
    not_before: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """
    One event with its decision.

    `workspace_id` and `account` are both given or both `None`: nobody has connected the account,
    or the webhook could not be read. `decision` and `event` are JSON. `inbound` says that the
    person did something; `window_closes_at`, until when that lets the account write to them.
    """

    event_id: EventId
    workspace_id: WorkspaceId | None
    account: UUID | None
    instagram_id: AccountId
    kind: str
    identity: str
    person_id: PersonId | None
    occurred_at: datetime
    received_at: datetime
    outcome: str
    campaign_id: CampaignId | None
    decision: str
    event: str
    trace_id: TraceId
    username: str | None = None
    window_closes_at: datetime | None = None
    inbound: bool = False
    deliveries: tuple[DeliveryDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How an event stands after a batch, whoever recorded it.

    `ready` are its deliveries that no sender has taken: new ones, and those of an earlier attempt
    that was interrupted between the commit and publishing. `new`: it was not in the ledger before.
    """

    outcome: str
    ready: tuple[DeliveryId, ...]
    new: bool


async def record(db: Queryable, batch: Sequence[Recorded]) -> dict[EventId, Standing]:
    """
    Record `batch` in one statement; return how each of its events stands.

    Of an event that is in the ledger only an outcome `asked` is replaced, and only by another.
    Deliveries are stored for the events this call recorded or completed, unless they exist; a
    second private reply to a comment is left out in silence.

    Raises:
        Unavailable: The database is away. Record the same batch again.
    """
    pending = _once_each(batch)
    standings: dict[EventId, Standing] = {}
    for _ in range(_ATTEMPTS):
        if not pending:
            return standings
        rows = await db.fetch(_RECORD, *_arguments(pending))
        standings |= {row["event_id"]: _standing(row) for row in rows}
        # An event that another batch committed while this statement waited for it is in neither's
        # view: not inserted by us, not there when we began. Looking again finds it.
        pending = [one for one in pending if one.event_id not in standings]
    if pending:
        raise Unavailable("PostgreSQL: events vanished while they were recorded")
    return standings


_ATTEMPTS: Final = 3


def _once_each(batch: Sequence[Recorded]) -> list[Recorded]:
    """Return one for each event, by id; a decision rather than a question."""
    chosen: dict[EventId, Recorded] = {}
    for one in batch:
        before = chosen.get(one.event_id)
        if before is None or (before.outcome == "asked" and one.outcome != "asked"):
            chosen[one.event_id] = one
    return [chosen[event_id] for event_id in sorted(chosen)]


def _standing(row: Row) -> Standing:
    return Standing(row["outcome"], tuple(map(DeliveryId, row["ready"])), row["new"])


def _arguments(batch: Sequence[Recorded]) -> list[list[Any]]:
    """Return `_RECORD`'s parameters: one array for each column."""
    drafts = [(one.event_id, draft) for one in batch for draft in one.deliveries]
    return [
        [one.event_id for one in batch],
        [one.workspace_id for one in batch],
        [one.account for one in batch],
        [one.instagram_id for one in batch],
        [one.kind for one in batch],
        [storable(one.identity) for one in batch],
        [storable(one.person_id) for one in batch],
        [one.occurred_at for one in batch],
        [one.received_at for one in batch],
        [one.outcome for one in batch],
        [one.campaign_id for one in batch],
        [storable_json(one.decision) for one in batch],
        [storable_json(one.event) for one in batch],
        [one.trace_id for one in batch],
        [storable(one.username) for one in batch],
        [one.window_closes_at for one in batch],
        [one.inbound for one in batch],
        [event_id for event_id, _ in drafts],
        [draft.id for _, draft in drafts],
        [draft.campaign_id for _, draft in drafts],
        [draft.campaign_version for _, draft in drafts],
        [draft.step for _, draft in drafts],
        [draft.kind for _, draft in drafts],
        [storable(draft.person_id) for _, draft in drafts],
        [storable(draft.comment_id) for _, draft in drafts],
        [storable_json(draft.content) for _, draft in drafts],
        [draft.state for _, draft in drafts],
        [draft.not_before for _, draft in drafts],
        [draft.deadline for _, draft in drafts],
    ]


def storable(text: str | None) -> str | None:
    """Return `text` without U+0000, which people can type and PostgreSQL cannot store."""
    return text and text.replace("\x00", "\ufffd")


def storable_json(text: str) -> str:
    """Return JSON `text` without escapes of U+0000."""
    return _NUL_ESCAPE.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


# An even number of backslashes before it: they escape each other, not the u.
_NUL_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

# Data-modifying parts all see the tables as they were when the statement began, and each other only
# through RETURNING. `decided` are the events that are ours to act on: inserted here, or completed.
# A decision is taken from the batch and not from `excluded`, which one may read only with the right
# to read the ledger's.
#
# A router's clock may run ahead of the database's: what is ready is made due by the database's, or
# no sender could take it. Further ahead than clocks differ, it is not due and is parked.
_RECORD = """
with batch as (
  select * from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::timestamptz[], $9::timestamptz[], $10::text[], $11::uuid[], $12::text[], $13::text[],
    $14::text[], $15::text[], $16::timestamptz[], $17::boolean[]
  ) as one (event_id, workspace_id, account_id, instagram_id, kind, identity, person_id,
            occurred_at, received_at, outcome, campaign_id, decision, event, trace_id, username,
            window_closes_at, inbound)
), drafts as (
  select draft.*, draft.state = 'ready' and draft.not_before <= now() + interval '5 s' as due
    from unnest(
      $18::uuid[], $19::uuid[], $20::uuid[], $21::int[], $22::text[], $23::text[], $24::text[],
      $25::text[], $26::text[], $27::text[], $28::timestamptz[], $29::timestamptz[]
    ) as draft (event_id, id, campaign_id, campaign_version, step, kind, person_id, comment_id,
                content, state, not_before, deadline)
), decided as (
  insert into public.events as stored (
    event_id, workspace_id, account_id, instagram_id, kind, identity, person_id, occurred_at,
    received_at, outcome, campaign_id, decision, event, trace_id)
  select event_id, workspace_id, account_id, instagram_id, kind, identity, nullif(person_id, ''),
         occurred_at, received_at, outcome, campaign_id, decision::jsonb, event::jsonb, trace_id
    from batch
   order by event_id
  on conflict (event_id) do update
     set (outcome, campaign_id, decision) = (
           select outcome, campaign_id, decision::jsonb
             from batch
            where batch.event_id = stored.event_id)
   where stored.outcome = 'asked' and excluded.outcome <> 'asked'
  returning event_id, outcome
), made as (
  insert into public.deliveries (
    id, workspace_id, account_id, event_id, campaign_id, campaign_version, step, kind, person_id,
    comment_id, content, state, not_before, deadline, trace_id, published_at)
  select draft.id, batch.workspace_id, batch.account_id, draft.event_id, draft.campaign_id,
         draft.campaign_version, draft.step, draft.kind, draft.person_id, draft.comment_id,
         draft.content::jsonb,
         case when draft.state = 'ready' and not draft.due then 'parked' else draft.state end,
         case when draft.due then least(draft.not_before, now()) else draft.not_before end,
         draft.deadline, batch.trace_id,
         case when draft.due then now() end
    from drafts draft
    join batch using (event_id)
    join decided using (event_id)
   order by batch.account_id, draft.comment_id, draft.id
  on conflict do nothing
  returning event_id, id, state
), met as (
  insert into public.contacts as known (
    account_id, person_id, workspace_id, username, first_seen_at, last_inbound_at,
    window_closes_at)
  select batch.account_id, batch.person_id, batch.workspace_id,
         (array_agg(batch.username order by batch.occurred_at desc)
            filter (where batch.username <> ''))[1],
         min(least(batch.occurred_at, batch.received_at)),
         max(least(batch.occurred_at, batch.received_at)) filter (where batch.inbound),
         max(batch.window_closes_at)
    from batch
    join decided using (event_id)
   where batch.account_id is not null and batch.person_id <> ''
   group by batch.account_id, batch.person_id, batch.workspace_id
   order by batch.account_id, batch.person_id
  on conflict (account_id, person_id) do update
     set username = coalesce(excluded.username, known.username),
         first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
         last_inbound_at = greatest(known.last_inbound_at, excluded.last_inbound_at),
         window_closes_at = greatest(known.window_closes_at, excluded.window_closes_at)
   where known.username is distinct from coalesce(excluded.username, known.username)
      or excluded.first_seen_at < known.first_seen_at
      or excluded.last_inbound_at > coalesce(known.last_inbound_at, '-infinity')
      or excluded.window_closes_at > coalesce(known.window_closes_at, '-infinity')
), ready as (
  select event_id, id from made where state = 'ready'
  union all
  select event_id, id
    from public.deliveries
   where event_id = any ($1::uuid[]) and state = 'ready'
)
select batch.event_id,
       coalesce(decided.outcome, before.outcome) as outcome,
       before.event_id is null as new,
       array(select ready.id from ready where ready.event_id = batch.event_id order by ready.id)
         as ready
  from batch
  left join decided on decided.event_id = batch.event_id
  left join public.events before on before.event_id = batch.event_id
 where decided.event_id is not null or before.event_id is not null
"""
