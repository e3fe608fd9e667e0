"""
What campaigns come to, day by day: of those who came, who was answered, tapped and clicked.

Each number counts events with which something began, on the day they were received; what happened
to them later counts for that day, too. So a number is never higher than the one it is a part of,
and the events it counts are those that `activity` lists for its stage.

    came ─▶ matched ─▶ sent ─▶ tapped
               │         │ └──▶ clicked
               │         └──▶ late      answered, but not soon
               ├──▶ waiting             will be answered, or may have been
               └──▶ lost                will not be answered any more
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """
    One day of an account's, from `begins_at` to just before `ends_at` as its time zone has it.

    `campaign_id` is the one that answered; `None`: none did, and only `came` is not 0.
    """

    account_id: UUID
    day: date
    begins_at: datetime
    ends_at: datetime
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
               and tap.campaign_id = event.campaign_id and tap.received_at >= event.received_at
               and tap.decision ->> 'because' = 'tap'
               and {_NONE_SINCE.format(at="tap.received_at")})"""

# Comparing the moments changes nothing but the plan: without it, all of a tenant's are hashed.
_CLICKED: Final = f"""(exists (
            select from public.deliveries reply
              join public.link_clicks click on click.delivery_id = reply.id
             where reply.event_id = event.event_id and click.clicked_at >= event.received_at)
          or exists (
            select from public.deliveries reply
              join public.link_clicks click on click.delivery_id = reply.id
             where reply.account_id = event.account_id and reply.person_id = event.person_id
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

# The last thing that the person of a tap or a click had begun with its campaign by then: where few
# tap of many who came, this is less work than asking of each whether they did.
_BEGUN: Final = """
          select begun.event_id
            from public.events begun
           where begun.account_id = {of}.account_id and begun.person_id = {of}.person_id
             and begun.campaign_id = {of}.campaign_id
             and begun.outcome <> 'ignored'
             and begun.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')
             and begun.received_at = (
               select max(since.received_at)
                 from public.events since
                where since.account_id = {of}.account_id and since.person_id = {of}.person_id
                  and since.campaign_id = {of}.campaign_id and since.received_at <= {at}
                  and since.outcome <> 'ignored'
                  and since.decision ->> 'because' not in ('tap', 'answer_given', 'time',
                                                           'flow_over'))"""

# A time zone is a row's, and policies come first: only what needs no row narrows in the index, so
# days are cut from a range that is as wide as time zones are apart.
_DAYS: Final = f"""
with account as (
  select id, time_zone, interval '5 minutes' + reply_delay_max as soon
    from public.instagram_accounts
   where workspace_id = $1 and ($2::uuid is null or id = $2)
), event as materialized (
  select event.event_id, event.account_id, event.person_id, event.campaign_id, event.received_at,
         event.outcome = 'matched' as matched,
         event.received_at + account.soon as late_at,
         (event.received_at at time zone account.time_zone)::date as day, account.time_zone
    from account
    join public.events event
      on event.account_id = account.id
     and event.received_at >= ($4::date::timestamp at time zone account.time_zone)
     and event.received_at < (($5::date + 1)::timestamp at time zone account.time_zone)
     and event.received_at >= ($4::date::timestamp at time zone 'UTC') - interval '15 hours'
     and event.received_at < ($5::date::timestamp at time zone 'UTC') + interval '39 hours'
   where event.workspace_id = $1 and ($3::uuid is null or event.campaign_id = $3)
     and {_CAME}
), answered as materialized (
  select event.*, coalesce(reply.sent, false) as sent,
         coalesce(reply.sent and reply.first_at > event.late_at, false) as late,
         coalesce(not reply.sent and reply.waiting, false) as waiting,
         coalesce(not reply.sent and not reply.waiting and reply.lost, false) as lost
    from event
    left join lateral (
      select bool_or(reply.state = 'sent') as sent,
             bool_or(reply.state in ('waiting', 'parked', 'ready', 'sending', 'uncertain'))
               as waiting,
             bool_or(reply.state in ('refused', 'expired', 'cancelled')) as lost,
             min(reply.sent_at) as first_at
        from public.deliveries reply
       where event.matched and reply.event_id = event.event_id
         and reply.kind in ('private_reply', 'public_reply', 'message')
    ) reply on true
), tapped as materialized (
  select begun.event_id
    from account
    join public.events tap
      on tap.account_id = account.id
     and tap.decision ->> 'because' = 'tap'
     and tap.received_at >= ($4::date::timestamp at time zone 'UTC') - interval '15 hours'
   cross join lateral ({_BEGUN.format(of="tap", at="tap.received_at")}) begun
), click as materialized (
  select distinct reply.event_id, reply.account_id, reply.person_id, reply.campaign_id,
         reply.created_at
    from public.link_clicks click
    join public.deliveries reply on reply.id = click.delivery_id
   where click.workspace_id = $1
     and click.clicked_at >= ($4::date::timestamp at time zone 'UTC') - interval '15 hours'
), clicked as materialized (
  select event_id from click
   union
  select begun.event_id
    from click
   cross join lateral ({_BEGUN.format(of="click", at="click.created_at")}) begun
), come as materialized (
  select event.*, sent and event_id in (select event_id from tapped) as tapped,
         sent and event_id in (select event_id from clicked) as clicked
    from answered event
)
select come.account_id, come.day,
       come.day::timestamp at time zone come.time_zone as begins_at,
       (come.day + 1)::timestamp at time zone come.time_zone as ends_at,
       come.campaign_id, campaign.name as campaign, count(*) as came,
       count(*) filter (where matched) as matched, count(*) filter (where sent) as sent,
       count(*) filter (where tapped) as tapped, count(*) filter (where clicked) as clicked,
       count(*) filter (where late) as late, count(*) filter (where waiting) as waiting,
       count(*) filter (where lost) as lost
  from come
  left join public.campaigns campaign on campaign.id = come.campaign_id
 group by come.account_id, come.day, come.time_zone, come.campaign_id, campaign.name, campaign.rank
 order by come.day, come.account_id, campaign.rank, come.campaign_id
"""  # noqa: S608  all of it is ours
