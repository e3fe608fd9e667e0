"""
What looking after an account takes: its token, what its owner granted, and what was seen of both.

For the role `switchboard_caretaker`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from switchboard.contracts import AccountId, EventId, WorkspaceId
from switchboard.db.credentials import Sealed
from switchboard.db.pool import Queryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Cared:
    """
    A connected account. `credential` is `None` if no token was ever stored.

    `permissions` and `subscribed_fields` are what is known of them; `None`: nothing.
    """

    id: UUID
    workspace_id: WorkspaceId
    instagram_id: AccountId
    username: str
    credential: Sealed | None
    issued_at: datetime | None
    expires_at: datetime | None
    permissions: frozenset[str] | None
    subscribed_fields: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Target:
    """What a live campaign waits for: its trigger as it is stored, and the next post it found."""

    trigger: dict[str, Any]
    next_media_id: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """When anything of an account last came, and how much did within a day."""

    last_at: datetime | None
    within_a_day: int


async def connected(db: Queryable, account: UUID) -> Cared | None:
    """Return the account, if it is connected."""
    row = await db.fetchrow(_CONNECTED, account)
    if row is None:
        return None
    sealed = row["key_id"] and Sealed(row["key_id"], row["nonce"], row["ciphertext"])
    return Cared(
        id=account,
        workspace_id=WorkspaceId(row["workspace_id"]),
        instagram_id=AccountId(row["instagram_id"]),
        username=row["username"],
        credential=sealed,
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        permissions=_set(row["permissions"]),
        subscribed_fields=_set(row["subscribed_fields"]),
    )


async def replace_token(
    db: Queryable, account: UUID, *, used: Sealed, by: Sealed, expires_at: datetime
) -> bool:
    """
    Keep `by` in place of the token `used`; false if the account has yet another one by now.

    Then its owner has logged in meanwhile, and what they brought is newer than a refresh.
    """
    arguments = (account, used.nonce, by.key_id, by.nonce, by.ciphertext, expires_at)
    return await db.fetchrow(_REPLACE, *arguments) is not None


async def probed(
    db: Queryable,
    account: UUID,
    *,
    permissions: Iterable[str] | None,
    subscribed_fields: Iterable[str] | None,
) -> None:
    """Note what a probe saw; `None` leaves what is known as it is."""
    known = [None if one is None else sorted(one) for one in (permissions, subscribed_fields)]
    await db.execute(_PROBED, account, *known)


async def targets(db: Queryable, account: UUID) -> Sequence[Target]:
    """Return what the account's live campaigns wait for."""
    rows = await db.fetch(_TARGETS, account)
    return [Target(row["trigger"], row["next_media_id"]) for row in rows if row["trigger"]]


async def in_ledger(db: Queryable, events: Sequence[EventId]) -> set[EventId]:
    """Return those of `events` that are, or ever were, in the ledger."""
    if not events:
        return set()
    return {EventId(row["event_id"]) for row in await db.fetch(_IN_LEDGER, list(events))}


async def heard(db: Queryable, account: UUID) -> Heard:
    """Return when anything of the account last came."""
    row = await db.fetchrow(_HEARD, account)
    return Heard(None, 0) if row is None else Heard(row["last_at"], row["within_a_day"])


def _set(found: Sequence[str] | None) -> frozenset[str] | None:
    return None if found is None else frozenset(found)


_CONNECTED = """
select account.workspace_id, account.instagram_id, account.username, account.permissions,
       account.subscribed_fields, credential.key_id, credential.nonce, credential.ciphertext,
       credential.issued_at, credential.expires_at
  from public.instagram_accounts account
  left join private.instagram_credentials credential on credential.account_id = account.id
 where account.id = $1 and account.status = 'connected'
"""

_REPLACE = """
update private.instagram_credentials
   set key_id = $3, nonce = $4, ciphertext = $5, expires_at = $6, issued_at = now()
 where account_id = $1 and nonce = $2
returning account_id
"""

_PROBED = """
update public.instagram_accounts
   set permissions = coalesce($2::text[], permissions),
       subscribed_fields = coalesce($3::text[], subscribed_fields),
       probed_at = now()
 where id = $1
"""

_TARGETS = """
select version.definition -> 'trigger' as trigger, campaign.next_media_id
  from public.campaigns campaign
  join public.campaign_versions version
    on version.campaign_id = campaign.id and version.version = campaign.live_version
 where campaign.account_id = $1 and campaign.status = 'live'
"""

_IN_LEDGER = "select event_id from private.known_events where event_id = any ($1::uuid[])"

_HEARD = """
select max(received_at) as last_at,
       (count(*) filter (where received_at > now() - interval '1 day'))::int as within_a_day
  from public.events
 where account_id = $1 and received_at > now() - interval '8 days'
"""
