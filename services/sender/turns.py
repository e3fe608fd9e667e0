"""Turns: reserving a call in every limit it counts against, and quieting an account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

import structlog

from services.sender.endings import ProbeUnderWay, brake
from services.sender.pacing import buckets
from switchboard.contracts import AccountId
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure, Throttled
from switchboard.graph import AccountHeld, Said, SlowDown
from switchboard.state import Bucket, Recall

_LONGEST_TURN_S: Final = 0.5  # a message waiting here holds a place of `MAX_IN_FLIGHT`
# From a claim, which reads that the account is not held, to the call: a name is asked for, a turn
# awaited.
_UNDER_WAY: Final = timedelta(seconds=3)

log = structlog.get_logger()


class Limits(Protocol):
    """Turns, shared by all senders."""

    async def reserve(
        self, account_id: AccountId, buckets: Sequence[Bucket], *, recall: Recall
    ) -> None:
        """Take one turn in every bucket, or raise `Throttled`, or `Unavailable`."""
        ...

    async def cool(self, account_id: AccountId, *, wait: timedelta) -> None:
        """Give the account no turn for `wait`."""
        ...


class Ledger(Protocol):
    """What the rows of deliveries and accounts say of turns."""

    async def begun(self, bucket: Bucket, *, besides: Claimed) -> int:
        """Return how many other calls of `bucket` were begun in its last window, or a few more."""
        ...

    async def take_probe(self, delivery: Claimed) -> bool:
        """Take the one place of an account on probation; false if another has it."""
        ...


@dataclass(frozen=True, slots=True)
class Turns:
    """Who may call now. Nobody calls Meta without having taken a turn here."""

    limits: Limits
    ledger: Ledger

    async def probe(self, delivery: Claimed) -> None:
        """
        Take the only place there is, if the account was held and nothing was sent since.

        Raises:
            ProbeUnderWay: Another delivery has it.
            Unavailable: Postgres is away.
        """
        if delivery.holds and not await self.ledger.take_probe(delivery):
            raise ProbeUnderWay(f"account {delivery.account} has another probe out")

    async def take(self, delivery: Claimed) -> None:
        """
        Reserve the call in every limit, waiting here for a turn that comes at once.

        A limit of so many a second is often full for milliseconds; parking a row for that would
        cost two statements and the pacer's round.

        Raises:
            Throttled: The turn is further away, or others kept taking it.
            Unavailable: Redis or Postgres is away.
        """
        give_up_at = time.monotonic() + _LONGEST_TURN_S
        while True:
            try:
                return await self._reserve(delivery, buckets(delivery))
            except Throttled as throttled:
                if time.monotonic() + throttled.after_s > give_up_at:
                    raise
                await asyncio.sleep(throttled.after_s)

    async def require_not_cooling(self, delivery: Claimed) -> None:
        """
        Refuse a call that counts against no limit while the account is to be left alone.

        Raises:
            Throttled: It is.
            Unavailable: Redis is away.
        """
        await self._reserve(delivery, ())

    async def heed(self, delivery: Claimed, said: Said) -> None:
        """Quiet the account if an answer says that its budget is nearly spent."""
        quiet = brake(said.usage)
        if quiet is not None:
            await self._cool(delivery.instagram_id, quiet)

    async def heed_failure(self, delivery: Claimed, failure: Failure) -> None:
        """
        Quiet the account if Meta refused a call because of a limit, or restricts it.

        Of a restriction the account's row tells whoever claims after it; this is for those who had
        claimed before.
        """
        if isinstance(failure, SlowDown) and failure.why.is_limit:
            await self._cool(delivery.instagram_id, timedelta(seconds=failure.after_s))
        elif isinstance(failure, AccountHeld):
            await self._cool(delivery.instagram_id, _UNDER_WAY)

    async def _reserve(self, delivery: Claimed, taken: Sequence[Bucket]) -> None:
        await self.limits.reserve(
            delivery.instagram_id, taken, recall=partial(self.ledger.begun, besides=delivery)
        )

    async def _cool(self, account_id: AccountId, wait: timedelta) -> None:
        """Slow the account down for all senders, if Redis is there; without it nothing is sent."""
        try:
            await self.limits.cool(account_id, wait=wait)
        except Failure as failure:
            log.warning("account.not_cooled", account_id=account_id, because=failure.reason)
