"""
Campaigns as the members of their workspace see and change them. Run inside the envelope.

A draft is kept beside what is live until it is published, and is then gone: what follows it begins
with the version that answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from switchboard.contracts import CampaignId, WorkspaceId
from switchboard.db.pool import Queryable, Row
from switchboard.rules.campaigns import CampaignDefinition

Status = Literal["draft", "live", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign; `live` is the definition of `live_version`, and `draft` what follows it."""

    id: CampaignId
    workspace_id: WorkspaceId
    account_id: UUID
    name: str
    rank: int
    status: Status
    live_version: int | None
    live: Mapping[str, Any] | None
    published_at: datetime | None
    draft: Mapping[str, Any] | None
    next_media_id: str | None
    revision: int
    created_at: datetime
    updated_at: datetime

    @property
    def latest(self) -> Mapping[str, Any] | None:
        """The newest that was written: the draft, or else what was published last."""
        return self.live if self.draft is None else self.draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What was published once, and by whom (a user, or an API key)."""

    version: int
    published_at: datetime
    published_by: UUID | None
    definition: Mapping[str, Any]


async def of_account(
    db: Queryable, account: UUID, *, after: tuple[int, UUID] | None, limit: int
) -> Sequence[Campaign]:
    """Return up to `limit` of an account's campaigns, in the owner's order."""
    rows = await db.fetch(_OF_ACCOUNT, account, *(after or (None, None)), limit)
    return [_campaign(row) for row in rows]


async def find(db: Queryable, campaign: CampaignId) -> Campaign | None:
    """Return a campaign."""
    row = await db.fetchrow(_FIND, campaign)
    return None if row is None else _campaign(row)


async def names(db: Queryable, account: UUID) -> dict[str, str]:
    """Return the names of an account's campaigns, by their ids as text."""
    rows = await db.fetch(_NAMES, account)
    return {str(row["id"]): row["name"] for row in rows}


async def create(
    db: Queryable,
    *,
    workspace: WorkspaceId,
    account: UUID,
    name: str,
    draft: Mapping[str, Any] | None,
) -> CampaignId:
    """Begin a campaign, behind the account's others."""
    stored = None if draft is None else dict(draft)
    row = await db.fetchrow(_CREATE, workspace, account, name, stored)
    assert row is not None  # an insert returns or raises
    return CampaignId(row["id"])


async def rename(db: Queryable, campaign: CampaignId, name: str, *, revision: int) -> bool:
    """Rename a campaign at `revision`; false if it is not, or not the caller's to change."""
    return await db.fetchrow(_RENAME, campaign, name, revision) is not None


async def save_draft(
    db: Queryable, campaign: CampaignId, draft: Mapping[str, Any] | None, *, revision: int
) -> bool:
    """Keep what is being written; false as for `rename`."""
    stored = None if draft is None else dict(draft)
    return await db.fetchrow(_SAVE_DRAFT, campaign, stored, revision) is not None


async def publish(
    db: Queryable,
    campaign: Campaign,
    definition: CampaignDefinition,
    *,
    by: UUID,
) -> int | None:
    """
    Make `definition` what a campaign answers with; return its version, or `None` as for `rename`.

    A new version is made only if it differs from the newest one. The draft is gone with it.
    """
    stored = definition.model_dump(mode="json")
    newest = await db.fetchrow(_NEWEST, campaign.id, stored)
    number = 0 if newest is None else newest["version"]
    if newest is None or not newest["same"]:
        number += 1
        await db.execute(_KEEP, campaign.id, number, campaign.workspace_id, stored, by)
    row = await db.fetchrow(_GO_LIVE, campaign.id, number, campaign.revision)
    return None if row is None else number


async def set_status(db: Queryable, campaign: CampaignId, *, before: Status, after: Status) -> bool:
    """Turn a campaign that is `before` into one that is `after`; false as for `rename`."""
    return await db.fetchrow(_SET_STATUS, campaign, before, after) is not None


async def remove(db: Queryable, campaign: CampaignId) -> bool:
    """Remove a campaign that was never published; false if it is not the caller's to remove."""
    return await db.fetchrow(_REMOVE, campaign) is not None


async def put_in_order(db: Queryable, account: UUID, ordered: Sequence[CampaignId]) -> int:
    """Rank an account's campaigns as `ordered`; return how many the caller may rank."""
    return len(await db.fetch(_ORDER, account, list(ordered)))


async def versions(
    db: Queryable, campaign: CampaignId, *, before: int | None, limit: int
) -> Sequence[Version]:
    """Return up to `limit` of what was published, the newest first."""
    rows = await db.fetch(_VERSIONS, campaign, before, limit)
    return [_version(row) for row in rows]


async def version(db: Queryable, campaign: CampaignId, number: int) -> Version | None:
    """Return what was published as version `number`."""
    row = await db.fetchrow(_VERSION, campaign, number)
    return None if row is None else _version(row)


def _campaign(row: Row) -> Campaign:
    return Campaign(**{name: row[name] for name in Campaign.__slots__})


def _version(row: Row) -> Version:
    return Version(**{name: row[name] for name in Version.__slots__})


_COLUMNS = """
select campaign.id, campaign.workspace_id, campaign.account_id, campaign.name, campaign.rank,
       campaign.status, campaign.live_version, published.definition as live,
       published.published_at, campaign.draft, campaign.next_media_id, campaign.revision,
       campaign.created_at, campaign.updated_at
  from public.campaigns campaign
  left join public.campaign_versions published
    on published.campaign_id = campaign.id and published.version = campaign.live_version"""

_OF_ACCOUNT = f"""{_COLUMNS}
 where campaign.account_id = $1
   and ($2::int is null or (campaign.rank, campaign.id) > ($2, $3::uuid))
 order by campaign.rank, campaign.id
 limit $4
"""

_FIND = f"""{_COLUMNS}
 where campaign.id = $1
"""

_NAMES = "select id, name from public.campaigns where account_id = $1"

_CREATE = """
insert into public.campaigns (workspace_id, account_id, name, rank, draft)
select $1, $2, $3, coalesce(max(rank), 0) + 1, $4::jsonb
  from public.campaigns
 where account_id = $2
returning id
"""

_RENAME = """
update public.campaigns set name = $2 where id = $1 and revision = $3 returning id
"""

_SAVE_DRAFT = """
update public.campaigns set draft = $2::jsonb where id = $1 and revision = $3 returning id
"""

_NEWEST = """
select version, definition = $2::jsonb as same
  from public.campaign_versions
 where campaign_id = $1
 order by version desc
 limit 1
"""

_KEEP = """
insert into public.campaign_versions (campaign_id, version, workspace_id, definition, published_by)
values ($1, $2, $3, $4::jsonb, $5)
"""

_GO_LIVE = """
update public.campaigns
   set status = 'live', live_version = $2, draft = null
 where id = $1 and revision = $3
returning id
"""

_SET_STATUS = """
update public.campaigns set status = $3 where id = $1 and status = $2 returning id
"""

_REMOVE = """
delete from public.campaigns where id = $1 returning id
"""

_ORDER = """
update public.campaigns campaign
   set rank = wanted.place
  from unnest($2::uuid[]) with ordinality as wanted (id, place)
 where campaign.id = wanted.id and campaign.account_id = $1
returning campaign.id
"""

_VERSIONS = """
select version, published_at, published_by, definition
  from public.campaign_versions
 where campaign_id = $1 and ($2::int is null or version < $2)
 order by version desc
 limit $3
"""

_VERSION = """
select version, published_at, published_by, definition
  from public.campaign_versions
 where campaign_id = $1 and version = $2
"""
