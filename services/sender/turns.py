"""Turns: reserving a call in every limit it counts against, and quieting an account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

import structlog

from services.sender.endings import ProbeUnderWay
from services.sender.pacing import buckets, calls_meta
from services.sender.usage import app_quiet, quiet, share
from switchboard.contracts import AccountId
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure, Throttled
from switchboard.graph import GraphFailure, Said
from switchboard.state import Bucket, Recall

_LONGEST_TURN_S: Final = 0.5  # a message waiting here holds a place of `MAX_IN_FLIGHT`
# From a claim, which reads that the account is not held, to the call: a name is asked for, a file
# uploaded, a turn awaited.
_UNDER_WAY: Final = timedelta(seconds=15)

log = structlog.get_logger()


class Limits(Protocol):
    """Turns, shared by all senders."""

    async def reserve(
        self,
        account_id: AccountId,
        buckets: Sequence[Bucket],
        *,
        recall: Recall,
        to_meta: bool = True,
    ) -> None:
        """Take one turn in every bucket, or raise `Throttled`, or `Unavailable`."""
        ...

    async def heed(self, account_id: AccountId, *, share: float, wait: timedelta) -> None:
        """Give the account no turn for `wait`, and fewer after it."""
        ...

    async def refused(self, account_id: AccountId, *, wait: timedelta) -> None:
        """Give the account no turn for `wait`, and learn to give it fewer."""
        ...

    async def brake(self, *, wait: timedelta) -> None:
        """Give no account a turn for `wait`, or longer."""
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

    async def take_at_once(self, delivery: Claimed, bucket: Bucket) -> None:
        """
        Reserve another call to Meta, on the way to `delivery`'s own, for which nobody waits.

        Raises:
            Throttled: It is not its turn.
            Unavailable: Redis is away.
        """
        await self._reserve(delivery, [bucket])

    async def heed(self, delivery: Claimed, said: Said) -> None:
        """Slow down, or stop, if an answer says that a budget is nearly spent."""
        account_id, usage = delivery.instagram_id, said.usage
        if app_quiet(usage):
            await self._slow(account_id, self.limits.brake(wait=app_quiet(usage)))
        if share(usage) < 1 or quiet(usage):
            heeded = self.limits.heed(account_id, share=share(usage), wait=quiet(usage))
            await self._slow(account_id, heeded)

    async def heed_failure(self, delivery: Claimed, failure: Failure) -> None:
        """Stop, and learn, if Meta refused a call because of a limit; heed what else it said."""
        if not isinstance(failure, GraphFailure):
            return
        account_id, wait = delivery.instagram_id, timedelta(seconds=failure.after_s)
        if failure.why.app_wide:
            await self._slow(account_id, self.limits.brake(wait=wait))
        elif failure.why.is_limit:
            await self._slow(account_id, self.limits.refused(account_id, wait=wait))
        await self.heed(delivery, failure.said)

    async def rest(self, delivery: Claimed) -> None:
        """
        Give the account of `delivery`, which is being held, no turn for as long as a call takes.

        Of the hold the account's row tells whoever claims after it; this is for those who had
        claimed before.
        """
        account_id = delivery.instagram_id
        await self._slow(account_id, self.limits.heed(account_id, share=1.0, wait=_UNDER_WAY))

    async def _reserve(self, delivery: Claimed, taken: Sequence[Bucket]) -> None:
        await self.limits.reserve(
            delivery.instagram_id,
            taken,
            recall=partial(self.ledger.begun, besides=delivery),
            to_meta=calls_meta(delivery),
        )

    async def _slow(self, account_id: AccountId, slowing: Awaitable[None]) -> None:
        """Slow all senders down, if Redis is there; without it nothing is sent."""
        try:
            await slowing
        except Failure as failure:
            log.warning("account.not_slowed", account_id=account_id, because=failure.reason)
