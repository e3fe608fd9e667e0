"""
Forecasts: what becomes of the private replies that wait, as it is stored for an account's owner.

Whoever makes one claims the account first, so that of many processes one is at it. A forecast that
is not made anew in time is stale: its account is claimed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final
from uuid import UUID

from switchboard.contracts import AccountId, CampaignId, CommentId, DeliveryId
from switchboard.db.backlog import BACKLOGGED
from switchboard.db.pool import Queryable, Row
from switchboard.rules.outlook import Outlook, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    An account whose forecast is to be made.

    `opens` is when it is neither held nor paused any more; `None`: it is not. `status` other than
    `connected` says that nothing goes at all.
    """

    id: UUID
    instagram_id: AccountId
    status: str
    private_replies_per_hour: int
    opens: datetime | None


@dataclass(frozen=True, slots=True)
class Someone:
    """One who waits: the delivery, the comment it answers, and its campaign."""

    delivery_id: DeliveryId
    comment_id: CommentId
    campaign_id: CampaignId
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A forecast that was made at `computed_at`: an account's, or one of its campaigns'."""

    campaign_id: CampaignId | None
    campaign: str | None
    waiting: int
    drained_at: datetime | None
    missed: int
    missed_from: datetime | None
    computed_at: datetime


async def claim(db: Queryable, *, older_than: timedelta, lease: timedelta) -> Account | None:
    """
    Take an account whose forecast is `older_than` that, or missing, for the length of `lease`.

    One where somebody waits, or did when its forecast was made. `None`: there is none.
    """
    row = await db.fetchrow(_CLAIM, older_than, lease)
    return None if row is None else _account(row)


async def account(db: Queryable, wanted: UUID) -> Account | None:
    """Return one account, if there is one of that id."""
    row = await db.fetchrow(_ACCOUNT, wanted)
    return None if row is None else _account(row)


async def waiting(db: Queryable, wanted: UUID) -> Waiting:
    """
    Return who waits for a private reply of an account, in the order in which they are served.

    Those that senders were told of come first; those that senders have already are left out.
    """
    pages = await db.fetch(_WAITING, wanted)
    return Waiting(
        due_us=_joined(pages, "due_us"),
        deadline_us=_joined(pages, "deadline_us"),
        campaign=_joined(pages, "campaign"),
        campaigns=[CampaignId(one) for one in pages[0]["campaigns"]] if pages else (),
    )


async def by_place(db: Queryable, wanted: UUID, places: Sequence[int]) -> list[Someone]:
    """Return who waits at these places of `waiting`; ask both in one transaction, of one view."""
    rows = await db.fetch(_BY_PLACE, wanted, [place + 1 for place in places])
    return [
        Someone(
            DeliveryId(row["id"]),
            CommentId(row["comment_id"]),
            CampaignId(row["campaign_id"]),
            row["deadline"],
        )
        for row in rows
    ]


async def store(
    db: Queryable, wanted: UUID, whole: Outlook, campaigns: Mapping[CampaignId, Outlook]
) -> None:
    """Store an account's forecast, and those of its campaigns; of others nobody waits any more."""
    told: list[tuple[CampaignId | None, Outlook]] = [(None, whole), *campaigns.items()]
    await db.execute(
        _STORE,
        wanted,
        [campaign for campaign, _ in told],
        [one.waiting for _, one in told],
        [one.drained_at for _, one in told],
        [one.missed for _, one in told],
        [one.missed_from for _, one in told],
    )


async def stored(db: Queryable, wanted: UUID) -> Sequence[Stored]:
    """Return an account's forecast as it was stored last: its own, then its campaigns'."""
    rows = await db.fetch(_STORED, wanted)
    return [Stored(**{name: row[name] for name in Stored.__slots__}) for row in rows]


def _account(row: Row) -> Account:
    return Account(**{name: row[name] for name in Account.__slots__})


def _joined(pages: Sequence[Row], column: str) -> list[Any]:
    return list(chain.from_iterable(page[column] for page in pages))


_CLAIMED: Final = """, stale as (
  select found.account_id
    from (select account_id from backlogged
           union
          select account_id
            from public.delivery_forecasts
           where campaign_id is null and waiting > 0) found
    left join public.delivery_forecasts known
      on known.account_id = found.account_id and known.campaign_id is null
   where (known.computed_at is null or known.computed_at < now() - $1::interval)
     and (known.claimed_until is null or known.claimed_until < now())
   order by known.computed_at nulls first
   limit 1
), claimed as (
  insert into public.delivery_forecasts as known (workspace_id, account_id, claimed_until)
  select account.workspace_id, account.id, now() + $2::interval
    from stale
    join public.instagram_accounts account on account.id = stale.account_id
  on conflict (account_id, campaign_id) do update
     set claimed_until = excluded.claimed_until
   where (known.computed_at is null or known.computed_at < now() - $1::interval)
     and (known.claimed_until is null or known.claimed_until < now())
  returning known.account_id
)
select account.id, account.instagram_id, account.status, account.private_replies_per_hour,
       nullif(greatest(account.held_until, account.paused_until, now()), now()) as opens
  from claimed
  join public.instagram_accounts account on account.id = claimed.account_id
"""
_CLAIM: Final = BACKLOGGED + _CLAIMED

_ACCOUNT = """
select id, instagram_id, status, private_replies_per_hour,
       nullif(greatest(held_until, paused_until, now()), now()) as opens
  from public.instagram_accounts
 where id = $1
"""

# `place` is who is served first: those that were told of, then the order the owner chose. Each of
# the three is found by an index that holds just these rows (`backlog`).
_IN_ORDER: Final = """
with campaign as (
  select id, rank, row_number() over (order by rank, id) - 1 as number
    from public.campaigns
   where account_id = $1
), one as (
  select id, account_id, comment_id, campaign_id, state, not_before, deadline, created_at
    from public.deliveries
   where account_id = $1 and state = 'parked' and kind = 'private_reply' and lane = 'usual'
     and reason = 'queued'
   union all
  select id, account_id, comment_id, campaign_id, state, not_before, deadline, created_at
    from public.deliveries
   where account_id = $1 and state = 'parked' and kind = 'private_reply' and lane = 'usual'
     and reason is distinct from 'queued'
   union all
  select id, account_id, comment_id, campaign_id, state, not_before, deadline, created_at
    from public.deliveries
   where account_id = $1 and state in ('ready', 'sending') and kind = 'private_reply'
     and lane = 'usual' and state = 'ready'
), line as (
  select delivery.id, delivery.comment_id, delivery.campaign_id, campaign.number,
         delivery.not_before, delivery.deadline,
         row_number() over (
           order by delivery.state <> 'ready',
                    case when account.first_served = 'campaign' then campaign.number end,
                    case when account.first_served in ('deadline', 'campaign')
                         then delivery.deadline end,
                    case when account.first_served = 'oldest' then delivery.created_at end,
                    case when account.first_served = 'newest' then delivery.created_at end desc,
                    case when account.first_served = 'newest' then delivery.id end desc,
                    delivery.id
         ) as place
    from one delivery
    join public.instagram_accounts account on account.id = delivery.account_id
    join campaign on campaign.id = delivery.campaign_id
)"""

# Pages of arrays, because 60,000 rows of three values are slow to read one by one. A float has
# room for microseconds until 2255, and PostgreSQL reckons with it ten times faster than exactly.
_PAGES: Final = """
select array_agg((date_part('epoch', not_before) * 1000000)::bigint order by place) as due_us,
       array_agg((date_part('epoch', deadline) * 1000000)::bigint order by place) as deadline_us,
       array_agg(number::int order by place) as campaign,
       (select array_agg(id order by number) from campaign) as campaigns
  from line
 group by (place - 1) / 5000
 order by (place - 1) / 5000
"""
_WAITING: Final = _IN_ORDER + _PAGES

_AT_PLACES: Final = """
select id, comment_id, campaign_id, deadline
  from line
 where place = any ($2::bigint[])
 order by place
"""
_BY_PLACE: Final = _IN_ORDER + _AT_PLACES

_STORE = """
with told as (
  select *
    from unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::int[], $6::timestamptz[])
         as told (campaign_id, waiting, drained_at, missed, missed_from)
   union all
  select campaign_id, 0, null, 0, null
    from public.delivery_forecasts
   where account_id = $1 and waiting > 0 and campaign_id is not null
     and campaign_id <> all (array_remove($2::uuid[], null))
)
insert into public.delivery_forecasts as known (
  workspace_id, account_id, campaign_id, waiting, drained_at, missed, missed_from, computed_at)
select account.workspace_id, account.id, told.campaign_id, told.waiting, told.drained_at,
       told.missed, told.missed_from, now()
  from told, public.instagram_accounts account
 where account.id = $1
 order by told.campaign_id
on conflict (account_id, campaign_id) do update
   set waiting = excluded.waiting, drained_at = excluded.drained_at, missed = excluded.missed,
       missed_from = excluded.missed_from, computed_at = excluded.computed_at,
       claimed_until = null
"""

_STORED = """
select forecast.campaign_id, campaign.name as campaign, forecast.waiting, forecast.drained_at,
       forecast.missed, forecast.missed_from, forecast.computed_at
  from public.delivery_forecasts forecast
  left join public.campaigns campaign on campaign.id = forecast.campaign_id
 where forecast.account_id = $1 and forecast.computed_at is not null
   and (forecast.campaign_id is null or forecast.waiting > 0)
 order by forecast.campaign_id is not null, campaign.rank, campaign.id
"""
