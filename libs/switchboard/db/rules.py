"""Accounts and their campaigns as the router reads them: what could answer an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from switchboard.contracts import AccountId, CampaignId, IntentOption, WorkspaceId
from switchboard.db.pool import Queryable, Row
from switchboard.rules.campaigns import Campaign


@dataclass(frozen=True, slots=True)
class AccountRules:
    """
    A connected account: whose it is, and what it answers with.

    `version` changes whenever any of it does. `broken` are live campaigns whose stored definition
    this release cannot read, each with the reason: they answer nothing, the others go on.
    """

    id: UUID
    workspace_id: WorkspaceId
    instagram_id: AccountId
    status: str
    version: int
    campaigns: tuple[Campaign, ...]
    intents: tuple[IntentOption, ...]
    broken: tuple[tuple[CampaignId, str], ...] = ()


async def load(db: Queryable, instagram_ids: Sequence[AccountId]) -> list[AccountRules]:
    """Return the rules of those of `instagram_ids` that are connected, each campaign by rank."""
    return [_account(row) for row in await db.fetch(_LOAD, instagram_ids)]


async def versions(db: Queryable, instagram_ids: Sequence[AccountId]) -> dict[AccountId, int]:
    """Return the version of the rules of those of `instagram_ids` that are connected."""
    rows = await db.fetch(_VERSIONS, instagram_ids)
    return {AccountId(row["instagram_id"]): row["rules_version"] for row in rows}


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
       account.rules_version,
       coalesce((
         select jsonb_agg(jsonb_build_object(
                  'id', campaign.id, 'version', published.version, 'rank', campaign.rank,
                  'definition', published.definition) order by campaign.rank, campaign.id)
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
       ), '[]') as intents
  from public.instagram_accounts account
 where account.instagram_id = any ($1::text[]) and account.status <> 'disconnected'
 order by account.instagram_id
"""

_VERSIONS = """
select instagram_id, rules_version
  from public.instagram_accounts
 where instagram_id = any ($1::text[]) and status <> 'disconnected'
"""
