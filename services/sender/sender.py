"""The sender's heart: claim, look, take a turn, call once, record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, Protocol
from uuid import uuid4

import structlog

from services.sender.composing import Private, Public, Tracking, compose
from services.sender.endings import (
    Delivered,
    Ending,
    Postponed,
    brake,
    ending_of,
)
from services.sender.obstacles import obstacle
from services.sender.pacing import buckets
from switchboard.clock import Clock
from switchboard.contracts import AccountId, CommentId, DeliveryDue, DeliveryId
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure, Throttled, Unavailable
from switchboard.graph import Message, Posted, Sent, SlowDown
from switchboard.queues import Receipt
from switchboard.state import Bucket, Recall
from switchboard.telemetry import Meter, Metric

DELIVERIES: Final = Metric("Deliveries")
GRAPH_LATENCY: Final = Metric("GraphLatency", "Milliseconds")
DELIVERY_AGE: Final = Metric("DeliveryQueued", "Milliseconds")
UNKNOWN_ERRORS: Final = Metric("GraphUnknownErrors")

_FIRST_RETRY_S: Final = 0.1
_LONGEST_RETRY_S: Final = 2.0
_LONGEST_TURN_S: Final = 0.5  # a message waiting here holds a place of `MAX_IN_FLIGHT`

log = structlog.get_logger()


class Ledger(Protocol):
    """The rows of deliveries."""

    async def claim(
        self, delivery_id: DeliveryId, *, owner: str, lease: timedelta
    ) -> Claimed | None:
        """Make a ready row `sending` and `owner`'s for `lease`; `None` if it is not ready."""
        ...

    async def begun(self, bucket: Bucket, *, besides: Claimed) -> int:
        """Return how many other calls of `bucket` were begun in its last window, or a few more."""
        ...

    async def record(self, delivery: Claimed, ending: Ending, *, owner: str) -> bool:
        """Write how the claim ended; false if it was no longer `owner`'s."""
        ...


class Tokens(Protocol):
    """Access tokens."""

    def token(self, delivery: Claimed) -> str:
        """Return the token of the delivery's account, or raise why there is none."""
        ...


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


class Graph(Protocol):
    """Meta."""

    async def send(self, account_id: AccountId, message: Message, *, token: str) -> Sent:
        """Send a message once."""
        ...

    async def reply_publicly(self, comment_id: CommentId, text: str, *, token: str) -> Posted:
        """Write under a comment once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """
    Sends one delivery, once, however often the queue says it is due.

    The row is `sending` before the call leaves; a row that is not `ready` is somebody else's or
    done. `lease` outlasts the call, so that a row whose lease ran out has no call under way.
    """

    ledger: Ledger
    tokens: Tokens
    limits: Limits
    graph: Graph
    tracking: Tracking | None
    meter: Meter
    now: Clock
    lease: timedelta
    call_budget: timedelta
    margin: timedelta

    async def __call__(self, due: DeliveryDue, receipt: Receipt, /) -> None:
        """
        Send what is due.

        Raises:
            Unavailable: The row could not be claimed; nothing has happened.
        """
        began_at = time.monotonic()
        owner = uuid4().hex  # of this claim, not of this process: an old claim of ours is not ours
        delivery = await self.ledger.claim(due.delivery_id, owner=owner, lease=self.lease)
        if delivery is None:
            self.meter.count(DELIVERIES, outcome="not_due")
            log.info("delivery.attempted", **_names(due), outcome="not_due")
            return
        lease_ends_at = began_at + self.lease.total_seconds()
        ending = await self._attempt(delivery, lease_ends_at=lease_ends_at)
        recorded = await self._record(delivery, ending, owner=owner, give_up_at=lease_ends_at)
        queued_ms = (self.now() - receipt.sent_at) / timedelta(milliseconds=1)
        self.meter.observe(DELIVERY_AGE, max(queued_ms, 0.0))
        self._tell(due, delivery, ending, recorded=recorded)

    async def _attempt(self, delivery: Claimed, *, lease_ends_at: float) -> Ending:
        """Do all that leads to the call, and the call; return how it ended."""
        blocked = obstacle(
            delivery, now=self.now(), call_budget=self.call_budget, margin=self.margin
        )
        if blocked is not None:
            return blocked
        try:
            saying = compose(delivery, self.tracking)
            token = self.tokens.token(delivery)
            await self._take_turn(delivery)
            if time.monotonic() + 2 * self.call_budget.total_seconds() > lease_ends_at:
                raise Unavailable("what leads to the call took most of the lease")
            return await self._call(delivery, saying, token)
        except Failure as failure:
            if isinstance(failure, SlowDown):
                await self._cool(delivery.instagram_id, timedelta(seconds=failure.after_s))
            return ending_of(failure, delivery)

    async def _take_turn(self, delivery: Claimed) -> None:
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
                return await self.limits.reserve(
                    delivery.instagram_id,
                    buckets(delivery),
                    recall=partial(self.ledger.begun, besides=delivery),
                )
            except Throttled as throttled:
                if time.monotonic() + throttled.after_s > give_up_at:
                    raise
                await asyncio.sleep(throttled.after_s)

    async def _call(self, delivery: Claimed, saying: Public | Private, token: str) -> Ending:
        """Make the one call."""
        began_at = time.monotonic()
        try:
            ending = await self._say(delivery, saying, token)
        finally:
            elapsed_ms = (time.monotonic() - began_at) * 1000
            self.meter.observe(GRAPH_LATENCY, elapsed_ms, kind=delivery.kind)
        quiet = brake(ending.said.usage)
        if quiet is not None:
            await self._cool(delivery.instagram_id, quiet)
        return ending

    async def _say(self, delivery: Claimed, saying: Public | Private, token: str) -> Delivered:
        match saying:
            case Public(comment_id, text):
                posted = await self.graph.reply_publicly(comment_id, text, token=token)
                return Delivered(posted.comment_id, None, posted.said)
            case Private(message):
                sent = await self.graph.send(delivery.instagram_id, message, token=token)
                return Delivered(sent.message_id, sent.recipient_id, sent.said)

    async def _cool(self, account_id: AccountId, wait: timedelta) -> None:
        """Slow the account down for all senders, if Redis is there; without it nothing is sent."""
        try:
            await self.limits.cool(account_id, wait=wait)
        except Failure as failure:
            log.warning("account.not_cooled", account_id=account_id, because=failure.reason)

    async def _record(
        self, delivery: Claimed, ending: Ending, *, owner: str, give_up_at: float
    ) -> bool:
        """
        Write the ending, trying until the lease is over; return whether it was written.

        Unwritten, the row stays `sending` until its lease runs out, and is uncertain then. That is
        less than we know, and safe.
        """
        wait_s = _FIRST_RETRY_S
        while True:
            try:
                return await self.ledger.record(delivery, ending, owner=owner)
            except Unavailable as failure:
                if time.monotonic() + wait_s > give_up_at:
                    log.error(  # noqa: TRY400  our own outcome, told in one line without a trace
                        "delivery.unrecorded",
                        delivery_id=str(delivery.id),
                        outcome=ending.outcome,
                        message_id=_message_id(ending),
                        because=str(failure),
                    )
                    return False
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_RETRY_S)

    def _tell(self, due: DeliveryDue, delivery: Claimed, ending: Ending, *, recorded: bool) -> None:
        """Write the one line, and count."""
        if ending.reason == "unknown_error":
            self.meter.count(UNKNOWN_ERRORS)
        self.meter.count(DELIVERIES, outcome=ending.outcome)
        log.info(
            "delivery.attempted",
            **_names(due),
            kind=delivery.kind,
            outcome=ending.outcome,
            reason=ending.reason,
            wait_s=ending.wait.total_seconds() if isinstance(ending, Postponed) else None,
            message_id=_message_id(ending),
            code=ending.said.code,
            subcode=ending.said.subcode,
            fbtrace_id=ending.said.trace_id,
            usage_percent=ending.said.usage.percent,
            recorded=recorded,
        )


def _names(due: DeliveryDue) -> dict[str, str]:
    return {
        "delivery_id": str(due.delivery_id),
        "account_id": due.account_id,
        "trace_id": due.trace_id,
    }


def _message_id(ending: Ending) -> str | None:
    return ending.message_id if isinstance(ending, Delivered) else None
