"""
What is new, as it comes: an answer that stays open, as server-sent events.

It looks again and again, each time in a short transaction under the caller's own claims, so what
they may no longer see does not reach them. It ends when the caller's token does, when they are no
member any more, and when we are told to stop; whoever wants more calls again, with what is new
since the last id they were told (`Last-Event-ID`).

Source: WHATWG, "HTML", server-sent events.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Header
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from services.control.problems import Declined
from services.control.tokens import Caller
from switchboard.clock import utc_now
from switchboard.errors import Unavailable

MEDIA_TYPE: Final = "text/event-stream"
# Proxies close what is silent for 30 to 60 seconds.
_QUIET_S: Final = 15.0
# However long the token: a replica that is to go must not wait for who never leaves.
_LONGEST_S: Final = 3_600.0
_RETRY_MS: Final = 2_000
_RETRY_AFTER_S: Final = 10.0

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=512,
        description="The last id you were told: goes on from there. Without it, from now on.",
    ),
]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that is new; `id` is what a reader who comes back says they have read."""

    name: str
    id: str
    data: BaseModel | None = None

    def written(self) -> str:
        """Return it as it is sent: JSON has no line breaks of its own."""
        data = "{}" if self.data is None else self.data.model_dump_json()
        return f"id: {self.id}\nevent: {self.name}\ndata: {data}\n\n"


# What is new since the last time it was asked. Raises `Declined` when nothing will be.
Look = Callable[[], Awaitable[Sequence[Message]]]


@dataclass(slots=True, kw_only=True)
class Watchers:
    """Who has live answers open: each user `most` at once, who are looked for each `every_s`."""

    most: int
    every_s: float
    quiet_s: float = _QUIET_S
    longest_s: float = _LONGEST_S
    name: str = "watchers"
    _open: Counter[UUID] = field(default_factory=Counter)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stop: asyncio.Event) -> None:
        """Let all live answers end at `stop`, so that the server need not wait for them."""
        await stop.wait()
        self._over.set()

    @contextlib.contextmanager
    def place(self, user: UUID) -> Iterator[None]:
        """
        Count one more of `user`'s.

        Raises:
            Declined: They have as many as they may.
        """
        if self._open[user] >= self.most:
            why = f"You have {self.most} live answers open; close one first."
            raise Declined("too_many_calls", why, retry_after_s=_RETRY_AFTER_S)
        self._open[user] += 1
        try:
            yield
        finally:
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]

    async def goes_on(self, ends_at: datetime | None, began_s: float) -> bool:
        """Return when it is time to look again; false: it is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self.every_s)
        too_long = time.monotonic() - began_s > self.longest_s
        return not (self._over.is_set() or too_long or (ends_at and utc_now() >= ends_at))


class Live(StreamingResponse):
    """What `look` finds, until it is over for `caller`."""

    media_type = MEDIA_TYPE

    def __init__(self, look: Look, *, caller: Caller, watchers: Watchers) -> None:
        self._look, self._caller, self._watchers = look, caller, watchers
        super().__init__(self._messages(), headers={"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what comes, if there is a place for one more."""
        with self._watchers.place(self._caller.user_id):
            scope["state"]["streams"] = True
            await super().__call__(scope, receive, send)

    async def _messages(self) -> AsyncIterator[str]:
        began_s = spoke_s = time.monotonic()
        yield f"retry: {_RETRY_MS}\n\n"
        while True:
            try:
                found = await self._look()
            except Declined:
                return
            except Unavailable:
                found = ()  # it may be back the next time
            for message in found:
                yield message.written()
            now_s = time.monotonic()
            if found:
                spoke_s = now_s
            elif now_s - spoke_s >= self._watchers.quiet_s:
                spoke_s = now_s
                yield ": still here\n\n"
            if not await self._watchers.goes_on(self._caller.ends_at, began_s):
                return
