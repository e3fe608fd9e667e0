"""
Another 60 days for an account's token, weeks before it ends.

Meta refreshes a token that is a day old and has not expired; one that has expired is dead, and its
owner must log in again. So it is asked for from half its life on, each day until Meta gives it, and
a person is told a week before the end.

Source: Meta, "Business Login for Instagram": refresh a long-lived token.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from pydantic import SecretStr

from services.control.caretaker.access import is_dead, token_of
from services.control.caretaker.job import Done
from switchboard.clock import Clock
from switchboard.db import alerts, care
from switchboard.db.care import Cared
from switchboard.db.credentials import Vault
from switchboard.db.pool import Queryable
from switchboard.errors import Failure
from switchboard.graph import GraphFailure, LongLived
from switchboard.graph.login import REFRESHABLE_AFTER

_WITH_LEFT: Final = timedelta(days=30)
# Accounts that were connected on one day, by the hundred, are not all refreshed on another one.
_SPREAD: Final = timedelta(days=5)
# Meta's clock and ours differ.
_SKEW: Final = timedelta(hours=1)
_WORRIES_WITH_LEFT: Final = timedelta(days=7)


class Tokens(Protocol):
    """Meta, asked for tokens."""

    async def refresh(self, token: SecretStr) -> LongLived:
        """Return another token of 60 days for one that is 24 hours old."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshing:
    """The job: look each day, refresh when it is time."""

    db: Queryable
    tokens: Tokens
    vault: Vault
    now: Clock
    every: timedelta = timedelta(days=1)
    first_within: timedelta = timedelta(days=1)
    name: str = "refresh"

    async def run(self, account: Cared) -> Done:
        """
        Refresh the token, if it is time.

        Raises:
            Failure: It could not be refreshed; a person is told if that is urgent.
        """
        if not is_due(account.id, account.issued_at, account.expires_at, self.now()):
            return Done(_told(account.expires_at, refreshed=False))
        try:
            return await self._refresh(account)
        except Failure as failure:
            await self._worry(account, failure)
            raise

    async def _refresh(self, account: Cared) -> Done:
        token = token_of(account, self.vault)
        assert account.credential is not None  # it was opened
        fresh = await self.tokens.refresh(token)
        expires_at = self.now() + fresh.lives
        sealed = self.vault.seal(fresh.token.get_secret_value(), account.id)
        await care.replace_token(
            self.db, account.id, used=account.credential, by=sealed, expires_at=expires_at
        )
        await alerts.resolve(self.db, account.id, "token_not_refreshed")
        return Done(_told(expires_at, refreshed=True))

    async def _worry(self, account: Cared, failure: Failure) -> None:
        """Tell the operator while there is time; of a dead token the owner is told."""
        ends, now = account.expires_at, self.now()
        if ends is None or ends - now > _WORRIES_WITH_LEFT:
            return
        if isinstance(failure, GraphFailure) and is_dead(failure):
            await alerts.resolve(self.db, account.id, "token_not_refreshed")
            return
        reason = failure.why.reason if isinstance(failure, GraphFailure) else failure.reason
        detail = {"reason": reason, "until": ends.isoformat()}
        await alerts.raise_alert(self.db, account.id, "token_not_refreshed", detail=detail)


def is_due(
    account: UUID, issued_at: datetime | None, expires_at: datetime | None, now: datetime
) -> bool:
    """
    Return whether the token should be refreshed at this moment.

    Never within a day of its issue, when Meta refuses. One whose end is not known is as good as at
    its end.
    """
    if issued_at is not None and now < issued_at + REFRESHABLE_AFTER + _SKEW:
        return False
    return expires_at is None or expires_at - now < _WITH_LEFT + _SPREAD * _share(account)


def _share(account: UUID) -> float:
    """Return a number from 0 to 1 that the account alone decides."""
    digest = hashlib.sha256(account.bytes).digest()
    return int.from_bytes(digest[:4]) / 2**32


def _told(expires_at: datetime | None, *, refreshed: bool) -> dict[str, Any]:
    return {"refreshed": refreshed, "expires_at": expires_at and expires_at.isoformat()}
