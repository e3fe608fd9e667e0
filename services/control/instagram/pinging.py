"""Trying out an owner's webhook: one call, signed as all are, that says only that it is a try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID, uuid4

from pydantic_core import to_json

from switchboard.clock import Clock
from switchboard.contracts import AccountId
from switchboard.db import credentials
from switchboard.db.credentials import Vault
from switchboard.db.pool import Queryable
from switchboard.errors import Failure
from switchboard.hooks import Hook

TYPE = "ping"


class NoSecret(Failure):
    """The account has no secret to sign with."""

    reason: ClassVar[str] = "webhook_secret_missing"


class Receivers(Protocol):
    """Owners' servers."""

    async def try_out(self, hook: Hook, *, secret: str, at: datetime) -> int:
        """Tell one, and return the status of its answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinging:
    """`db` is as switchboard_caretaker: who asks must have been allowed to."""

    db: Queryable
    hooks: Receivers
    vault: Vault
    now: Clock

    async def ping(self, account: UUID, instagram_id: AccountId, url: str) -> int:
        """
        Call `url` for an account, and return the status of its answer.

        Raises:
            NoSecret: None was made yet.
            HookFailed: There is no answer.
            HookForbidden: It is no address that we call.
        """
        sealed = await credentials.webhook_secret(self.db, account)
        if sealed is None:
            raise NoSecret(f"account {account} has no secret for webhooks")
        secret, at = self.vault.open(sealed, account, "webhook"), self.now()
        body = {"type": TYPE, "account_id": instagram_id, "occurred_at": at.isoformat()}
        hook = Hook(f"{TYPE}_{uuid4().hex}", url, to_json(body))
        return await self.hooks.try_out(hook, secret=secret, at=at)
