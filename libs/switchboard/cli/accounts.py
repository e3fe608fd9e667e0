"""Accounts and campaigns as a person on a command line names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from switchboard.cli.failing import CannotDo
from switchboard.contracts import AccountId, CampaignId, WorkspaceId
from switchboard.db.pool import Queryable, Row


@dataclass(frozen=True, slots=True)
class Account:
    """An account, and how many private replies an hour it is allowed."""

    id: UUID
    workspace_id: WorkspaceId
    instagram_id: AccountId
    username: str
    private_replies_per_hour: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign as an owner sees it in a list."""

    id: CampaignId
    name: str
    rank: int
    status: str
    live_version: int | None
    published_at: datetime | None
    has_draft: bool


async def account(db: Queryable, written: str) -> Account:
    """
    Return the account that `written` names: by our id, Instagram's id, or the name of the account.

    Raises:
        CannotDo: There is none, or several have that name.
    """
    rows = await db.fetch(_ACCOUNT, written, _uuid(written))
    if not rows:
        raise CannotDo(f"--account: no account {written!r}; give its id, Instagram id or name")
    if len(rows) > 1:
        raise CannotDo(f"--account: {len(rows)} accounts are called {written!r}; give the id")
    return _account(rows[0])


async def known(db: Queryable, ids: Iterable[UUID]) -> dict[UUID, Account]:
    """Return the accounts that have these ids of ours."""
    rows = await db.fetch(_KNOWN, sorted(set(ids)))
    return {row["id"]: _account(row) for row in rows}


async def instagram_ids(db: Queryable) -> list[AccountId]:
    """Return Instagram's ids of all accounts that were ever connected."""
    return [AccountId(row["instagram_id"]) for row in await db.fetch(_INSTAGRAM_IDS)]


async def campaigns(db: Queryable, account_id: UUID) -> list[Listed]:
    """Return the account's campaigns in the owner's order."""
    return [
        Listed(
            CampaignId(row["id"]),
            row["name"],
            row["rank"],
            row["status"],
            row["live_version"],
            row["published_at"],
            row["has_draft"],
        )
        for row in await db.fetch(_CAMPAIGNS, account_id)
    ]


async def names(db: Queryable, ids: Iterable[UUID]) -> dict[str, str]:
    """Return the campaigns' names by their ids, as text."""
    rows = await db.fetch(_NAMES, sorted(set(ids)))
    return {str(row["id"]): row["name"] for row in rows}


async def draft(db: Queryable, wanted: CampaignId) -> Any:
    """
    Return what is being written for a campaign.

    Raises:
        CannotDo: There is no such campaign, or it has no draft.
    """
    row = await db.fetchrow(_DRAFT, wanted)
    if row is None or row["draft"] is None:
        raise CannotDo(f"campaign {wanted} has no draft; `switchboard draft save` keeps one")
    return row["draft"]


async def workspace_of(db: Queryable, wanted: CampaignId) -> WorkspaceId:
    """
    Return whose campaign it is.

    Raises:
        CannotDo: There is no such campaign.
    """
    row = await db.fetchrow("select workspace_id from public.campaigns where id = $1", wanted)
    if row is None:
        raise CannotDo(f"there is no campaign {wanted}; see `switchboard campaigns`")
    return WorkspaceId(row["workspace_id"])


def campaign_id(written: str, option: str) -> CampaignId:
    """
    Return the campaign's id that `written` is.

    Raises:
        CannotDo: It is no id.
    """
    read = _uuid(written)
    if read is None:
        raise CannotDo(f"{option}: {written!r} is no campaign's id; see `switchboard campaigns`")
    return CampaignId(read)


def named(listed: Sequence[Listed], wanted: CampaignId, option: str) -> Listed:
    """
    Return the campaign of that id.

    Raises:
        CannotDo: It is not among them.
    """
    found = next((one for one in listed if one.id == wanted), None)
    if found is None:
        raise CannotDo(
            f"{option}: the account has no campaign {wanted}; see `switchboard campaigns`"
        )
    return found


def _account(row: Row) -> Account:
    return Account(
        row["id"],
        WorkspaceId(row["workspace_id"]),
        AccountId(row["instagram_id"]),
        row["username"],
        row["private_replies_per_hour"],
    )


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None


_ACCOUNT = """
select id, workspace_id, instagram_id, username, private_replies_per_hour
  from public.instagram_accounts
 where instagram_id = $1 or id = $2 or username = ltrim($1, '@')
 order by (status <> 'disconnected') desc, id
"""

_KNOWN = """
select id, workspace_id, instagram_id, username, private_replies_per_hour
  from public.instagram_accounts
 where id = any ($1::uuid[])
"""

_INSTAGRAM_IDS = "select distinct instagram_id from public.instagram_accounts"

_CAMPAIGNS = """
select campaign.id, campaign.name, campaign.rank, campaign.status, campaign.live_version,
       published.published_at, campaign.draft is not null as has_draft
  from public.campaigns campaign
  left join public.campaign_versions published
    on published.campaign_id = campaign.id and published.version = campaign.live_version
 where campaign.account_id = $1
 order by campaign.rank, campaign.id
"""

_DRAFT = "select draft from public.campaigns where id = $1"

_NAMES = "select id, name from public.campaigns where id = any ($1::uuid[])"
