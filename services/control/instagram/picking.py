"""An account's posts, for whoever chooses the ones that a campaign is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.control.caretaker.access import tell, token_of
from services.control.caretaker.job import TokenMissing
from switchboard.contracts import AccountId
from switchboard.db import care
from switchboard.db.credentials import Vault
from switchboard.db.pool import Queryable
from switchboard.graph import GraphFailure, MediaPage
from switchboard.graph.account import SHOWN_FIELDS


class Posts(Protocol):
    """Meta, asked for posts."""

    async def read_media(
        self, account_id: AccountId, *, after: str | None, page: int, token: str, fields: str
    ) -> MediaPage:
        """Return so many posts, newest first."""
        ...


class Budget(Protocol):
    """How many calls an account's caretaking may make."""

    async def take(self, account_id: AccountId) -> None:
        """Count one call, or raise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Picking:
    """`db` is as switchboard_caretaker: who asks must have been allowed to."""

    db: Queryable
    meta: Posts
    budget: Budget
    vault: Vault

    async def page(self, account_id: UUID, *, after: str | None, limit: int) -> MediaPage:
        """
        Return a page of the account's posts, newest first.

        Raises:
            TokenMissing: The account is not connected, or has no token.
            GraphFailure: Meta refuses; who must act was told as in any other call.
            Throttled: The account has had its calls for now.
            Unavailable: Meta, or a part of us, is away.
        """
        account = await care.connected(self.db, account_id)
        if account is None:
            raise TokenMissing(f"account {account_id} is not connected")
        token = token_of(account, self.vault).get_secret_value()
        await self.budget.take(account.instagram_id)
        try:
            return await self.meta.read_media(
                account.instagram_id, after=after, page=limit, token=token, fields=SHOWN_FIELDS
            )
        except GraphFailure as failure:
            await tell(self.db, account, failure)
            raise
