"""
What happened in a workspace, as its members look at it: newest first, or as it comes.

Run inside the envelope. `history` has one event with all that came of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from switchboard.contracts import EventId, WorkspaceId
from switchboard.db.funnel import STAGES, Stage
from switchboard.db.pool import Queryable, Row
from switchboard.db.where import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which events are wanted; what is `None` is not asked for. `until` is just before it.

    `stage` is how far they got, as `funnel` counts; `answered`, whether any campaign answers.
    """

    account: UUID | None = None
    campaign: UUID | None = None
    kind: str | None = None
    outcome: str | None = None
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    stage: Stage | None = None
    answered: bool | None = None


_ANYTHING: Final = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """
    An event in a list. `deliveries` are what came of it: `{"id", "kind", "state", "reason"}`.

    `username` is what the person was called last, `campaign` the campaign's name as it is now.
    """

    id: EventId
    account_id: UUID
    kind: str
    person_id: str | None
    username: str | None
    text: str | None
    media_id: str | None
    occurred_at: datetime
    received_at: datetime
    recorded_at: datetime
    outcome: str
    because: str | None
    campaign_id: UUID | None
    campaign: str | None
    deliveries: Sequence[Mapping[str, Any]]


# Nothing that is being recorded takes longer: the pool's limit on a statement, and a little more.
SETTLED: Final = timedelta(seconds=20)


async def latest(
    db: Queryable,
    workspace: WorkspaceId,
    wanted: Wanted,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Happened]:
    """Return up to `limit` events by when they were received, the newest first."""
    where = _where(workspace, wanted)
    if after is not None:
        where.add("(event.received_at, event.event_id) < ({}, {}::uuid)", *after)
    order = f" order by event.received_at desc, event.event_id desc limit {where.value(limit)}"
    return await _listed(db, where, order)


async def recorded(
    db: Queryable,
    workspace: WorkspaceId,
    wanted: Wanted,
    *,
    since: datetime,
    besides: Collection[EventId],
    limit: int,
) -> Sequence[Happened]:
    """
    Return up to `limit` events that were recorded after `since`, the oldest first.

    One that was being recorded for a while shows only then, with the moment at which that began: so
    ask from `SETTLED` before the last one on, `besides` those that are known.
    """
    where = _where(workspace, wanted)
    where.add("event.recorded_at > {}", since)
    where.add("event.event_id <> all ({}::uuid[])", list(besides))
    order = f" order by event.recorded_at, event.event_id limit {where.value(limit)}"
    return await _listed(db, where, order)


async def decided(
    db: Queryable, workspace: WorkspaceId, asked: Collection[EventId]
) -> Sequence[Happened]:
    """Return those of the events `asked` that are decided by now."""
    where = _where(workspace)
    where.add("event.event_id = any ({}::uuid[])", list(asked))
    where.add("event.outcome <> {}", "asked")
    return await _listed(db, where, " order by event.recorded_at, event.event_id")


async def ids(
    db: Queryable, workspace: WorkspaceId, *, since: datetime
) -> Mapping[EventId, datetime]:
    """Return which events were recorded after `since`, and when."""
    rows = await db.fetch(_IDS, workspace, since)
    return {EventId(row["event_id"]): row["recorded_at"] for row in rows}


async def now(db: Queryable) -> datetime:
    """Return the moment that what is recorded from now on is recorded at, or after."""
    row = await db.fetchrow("select now() as now")
    assert row is not None
    moment: datetime = row["now"]
    return moment


def _where(workspace: WorkspaceId, wanted: Wanted = _ANYTHING) -> Where:
    where = Where()
    where.add("event.workspace_id = {}", workspace)
    where.add_given(
        ("event.account_id = {}", wanted.account),
        ("event.campaign_id = {}", wanted.campaign),
        ("event.kind = {}", wanted.kind),
        ("event.outcome = {}", wanted.outcome),
        ("event.person_id = {}", wanted.person),
        ("event.received_at >= {}", wanted.since),
        ("event.received_at < {}", wanted.until),
        ("position(lower({}) in lower(event.event ->> 'text')) > 0", wanted.text),
        ("(event.campaign_id is not null) = {}", wanted.answered),
    )
    if wanted.stage is not None:
        where.add(STAGES[wanted.stage])
    return where


async def _listed(db: Queryable, where: Where, order: str) -> Sequence[Happened]:
    query = _LISTED + where.written() + order
    return [_happened(row) for row in await db.fetch(query, *where.values)]


def _happened(row: Row) -> Happened:
    return Happened(**{name: row[name] for name in Happened.__slots__})


_LISTED = """
select event.event_id as id, event.account_id, event.kind, event.person_id,
       coalesce(contact.username, event.event ->> 'author_username') as username,
       event.event ->> 'text' as text, event.event ->> 'media_id' as media_id, event.occurred_at,
       event.received_at, event.recorded_at, event.outcome, event.decision ->> 'because' as because,
       event.campaign_id, campaign.name as campaign,
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'id', delivery.id, 'kind', delivery.kind, 'state', delivery.state,
                 'reason', delivery.reason)
               order by delivery.not_before, delivery.step, delivery.id), '[]')
          from public.deliveries delivery
         where delivery.event_id = event.event_id) as deliveries
  from public.events event
  left join public.contacts contact
    on contact.account_id = event.account_id and contact.person_id = event.person_id
  left join public.campaigns campaign on campaign.id = event.campaign_id
"""

_IDS = """
select event_id, recorded_at from public.events where workspace_id = $1 and recorded_at > $2
"""
