"""
The dead letters of a tenant's accounts, among those of all.

A queue's dead letters are everybody's: whose one is says its group, which our own services set, and
an account is one tenant's at a time. So they are received, at most so many, and what is another's
is given back unseen; what was buried before the account was this tenant's is another's, too. What
nobody could read has no account for a group, and is for who runs the installation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from switchboard.contracts import AccountId
from switchboard.errors import Unavailable
from switchboard.queues import SqsClient
from switchboard.queues.client import QueueRefused
from switchboard.queues.dead_letters import DeadLetters, Letter
from switchboard.topology import Queue

# So many of all tenants' letters are looked through at most, to find one's.
LOOKED_THROUGH: Final = 1_000

# A tenant's accounts, and since when each is theirs.
Accounts = Mapping[AccountId, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """The dead letters of the installation's queues."""

    client: SqsClient
    prefix: str

    async def look(
        self, queues: Sequence[Queue], accounts: Accounts
    ) -> Sequence[tuple[Queue, Letter]]:
        """
        Return the letters of `accounts` in `queues`, the longest buried first.

        Raises:
            Unavailable: SQS is away, or has no such queue.
        """
        found = await asyncio.gather(*(self._look(queue, accounts) for queue in queues))
        theirs = [one for letters in found for one in letters]
        return sorted(theirs, key=lambda one: (one[1].buried_at, one[1].message_id))

    async def redrive(self, queue: Queue, accounts: Accounts, ids: Collection[str]) -> int:
        """
        Send those of the letters `ids` that are of `accounts` back; return how many were.

        Raises:
            Unavailable: SQS is away; what was sent back until then has been.
        """
        try:
            return await self._of(queue).redrive(
                lambda one: one.message_id in ids and _is_theirs(one, accounts),
                most=len(ids),
                through=LOOKED_THROUGH,
            )
        except QueueRefused as refused:
            raise Unavailable(str(refused)) from refused

    async def _look(self, queue: Queue, accounts: Accounts) -> list[tuple[Queue, Letter]]:
        try:
            found = await self._of(queue).look(most=LOOKED_THROUGH)
        except QueueRefused as refused:
            raise Unavailable(str(refused)) from refused
        return [(queue, one) for one in found if _is_theirs(one, accounts)]

    def _of(self, queue: Queue) -> DeadLetters:
        return DeadLetters(self.client, queue, prefix=self.prefix)


def _is_theirs(letter: Letter, accounts: Accounts) -> bool:
    since = accounts.get(AccountId(letter.group))
    return since is not None and letter.buried_at >= since


class Later(Response):
    """
    An answer that is found when the transaction is over.

    Asking SQS takes seconds, for which no connection to the database is to be held.
    """

    def __init__(self, find: Callable[[], Awaitable[BaseModel]]) -> None:
        super().__init__()
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find it, and send it."""
        found = await self._find()
        answer = Response(found.model_dump_json(), media_type="application/json")
        await answer(scope, receive, send)
