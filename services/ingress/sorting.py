"""
A whole body to what is stored of it: every update one message, whatever it is.

A thousand updates take tens of milliseconds, in which no other request would be heard, so the loop
is given a turn after every few.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.ingress.envelope import Update, unfold
from services.ingress.normalise import normalise
from services.ingress.reading import raw_json
from services.ingress.unreadable import pieces
from switchboard.contracts import EventNotUnderstood, InboundEvent, TraceId
from switchboard.errors import Unreadable
from switchboard.queues import Outgoing
from switchboard.queues.publisher import MAX_MESSAGE_BYTES

# Some 40 µs each: 2 ms between two turns of the loop.
_UPDATES_A_TURN: Final = 50
# Parsing is 10 ms and more from here on; in a thread it shares the interpreter with the loop.
_LARGE_BODY_BYTES: Final = 256 * 1_024


@dataclass(slots=True)
class Sorted:
    """What a body comes to: its messages, and how many of which sort."""

    messages: list[Outgoing] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    not_understood: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    tests: int = 0

    def keep(self, event: InboundEvent, body: str) -> None:
        """Put `event`, whose JSON is `body`, among what is stored."""
        self.messages.append(Outgoing(body=body, group=event.account_id))
        self.kinds[event.kind] += 1
        if isinstance(event, EventNotUnderstood):
            self.not_understood[event.what] += 1


async def sort(body: bytes, *, received_at: datetime, trace_id: TraceId) -> Sorted:
    """
    Return what to store of a body with a good signature. Never raises: what is unreadable is
    stored as such.
    """
    sorting = _Sorting(body, received_at, trace_id)
    try:
        if len(body) < _LARGE_BODY_BYTES:
            updates = unfold(body)
        else:
            updates = await asyncio.to_thread(unfold, body)
    except Unreadable as failure:
        sorting.give_up(str(failure))
        return sorting.result
    for start in range(0, len(updates), _UPDATES_A_TURN):
        if start:
            await asyncio.sleep(0)
        sorting.take(updates[start : start + _UPDATES_A_TURN])
    return sorting.result


@dataclass(slots=True)
class _Sorting:
    body: bytes
    received_at: datetime
    trace_id: TraceId
    result: Sorted = field(default_factory=Sorted)

    def take(self, updates: Iterable[Update]) -> None:
        for update in updates:
            if update.test:
                self.result.tests += 1
            else:
                self._take(update)

    def _take(self, update: Update) -> None:
        try:
            event = normalise(update, received_at=self.received_at, trace_id=self.trace_id)
            message = event.to_json()
            if len(message.encode()) <= MAX_MESSAGE_BYTES:
                self.result.keep(event, message)
            else:
                self._cut(raw_json(update.value).encode(), "too_large", update)
        except RecursionError:  # it cannot be written as JSON by itself, so: all bytes, once
            self.give_up("too_deep")

    def give_up(self, because: str) -> None:
        """Keep the whole body as bytes, unless it is kept already."""
        if because not in self.result.unreadable:
            self._cut(self.body, because)

    def _cut(self, content: bytes, because: str, update: Update | None = None) -> None:
        self.result.unreadable[because] += 1
        for piece in pieces(
            content,
            because=because,
            received_at=self.received_at,
            trace_id=self.trace_id,
            **({"account_id": update.account_id} if update else {}),
        ):
            self.result.keep(piece, piece.to_json())
