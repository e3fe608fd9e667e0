"""
A POST that is sent again under its `Idempotency-Key` is done once, and answered as it was then.

The key, a hash of what was asked and the answer are written in the transaction that does it: either
all of it happened or nothing. Whoever sends the same at the same time waits for that transaction,
and is then given its answer, or does it in its place if it failed. A refusal undoes everything, the
key too, so what was refused may be tried again under it.

Source: IETF, draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Header, Request, Response

from services.control.problems import Fault, invalid
from switchboard.db import repeats
from switchboard.db.pool import Queryable
from switchboard.db.repeats import Answered

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
_LONGEST: Final = 255
# What an answer is besides its body; the rest is the same for every answer.
_KEPT: Final = ("content-type", "etag", "location", "content-disposition")

# For the operations' descriptions; it is read here.
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=_LONGEST,
        description="Your own name for this request. Sent again with the same, it is done once "
        "and answered the same, for 24 hours.",
    ),
]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A request that may be one that was sent before."""

    key: str
    digest: bytes

    @staticmethod
    def of(request: Request, body: bytes) -> Repeat | None:
        """
        Return what it would be a repeat of; `None` if it is none.

        Raises:
            Declined: Its key is none.
        """
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST":
            return None
        if not key.isprintable() or not 1 <= len(key) <= _LONGEST:
            message = f"A key has 1 to {_LONGEST} characters."
            raise invalid(Fault(within="header", pointer=f"/{HEADER}", message=message))
        asked = hashlib.sha256()
        for part in (request.method.encode(), request.scope["path"].encode(), body):
            asked.update(len(part).to_bytes(8, "big") + part)
        return Repeat(key, asked.digest())

    async def once(
        self,
        tx: Queryable,
        caller: UUID,
        handle: Callable[[], Awaitable[Response]],
        kept: Callable[[bytes], bytes],
    ) -> Response:
        """
        Return what `handle` answers, or what was `kept` of it when this was asked before.

        Raises:
            Declined: Something else was asked under this key.
        """
        if not await repeats.begin(tx, caller, self.key, self.digest):
            before = await repeats.answered(tx, caller, self.key)
            return self._again(before)
        response = await handle()
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        given = Answered(self.digest, response.status_code, headers, kept(bytes(response.body)))
        await repeats.finish(tx, caller, self.key, given)
        return response

    def _again(self, before: Answered) -> Response:
        if before.digest != self.digest:
            message = "Something else was asked under this key; give each request one of its own."
            raise invalid(Fault(within="header", pointer=f"/{HEADER}", message=message))
        headers = {**before.headers, REPLAYED: "true"}
        return Response(before.body, before.status, headers)
