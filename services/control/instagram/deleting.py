"""Deleting what we have of owners who asked Meta for it: people by people, then the account."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from switchboard.contracts import AccountId, PersonId
from switchboard.db import deletions
from switchboard.db.deletions import Open
from switchboard.db.pool import Queryable
from switchboard.errors import Failure

_AT_ONCE: Final = 10  # requests
_PEOPLE: Final = 50  # in one transaction

# Forgets a person in Redis.
Forget = Callable[[AccountId, PersonId], Awaitable[int]]

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Deleting:
    """
    A worker: looks every `every_s` seconds for requests that are not done, and does them.

    Every step may be repeated, and any number of processes may be at the same request. What is on
    its way to a person at this moment is waited for: the request is done when nothing is left.
    """

    db: Queryable
    forget: Forget
    every_s: float
    name: str = "deleting"
    _moved_at: float = field(default_factory=time.monotonic)

    def still_s(self) -> float:
        """Return for how long nobody has looked: a pulse for health."""
        return time.monotonic() - self._moved_at

    async def run(self, stop: asyncio.Event) -> None:
        """Look and delete until `stop`."""
        while not stop.is_set():
            try:
                await self.round(stop)
            except Failure as failure:
                log.warning("deleting.paused", because=str(failure))
            self._moved_at = time.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.every_s):
                    await stop.wait()

    async def round(self, stop: asyncio.Event | None = None) -> None:
        """
        Go on with each request that is not done.

        Raises:
            Unavailable: The database or Redis is away; a later round goes on.
        """
        for request in await deletions.open_requests(self.db, limit=_AT_ONCE):
            await deletions.stands(self.db, request.confirmation_code, "running")
            if await self._delete(request, stop):
                await deletions.stands(self.db, request.confirmation_code, "done")
                log.info("deletion.done", accounts=[str(one) for one in request.accounts])

    async def _delete(self, request: Open, stop: asyncio.Event | None) -> bool:
        """Return whether nothing is left."""
        for account in request.accounts:
            while forgotten := await deletions.forget(self.db, account, most=_PEOPLE):
                for one in forgotten:
                    await self.forget(one.instagram_id, one.person)
                if any(one.left_over for one in forgotten) or (stop and stop.is_set()):
                    return False
                self._moved_at = time.monotonic()
        return True
