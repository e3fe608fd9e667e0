"""Ending workspaces whose owners asked for it: their tokens at once, their rows when it is due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from services.control.caretaker.job import Done
from switchboard.clock import Clock
from switchboard.contracts import AccountId, WorkspaceId
from switchboard.db import removals
from switchboard.db.pool import Queryable

# Of the shortest lease there is (10 s), so that no second process is at it meanwhile; were one, the
# database would tell it so.
_RUN: Final = timedelta(seconds=5)
_AT_ONCE: Final = 10  # workspaces

# Forgets in Redis everything of an account.
Forget = Callable[[AccountId], Awaitable[int]]

log = structlog.get_logger()


class Accounts(Protocol):
    """Accounts at Instagram."""

    async def let_go(self, account: UUID) -> None:
        """Have Meta send nothing more of an account, and forget its token."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Removing:
    """
    The job: `most` rows in one transaction, for some seconds; the next run goes on where it ends.

    Exports' files are removed by the job that removes any; a workspace waits for it.
    """

    db: Queryable
    accounts: Accounts
    forget: Forget
    now: Clock
    most: int = 5_000
    every: timedelta = timedelta(minutes=1)
    name: str = "removals"

    async def keep_up(self) -> Done:
        """
        Let go of accounts, and delete what is due; at once again, if there is more to be done.

        Raises:
            Failure: Something is away. What was deleted is, and a later run goes on.
        """
        for account in await removals.tokens_to_forget(self.db):
            await self.accounts.let_go(account)
        until, removed, waiting = self.now() + _RUN, 0, 0
        for workspace in await removals.due(self.db, most=_AT_ONCE):
            some, waits = await self._remove(workspace, until)
            removed, waiting = removed + some, waiting + waits
        more = removed > 0 and self.now() >= until
        return Done({"rows": removed, "waiting": waiting}, timedelta() if more else None)

    async def _remove(self, workspace: WorkspaceId, until: datetime) -> tuple[int, int]:
        """Return how many rows were deleted, and whether (1) something is waited for."""
        for account_id in await removals.begin(self.db, workspace):
            await self.forget(account_id)
        removed = 0
        while self.now() < until:
            step = await removals.remove(self.db, workspace, most=self.most)
            removed += step.removed
            if step.done:
                log.info("workspace.removed", workspace=str(workspace))
                return removed, 0
            if step.waits_for is not None:
                log.info("workspace.waits", workspace=str(workspace), waits_for=step.waits_for)
                return removed, 1
        return removed, 0
