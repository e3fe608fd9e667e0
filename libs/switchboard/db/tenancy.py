"""
Workspaces, accounts and what they answer with, put in place: for seeds and tests.

Run as the role that owns the schema. Each can be run again and changes nothing then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from switchboard.contracts import AccountId, CampaignId, WorkspaceId
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Queryable, Row
from switchboard.rules.campaigns import CampaignDefinition


async def create_workspace(db: Queryable, workspace: WorkspaceId, name: str) -> None:
    """Create a workspace, or rename it."""
    await db.execute(_WORKSPACE, workspace, name)


async def add_member(db: Queryable, workspace: WorkspaceId, user: UUID, role: str) -> None:
    """Make a user a member of a workspace, or give them another role there."""
    await db.execute(_MEMBER, workspace, user, role)


async def connect_account(
    db: Queryable,
    account: UUID,
    *,
    workspace: WorkspaceId,
    instagram_id: AccountId,
    username: str,
    app_scoped_id: str | None = None,
    private_replies_per_hour: int = 720,
    sends_per_second: int = 50,
) -> None:
    """
    Connect an Instagram account, or connect it again: a hold or a dead token is forgotten.

    Raises:
        QueryFailed: Another account of ours is connected to this `instagram_id`, or `account`
            belongs to another workspace.
    """
    row = await db.fetchrow(
        _ACCOUNT,
        account,
        workspace,
        instagram_id,
        app_scoped_id,
        username,
        private_replies_per_hour,
        sends_per_second,
    )
    _found(row, f"account {account} is connected to another workspace or Instagram account")


async def publish_campaign(
    db: Queryable,
    campaign: CampaignId,
    *,
    workspace: WorkspaceId,
    account: UUID,
    name: str,
    rank: int,
    definition: CampaignDefinition,
) -> int:
    """
    Make `definition` what the campaign answers with, and return its version.

    A new version is published only if the definition differs from the newest one. A version that
    was not live before has found no next post yet.

    Raises:
        QueryFailed: There is no such account in the workspace, or the campaign is another's.
    """
    stored = definition.model_dump(mode="json")
    row = await db.fetchrow(_CAMPAIGN, campaign, workspace, account, name, rank, stored)
    version: int = _found(row, f"campaign {campaign} belongs to another account")["live_version"]
    return version


async def save_draft(
    db: Queryable,
    campaign: CampaignId,
    *,
    workspace: WorkspaceId,
    account: UUID,
    name: str,
    rank: int,
    draft: Mapping[str, Any],
) -> None:
    """
    Keep `draft`, which need not make sense yet, beside what the campaign answers with.

    The name and the rank, which belong to the campaign and to no version, change at once.

    Raises:
        QueryFailed: There is no such account in the workspace, or the campaign is another's.
    """
    row = await db.fetchrow(_DRAFT, campaign, workspace, account, name, rank, dict(draft))
    _found(row, f"campaign {campaign} belongs to another account")


async def pause_campaign(db: Queryable, campaign: CampaignId, *, workspace: WorkspaceId) -> None:
    """
    Let a campaign answer nothing until it is published again. One that is not live stays so.

    Raises:
        QueryFailed: There is no such campaign in the workspace.
    """
    row = await db.fetchrow(_PAUSE, campaign, workspace)
    _found(row, f"campaign {campaign} is not in workspace {workspace}")


async def upsert_intent(
    db: Queryable,
    *,
    workspace: WorkspaceId,
    account: UUID,
    name: str,
    description: str = "",
    examples: Sequence[str] = (),
) -> None:
    """
    Describe what a person may want, in place of what was said under that name.

    Raises:
        QueryFailed: There is no such account in the workspace.
    """
    await db.execute(_INTENT, workspace, account, name, description, list(examples))


def _found(row: Row | None, otherwise: str) -> Row:
    if row is None:
        raise QueryFailed(otherwise)
    return row


_WORKSPACE = """
insert into public.workspaces as stored (id, name) values ($1, $2)
on conflict (id) do update set name = excluded.name where stored.name <> excluded.name
"""

_MEMBER = """
insert into public.memberships as stored (workspace_id, user_id, role)
values ($1, $2, $3::public.member_role)
on conflict (workspace_id, user_id) do update
   set role = excluded.role where stored.role <> excluded.role
"""

_ACCOUNT = """
insert into public.instagram_accounts as stored (
  id, workspace_id, instagram_id, app_scoped_id, username, private_replies_per_hour,
  sends_per_second)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (id) do update
   set app_scoped_id = excluded.app_scoped_id,
       username = excluded.username,
       status = 'connected',
       held_until = null,
       hold_reason = null,
       holds = 0,
       probe_id = null,
       probe_until = null,
       private_replies_per_hour = excluded.private_replies_per_hour,
       sends_per_second = excluded.sends_per_second
 where stored.workspace_id = excluded.workspace_id and stored.instagram_id = excluded.instagram_id
returning id
"""

# The version and the campaign that names it refer to each other; both are checked at the
# statement's end, so one statement can write both.
_CAMPAIGN = """
with newest as (
  select version, definition
    from public.campaign_versions
   where campaign_id = $1
   order by version desc
   limit 1
), chosen as (
  select coalesce(max(version) filter (where definition = $6::jsonb), max(version) + 1, 1)
         as version
    from newest
), saved as (
  insert into public.campaigns as stored (
    id, workspace_id, account_id, name, rank, status, live_version)
  select $1, $2, $3, $4, $5, 'live', version from chosen
  on conflict (id) do update
     set name = excluded.name, rank = excluded.rank, status = 'live',
         live_version = excluded.live_version
   where stored.workspace_id = excluded.workspace_id and stored.account_id = excluded.account_id
     and (stored.name, stored.rank, stored.status, stored.live_version) is distinct from
         (excluded.name, excluded.rank, excluded.status, excluded.live_version)
  returning id, live_version
), published as (
  insert into public.campaign_versions (campaign_id, version, workspace_id, definition)
  select saved.id, saved.live_version, $2, $6::jsonb from saved
  on conflict (campaign_id, version) do nothing
)
select live_version from saved
 union all
select live_version
  from public.campaigns
 where id = $1 and workspace_id = $2 and account_id = $3 and not exists (select from saved)
"""

_DRAFT = """
insert into public.campaigns as stored (id, workspace_id, account_id, name, rank, draft)
values ($1, $2, $3, $4, $5, $6::jsonb)
on conflict (id) do update
   set name = excluded.name, rank = excluded.rank, draft = excluded.draft
 where stored.workspace_id = excluded.workspace_id and stored.account_id = excluded.account_id
returning id
"""

_PAUSE = """
with paused as (
  update public.campaigns
     set status = 'paused'
   where id = $1 and workspace_id = $2 and status = 'live'
)
select id from public.campaigns where id = $1 and workspace_id = $2
"""

_INTENT = """
insert into public.intents as stored (workspace_id, account_id, name, description, examples)
values ($1, $2, $3, $4, $5)
on conflict (account_id, name) do update
   set description = excluded.description, examples = excluded.examples
 where (stored.description, stored.examples) is distinct from
       (excluded.description, excluded.examples)
"""
