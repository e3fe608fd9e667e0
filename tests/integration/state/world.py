"""A clock that is moved by hand, senders that are greedy, and a ledger of all they were granted."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from switchboard.contracts import AccountId
from switchboard.errors import Throttled
from switchboard.state import Bucket, Limits
from switchboard.state.client import Redis
from tests.integration.state.referee import most_in_any_window

WINDOW = timedelta(hours=1)
WINDOW_US = WINDOW // timedelta(microseconds=1)
START_US = 1_700_000_000 * 10**6

Clock = Callable[[], int]


def ours(redis: Redis, now_us: Clock, _number: int) -> Limits:
    """Return the limiter of one sender, as it is."""
    return Limits(redis, now_us=now_us)


@dataclass
class World:
    """
    Some senders of one account, which ask for a token of `bucket` whenever they may.

    `make` makes each sender's limiter. Every example has an account of its own, so that one Redis
    serves all of them.
    """

    redis: Redis
    bucket: Bucket
    make: Callable[[Redis, Clock, int], Limits] = ours
    now_us: int = START_US
    grants_us: list[int] = field(default_factory=list)
    account_id: AccountId = field(default_factory=lambda: AccountId(uuid.uuid4().hex))
    senders: list[Limits] = field(init=False)

    def __post_init__(self) -> None:
        self.senders = [self.make(self.redis, lambda: self.now_us, n) for n in range(3)]

    @property
    def most(self) -> int:
        """The most that any hour has seen."""
        return most_in_any_window(self.grants_us, WINDOW_US)

    async def recall(self, bucket: Bucket) -> int:
        """Answer as Postgres would: what was begun in the window that ends now."""
        return sum(moment >= self.now_us - WINDOW_US for moment in self.grants_us)

    async def attempt(self, sender: int = 0) -> float:
        """Reserve once; return 0, or the wait in seconds."""
        try:
            await self.senders[sender].reserve(self.account_id, [self.bucket], recall=self.recall)
        except Throttled as failure:
            return failure.after_s
        self.grants_us.append(self.now_us)
        return 0.0

    async def take_all(self) -> int:
        """Let all senders reserve at once, until all are refused; return how many were granted."""
        before = len(self.grants_us)
        while 0.0 in await asyncio.gather(*map(self.attempt, range(len(self.senders)))):
            pass
        return len(self.grants_us) - before
