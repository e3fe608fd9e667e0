"""
What campaigns come to, day by day: of those who came, who was answered, tapped and clicked.

Each number counts events with which something began, on the day they were received; what happened
to them later counts for that day, too. So a number is never higher than the one it is a part of,
and the events it counts are those that `activity` lists for its stage. What somebody tapped and
clicked who was erased since is not known any more, and counts for nothing.

    came ─▶ matched ─▶ sent ─▶ tapped
               │         │ └──▶ clicked
               │         └──▶ late      answered, but not soon
               ├──▶ waiting             will be answered, or may have been
               └──▶ lost                will not be answered any more

Old days are counted once and kept (`keep`), and again when something about them changes; a day that
the ledger has dropped stays as it was counted. That the kept ones are what counting gives is the
database's to see to: `private.funnel`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from switchboard.contracts import CampaignId, WorkspaceId
from switchboard.db.pool import Queryable

Stage = Literal["came", "matched", "sent", "tapped", "clicked", "late", "waiting", "lost"]


@dataclass(frozen=True, slots=True)
class Kept:
    """How many days of an account were counted to be kept, and how many are still to be."""

    counted: int
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """
    One day of an account's, from `begins_at` to just before `ends_at` as its time zone has it.

    `campaign_id` is the one that answered; `None`: none did, and only `came` is not 0. A day is not
    `openable` once the ledger has dropped events of it.
    """

    account_id: UUID
    day: date
    begins_at: datetime
    ends_at: datetime
    openable: bool
    campaign_id: CampaignId | None
    campaign: str | None
    came: int
    matched: int
    sent: int
    tapped: int
    clicked: int
    late: int
    waiting: int
    lost: int


async def days(
    db: Queryable,
    workspace: WorkspaceId,
    *,
    account: UUID | None,
    campaign: UUID | None,
    first: date,
    last: date,
) -> Sequence[Day]:
    """Return each day and campaign on which anything came, from `first` to `last`, in order."""
    rows = await db.fetch(_DAYS, workspace, account, campaign, first, last)
    return [Day(**{name: row[name] for name in Day.__slots__}) for row in rows]


async def due(db: Queryable, *, most: int) -> Sequence[UUID]:
    """Return accounts of which there are days to be counted. As `switchboard_caretaker`."""
    rows = await db.fetch("select account from private.due_funnels($1) account", most)
    return [row["account"] for row in rows]


async def keep(db: Queryable, account: UUID, *, most_days: int, most_events: int) -> Kept:
    """
    Count days of an account that are to be kept, the oldest first. As `switchboard_caretaker`.

    So many days at most, and none more once they had `most_events` between them.
    """
    row = await db.fetchrow(
        "select * from private.keep_funnel($1, $2, $3)", account, most_days, most_events
    )
    return Kept(0, 0) if row is None else Kept(row["counted"], row["remaining"])


async def owed(db: Queryable, day: date) -> int:
    """
    Return of how many accounts a day of the ledger has numbers that are not kept.

    As `switchboard_caretaker`.
    """
    row = await db.fetchrow("select private.owed_funnels($1) as owed", day)
    return 0 if row is None else int(row["owed"])


# Nothing has begun with what only went on; `ignored` was not for answering.
_CAME: Final = """event.outcome <> 'ignored'
   and event.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')"""

_REPLY: Final = """select from public.deliveries reply
             where reply.event_id = event.event_id
               and reply.kind in ('private_reply', 'public_reply', 'message')"""

# What went on is of the last thing the person began with the campaign before it.
_NONE_SINCE: Final = """not exists (
               select from public.events since
                where since.account_id = event.account_id
                  and since.person_id = event.person_id
                  and since.campaign_id = event.campaign_id
                  and since.received_at > event.received_at and since.received_at <= {at}
                  and since.outcome <> 'ignored'
                  and since.decision ->> 'because' not in ('tap', 'answer_given', 'time',
                                                           'flow_over'))"""

_SENT: Final = f"""exists (
            {_REPLY} and reply.state = 'sent')"""

_TAPPED: Final = f"""exists (
            select from public.events tap
             where tap.account_id = event.account_id and tap.person_id = event.person_id
               and tap.person_id <> 'erased'
               and tap.campaign_id = event.campaign_id and tap.received_at >= event.received_at
               and tap.decision ->> 'because' = 'tap'
               and {_NONE_SINCE.format(at="tap.received_at")})"""

# That the click came after it also narrows: without it, all of a tenant's are hashed.
_CLICKED: Final = f"""(exists (
            select from public.deliveries reply
              join public.link_clicks click on click.delivery_id = reply.id
             where reply.event_id = event.event_id and click.clicked_at >= event.received_at)
          or exists (
            select from public.deliveries reply
              join public.link_clicks click on click.delivery_id = reply.id
             where reply.account_id = event.account_id and reply.person_id = event.person_id
               and reply.person_id <> 'erased' and click.clicked_at >= event.received_at
               and reply.campaign_id = event.campaign_id and reply.created_at >= event.received_at
               and {_NONE_SINCE.format(at="reply.created_at")}))"""  # noqa: S608  all of it is ours

# Later than the delay that the owner wants at most, and what a queue takes at any time.
_LATE: Final = f"""not exists (
            {_REPLY} and reply.state = 'sent'
               and reply.sent_at <= event.received_at + interval '5 minutes' + (
                 select reply_delay_max from public.instagram_accounts
                  where id = event.account_id))"""  # noqa: S608  all of it is ours

_WAITING: Final = f"""exists (
            {_REPLY}
               and reply.state in ('waiting', 'parked', 'ready', 'sending', 'uncertain'))"""

_LOST: Final = f"""exists (
            {_REPLY} and reply.state in ('refused', 'expired', 'cancelled'))"""

_MATCHED: Final = f"{_CAME} and event.outcome = 'matched'"

# Each stage as a condition on `event`, as a query names the events it asks about.
STAGES: Final[Mapping[Stage, str]] = {
    "came": _CAME,
    "matched": _MATCHED,
    "sent": f"{_MATCHED} and {_SENT}",
    "tapped": f"{_MATCHED} and {_SENT} and {_TAPPED}",
    "clicked": f"{_MATCHED} and {_SENT} and {_CLICKED}",
    "late": f"{_MATCHED} and {_SENT} and {_LATE}",
    "waiting": f"{_MATCHED} and not {_SENT} and {_WAITING}",
    "lost": f"{_MATCHED} and not {_SENT} and not {_WAITING} and {_LOST}",
}

_DAYS: Final = """
select found.*, campaign.name as campaign
  from private.funnel($1, $2, $3, $4, $5) found
  left join public.campaigns campaign on campaign.id = found.campaign_id
 order by found.day, found.begins_at, found.account_id, campaign.rank, found.campaign_id
"""
