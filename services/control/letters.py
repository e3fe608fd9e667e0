"""
The dead letters of a tenant's accounts, among those of all.

A queue's dead letters are everybody's: whose one is says its group, which our own services set, and
an account is one tenant's at a time. So they are received, at most so many and for so long, and
what is another's is given back unseen; what was buried before the account was this tenant's is
another's, too. What nobody could read has no account for a group, and is for those who run the
installation, who see all. Each answer says whether all were looked through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from switchboard.contracts import AccountId
from switchboard.db.letters import LetterLog
from switchboard.errors import Unavailable
from switchboard.queues import SqsClient
from switchboard.queues.client import QueueRefused
from switchboard.queues.dead_letters import DeadLetters, Letter, Looked, Wanted
from switchboard.topology import Queue

# A tenant's accounts, and since when each is theirs.
Accounts = Mapping[AccountId, datetime]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """
    The dead letters of the installation's queues.

    Of each queue, at most `through` are looked through, for no longer than `within_s`.
    """

    client: SqsClient
    prefix: str
    through: int
    within_s: float

    async def look(
        self, queues: Sequence[Queue], wanted: Wanted, *, most: int
    ) -> tuple[Sequence[tuple[Queue, Letter]], Looked]:
        """
        Return at most `most` letters that are `wanted`, the longest buried first; and of all queues
        together, what was seen.

        Raises:
            Unavailable: SQS is away, or has no such queue.
        """
        looked = await asyncio.gather(*(self._look(queue, wanted, most) for queue in queues))
        named = [
            (queue, one) for queue, seen in zip(queues, looked, strict=True) for one in seen.letters
        ]
        named.sort(key=lambda one: (one[1].buried_at, one[1].message_id))
        whole = Looked(
            letters=[letter for _, letter in named[:most]],
            found=sum(one.found for one in looked),
            complete=all(one.complete for one in looked),
        )
        return named[:most], whole

    async def redrive(
        self, queue: Queue, wanted: Wanted, ids: Collection[str], book: LetterLog
    ) -> bool:
        """
        Send those of the letters `ids` that are `wanted` back; return whether none of them is left.

        Raises:
            Unavailable: SQS is away, or the database; what was sent back until then has been.
        """
        try:
            ended = await self._of(queue).redrive(
                lambda one: one.message_id in ids and wanted(one),
                most=len(ids),
                book=book,
                through=self.through,
                within_s=self.within_s,
            )
        except QueueRefused as refused:
            raise Unavailable(str(refused)) from refused
        finally:
            log.info("letters.sent_back", queue=queue.name, many=book.many)
        return ended.complete or ended.many == len(ids)

    async def _look(self, queue: Queue, wanted: Wanted, most: int) -> Looked:
        try:
            return await self._of(queue).look(
                most=most, wanted=wanted, through=self.through, within_s=self.within_s
            )
        except QueueRefused as refused:
            raise Unavailable(str(refused)) from refused

    def _of(self, queue: Queue) -> DeadLetters:
        return DeadLetters(self.client, queue, prefix=self.prefix)


def of(accounts: Accounts) -> Wanted:
    """Return what tells whether a letter is of `accounts`."""

    def is_theirs(letter: Letter) -> bool:
        since = accounts.get(AccountId(letter.group))
        return since is not None and letter.buried_at >= since

    return is_theirs


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
