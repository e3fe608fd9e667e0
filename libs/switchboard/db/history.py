"""
The ledger as it is read: one event with all that came of it, or all events in their order.

For the command line tools, which run as the role that owns the schema, and inside the envelope,
where one sees the events of one's own workspaces.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from switchboard.contracts import (
    AccountId,
    Answer,
    CampaignId,
    DeliveryId,
    EventId,
    PersonId,
    WorkspaceId,
)
from switchboard.db.pool import Queryable, Row
from switchboard.rules.explaining import Chapter, explain

_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    """
    An event with its decision, both as they were stored (JSON).

    `rules_version` is the one it was decided by; `None` where no rules were asked, or by a release
    that did not note it.
    """

    event_id: EventId
    workspace_id: WorkspaceId | None
    account: UUID | None
    instagram_id: AccountId
    kind: str
    person_id: PersonId | None
    received_at: datetime
    recorded_at: datetime
    outcome: str
    campaign_id: CampaignId | None
    rules_version: int | None
    decision: Mapping[str, Any]
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDelivery:
    """
    A delivery as it stands: its `state`, and for what `reason`.

    `steps` are those it took, in order: `{"after", "reason", "by", "at"}`.
    """

    id: DeliveryId
    campaign_id: CampaignId
    campaign_version: int
    step: str
    kind: str
    content: Mapping[str, Any]
    state: str
    reason: str | None
    after_id: DeliveryId | None
    not_before: datetime
    deadline: datetime
    attempts: int
    message_id: str | None
    graph_code: int | None
    graph_subcode: int | None
    fbtrace_id: str | None
    sent_at: datetime | None
    steps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class History:
    """
    An event and all that came of it, its deliveries in the order they were to go.

    `username` is the account's, and `campaigns` are its campaigns' names, as they are now.
    """

    past: PastEvent
    username: str | None
    campaigns: Mapping[CampaignId, str]
    deliveries: tuple[PastDelivery, ...]

    def explanation(self) -> list[Chapter]:
        """Return why the event got what it got, chapter by chapter, for people."""
        names = {str(campaign_id): name for campaign_id, name in self.campaigns.items()}
        rows = [_row(delivery) for delivery in self.deliveries]
        return explain(self.past.decision, self.past.event, names, rows)

    def classified(self) -> dict[str, Any] | None:
        """Return what the classifier had said of the event, as the decision keeps it."""
        for name in ("answer", "earlier"):
            answer = self.past.decision.get(name) or {}
            if answer.get("kind") == "intent":
                return {key: answer[key] for key in answer if key in Answer.model_fields}
        return None


async def event(db: Queryable, event_id: EventId) -> History | None:
    """Return what is known of one event, if it is in the ledger."""
    row = await db.fetchrow(_EVENT, event_id)
    if row is None:
        return None
    past = _past(row)
    names = await db.fetch(_NAMES, past.account)
    made = await db.fetch(_DELIVERIES, event_id)
    return History(
        past,
        row["username"],
        {CampaignId(one["id"]): one["name"] for one in names},
        tuple(_delivery(one) for one in made),
    )


async def events(
    db: Queryable,
    *,
    account: UUID | None = None,
    since: datetime,
    until: datetime | None = None,
    batch: int = _BATCH,
) -> AsyncIterator[PastEvent]:
    """
    Yield the events received from `since` to just before `until`, oldest first, a page at a time.

    Of one account, or of all. What is recorded meanwhile may or may not be among them.
    """
    page, whose = (_PAGE, ()) if account is None else (_PAGE_OF_ACCOUNT, (account,))
    after = (since, UUID(int=0))
    while True:
        rows = await db.fetch(page, *after, until, batch, *whose)
        for row in rows:
            yield _past(row)
        if len(rows) < batch:
            return
        after = (rows[-1]["received_at"], rows[-1]["event_id"])


async def count(
    db: Queryable, *, account: UUID | None, since: datetime, until: datetime | None
) -> int:
    """Return how many events were received from `since` to just before `until`."""
    row = await db.fetchrow(_COUNT, account, since, until)
    return 0 if row is None else int(row["events"])


def _row(delivery: PastDelivery) -> Mapping[str, Any]:
    """Return the delivery's columns, with moments as the decision writes them."""
    row = asdict(delivery)
    moments = ("not_before", "deadline", "sent_at")
    return row | {name: row[name] and row[name].isoformat() for name in moments}


def _past(row: Row) -> PastEvent:
    return PastEvent(**{name: row[name] for name in PastEvent.__slots__})


def _delivery(row: Row) -> PastDelivery:
    return PastDelivery(**{name: row[name] for name in PastDelivery.__slots__})


_COLUMNS: Final = """
select event.event_id, event.workspace_id, event.account_id as account, event.instagram_id,
       event.kind, event.person_id, event.received_at, event.recorded_at, event.outcome,
       event.campaign_id, (event.decision ->> 'rules_version')::bigint as rules_version,
       event.decision, event.event"""

_ONE: Final = """,
       account.username
  from public.events event
  left join public.instagram_accounts account on account.id = event.account_id
 where event.event_id = $1
"""

_FROM: Final = """
  from public.events event
 where event.received_at >= $1
   and (event.received_at, event.event_id) > ($1, $2::uuid)
   and ($3::timestamptz is null or event.received_at < $3)"""

_OF_ACCOUNT: Final = """
   and event.account_id = $5"""

_IN_ORDER: Final = """
 order by event.received_at, event.event_id
 limit $4
"""

_EVENT: Final = _COLUMNS + _ONE
_PAGE: Final = _COLUMNS + _FROM + _IN_ORDER
_PAGE_OF_ACCOUNT: Final = _COLUMNS + _FROM + _OF_ACCOUNT + _IN_ORDER

_COUNT = """
select count(*) as events
  from public.events
 where received_at >= $2
   and ($3::timestamptz is null or received_at < $3)
   and ($1::uuid is null or account_id = $1)
"""

_NAMES = """
select id, name from public.campaigns where account_id = $1
"""

_DELIVERIES = """
select id, campaign_id, campaign_version, step, kind, content, state, reason, after_id, not_before,
       deadline, attempts, message_id, graph_code, graph_subcode, fbtrace_id, sent_at,
       (select coalesce(jsonb_agg(jsonb_build_object('after', step.after, 'reason', step.reason,
                                                     'by', step.moved_by, 'at', step.at)
                                  order by step.number), '[]')
          from public.delivery_transitions step
         where step.delivery_id = deliveries.id) as steps
  from public.deliveries
 where event_id = $1
 order by not_before, step, id
"""
