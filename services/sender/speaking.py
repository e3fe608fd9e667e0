"""Saying something to a person: look, compose, take a turn, call once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from services.sender.composing import Composed, Private, Public, Tracking, compose
from services.sender.endings import Delivered, Ending, Postponed, ending_of, restricts
from services.sender.files import Files
from services.sender.obstacles import obstacle
from services.sender.profiles import Profiles
from services.sender.turns import Turns
from switchboard.clock import Clock
from switchboard.contracts import AccountId, CommentId
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure, Unavailable
from switchboard.graph import GraphFailure, Message, Posted, Sent
from switchboard.telemetry import Meter, Metric

GRAPH_LATENCY: Final = Metric("GraphLatency", "Milliseconds")


class Tokens(Protocol):
    """Access tokens."""

    def token(self, delivery: Claimed) -> str:
        """Return the token of the delivery's account, or raise why there is none."""
        ...


class Writer(Protocol):
    """Meta, told what to say."""

    async def send(self, account_id: AccountId, message: Message, *, token: str) -> Sent:
        """Send a message once."""
        ...

    async def reply_publicly(self, comment_id: CommentId, text: str, *, token: str) -> Posted:
        """Write under a comment once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """Makes the one call for a public reply, a private reply or a message."""

    tokens: Tokens
    turns: Turns
    graph: Writer
    profiles: Profiles
    files: Files
    tracking: Tracking | None
    meter: Meter
    now: Clock
    call_budget: timedelta
    margin: timedelta

    async def attempt(self, delivery: Claimed, *, lease_ends_at: float) -> Ending:
        """
        Do all that leads to the call, and the call; return how it ended.

        `lease_ends_at` is `time.monotonic()`'s; a call that could outlive it is not made.
        """
        call_budget = sum(self._before(delivery), self.call_budget)
        blocked = obstacle(delivery, now=self.now(), call_budget=call_budget, margin=self.margin)
        if blocked is not None:
            return blocked
        try:
            composed = compose(delivery, self.tracking)
            token = self.tokens.token(delivery)
            await self.turns.probe(delivery)
            if self.profiles.asks(delivery):
                composed = compose(await self.profiles.named(delivery, token), self.tracking)
            composed = await self.files.reused(delivery, composed, token)
            await self.turns.take(delivery)
            if time.monotonic() + 2 * self.call_budget.total_seconds() > lease_ends_at:
                raise Unavailable("what leads to the call took most of the lease")
            return await self._call(delivery, composed, token)
        except Failure as failure:
            await self.turns.heed_failure(delivery, failure)
            ending = ending_of(failure, delivery)
            if restricts(ending):
                await self.turns.rest(delivery)
            return ending

    def _before(self, delivery: Claimed) -> Iterator[timedelta]:
        """Yield how long each of the calls that lead to the one may take."""
        if self.profiles.asks(delivery):
            yield self.profiles.patience
        if self.files.asks(delivery):
            yield self.files.patience

    async def _call(self, delivery: Claimed, composed: Composed, token: str) -> Ending:
        """Make the one call."""
        began_at = time.monotonic()
        ending: Ending
        try:
            ending = await self._say(delivery, composed, token)
        except GraphFailure as failure:
            if not await self.files.forgot(delivery, composed, failure):
                raise
            ending = Postponed("attachment_refused", timedelta(), counted=True, said=failure.said)
        finally:
            elapsed_ms = (time.monotonic() - began_at) * 1000
            self.meter.observe(GRAPH_LATENCY, elapsed_ms, kind=delivery.kind)
        await self.turns.heed(delivery, ending.said)
        return ending

    async def _say(self, delivery: Claimed, composed: Composed, token: str) -> Delivered:
        match composed:
            case Public(comment_id, text):
                posted = await self.graph.reply_publicly(comment_id, text, token=token)
                return Delivered(posted.comment_id, None, posted.said)
            case Private(message):
                sent = await self.graph.send(delivery.instagram_id, message, token=token)
                return Delivered(sent.message_id, sent.recipient_id, sent.said)
