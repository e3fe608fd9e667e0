"""Accounts and their campaigns as the router reads them: what could answer an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from switchboard.contracts import (
    AccountId,
    Calibration,
    CampaignId,
    IntentOption,
    MediaId,
    WorkspaceId,
)
from switchboard.db.ledger import storable_json
from switchboard.db.pool import Queryable, Row
from switchboard.rules.campaigns import Campaign
from switchboard.rules.rulebook import AccountSettings, Asking

_USUAL: Final = AccountSettings()
_PLAIN: Final = Asking()


@dataclass(frozen=True, slots=True)
class AccountRules:
    """
    A connected account: whose it is, and what it answers with.

    `version` changes whenever any of it does. `broken` are live campaigns whose stored definition
    this release cannot read, each with the reason: they answer nothing, the others go on. `posts`
    are the latest posts that Meta was asked about, and when they were published.
    """

    id: UUID
    workspace_id: WorkspaceId
    instagram_id: AccountId
    status: str
    version: int
    campaigns: tuple[Campaign, ...]
    intents: tuple[IntentOption, ...]
    broken: tuple[tuple[CampaignId, str], ...] = ()
    settings: AccountSettings = _USUAL
    asking: Asking = _PLAIN
    posts: Mapping[MediaId, datetime] = field(default_factory=dict)


async def load(db: Queryable, instagram_ids: Sequence[AccountId]) -> list[AccountRules]:
    """Return the rules of those of `instagram_ids` that are connected, each campaign by rank."""
    return [_account(row) for row in await db.fetch(_LOAD, instagram_ids)]


async def versions(db: Queryable, instagram_ids: Sequence[AccountId]) -> dict[AccountId, int]:
    """Return the version of the rules of those of `instagram_ids` that are connected."""
    rows = await db.fetch(_VERSIONS, instagram_ids)
    return {AccountId(row["instagram_id"]): row["rules_version"] for row in rows}


async def published(
    db: Queryable, wanted: Sequence[tuple[CampaignId, int, UUID]]
) -> dict[tuple[CampaignId, int], Campaign]:
    """
    Return published versions (campaign, version, its account), live or not, with today's rank.

    Those that do not exist, are another account's or cannot be read by this release are missing.
    """
    campaign_ids, numbers, accounts = zip(*wanted, strict=True) if wanted else ((), (), ())
    rows = await db.fetch(_PUBLISHED, campaign_ids, numbers, accounts)
    campaigns, _ = _read([row["campaign"] for row in rows])
    return {(campaign.id, campaign.version): campaign for campaign in campaigns}


async def keep_book(
    db: Queryable, account: UUID, workspace: WorkspaceId, version: int, book: str
) -> None:
    """Keep `book` (JSON) as what the rules of `account` were at `version`. The first one stands."""
    await db.execute(_KEEP, account, workspace, version, storable_json(book))


async def book(db: Queryable, account: UUID, version: int) -> Mapping[str, Any] | None:
    """Return what the rules of `account` were at `version`, if anything was decided by them."""
    row = await db.fetchrow(_BOOK, account, version)
    return None if row is None else row["book"]


def _account(row: Row) -> AccountRules:
    campaigns, broken = _read(row["campaigns"])
    return AccountRules(
        id=row["id"],
        workspace_id=WorkspaceId(row["workspace_id"]),
        instagram_id=AccountId(row["instagram_id"]),
        status=row["status"],
        version=row["rules_version"],
        campaigns=campaigns,
        intents=tuple(IntentOption.model_validate(intent) for intent in row["intents"]),
        broken=broken,
        settings=AccountSettings(
            time_zone=row["time_zone"],
            takeover=row["takeover"],
            paused_until=row["paused_until"],
            reply_delay_min=row["reply_delay_min"],
            reply_delay_max=row["reply_delay_max"],
        ),
        asking=_asking(row),
        posts={MediaId(post): datetime.fromisoformat(at) for post, at in row["posts"].items()},
    )


def _asking(row: Row) -> Asking:
    """Return what goes with questions; a calibration that cannot be read is none."""
    threshold, stored = row["intent_threshold"], row["intent_calibration"]
    try:
        calibration = None if stored is None else Calibration.model_validate(stored)
    except ValidationError:
        calibration = None  # another release's; confidence is then as it is
    return Asking(
        threshold=None if threshold is None else float(threshold), calibration=calibration
    )


def _read(
    stored: Sequence[Mapping[str, Any]],
) -> tuple[tuple[Campaign, ...], tuple[tuple[CampaignId, str], ...]]:
    """Return the campaigns that can be read, and why the others cannot."""
    campaigns, broken = [], []
    for one in stored:
        try:
            campaigns.append(Campaign.model_validate(one))
        except ValidationError as error:
            broken.append((CampaignId(UUID(one["id"])), _why(error)))
    return tuple(campaigns), tuple(broken)


def _why(error: ValidationError) -> str:
    """Return the faults with their places, and without the owner's text."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    )


# One live account has an id of Meta's at a time: there is a unique index.
_LOAD = """
select account.id, account.workspace_id, account.instagram_id, account.status,
       account.rules_version, account.time_zone, account.takeover, account.paused_until,
       account.reply_delay_min, account.reply_delay_max,
       account.intent_threshold, account.intent_calibration,
       coalesce((
         select jsonb_agg(jsonb_build_object(
                  'id', campaign.id, 'version', published.version, 'rank', campaign.rank,
                  'definition', published.definition,
                  'published_at', to_char(published.published_at at time zone 'UTC',
                                          'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                  'next_media_id', campaign.next_media_id) order by campaign.rank, campaign.id)
           from public.campaigns campaign
           join public.campaign_versions published
             on published.campaign_id = campaign.id and published.version = campaign.live_version
          where campaign.account_id = account.id and campaign.status = 'live'
       ), '[]') as campaigns,
       coalesce((
         select jsonb_agg(jsonb_build_object(
                  'name', intent.name, 'description', intent.description,
                  'examples', intent.examples) order by intent.name)
           from public.intents intent
          where intent.account_id = account.id
       ), '[]') as intents,
       coalesce((
         select jsonb_object_agg(post.media_id, to_char(post.posted_at at time zone 'UTC',
                                                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
           from (select media_id, posted_at
                   from public.posts
                  where account_id = account.id
                  order by posted_at desc, media_id
                  limit 1000) post
       ), '{}') as posts
  from public.instagram_accounts account
 where account.instagram_id = any ($1::text[]) and account.status <> 'disconnected'
 order by account.instagram_id
"""

_VERSIONS = """
select instagram_id, rules_version
  from public.instagram_accounts
 where instagram_id = any ($1::text[]) and status <> 'disconnected'
"""

# The post found is the live version's alone.
_PUBLISHED = """
select jsonb_build_object(
         'id', campaign.id, 'version', published.version, 'rank', campaign.rank,
         'definition', published.definition,
         'published_at', to_char(published.published_at at time zone 'UTC',
                                 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'next_media_id', case when published.version = campaign.live_version
                               then campaign.next_media_id end) as campaign
  from unnest($1::uuid[], $2::int[], $3::uuid[]) as wanted (campaign_id, version, account_id)
  join public.campaigns campaign
    on campaign.id = wanted.campaign_id and campaign.account_id = wanted.account_id
  join public.campaign_versions published
    on published.campaign_id = wanted.campaign_id and published.version = wanted.version
"""

_KEEP = """
insert into public.rule_books (account_id, workspace_id, version, book)
values ($1, $2, $3, $4::text::jsonb)
on conflict (account_id, version) do nothing
"""

_BOOK = """
select book from public.rule_books where account_id = $1 and version = $2
"""
