"""The bytes of a request as they came, under a limit of size and of time."""

from __future__ import annotations

import asyncio
from typing import Literal

from aiohttp import web

from switchboard.errors import Failure

Fault = Literal["too_large", "too_slow", "broken_off"]


class BodyRefused(Failure):
    """The body is not taken; `fault` says why."""

    reason = "body_refused"

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


async def read_body(request: web.Request, *, max_bytes: int, budget_s: float) -> bytes:
    """
    Return the request's body, undecoded.

    What arrives is counted, whatever Content-Length says, and also without one. The server must
    have been opened with `auto_decompress=False`: a signature is over what was sent, and what was
    sent compressed must not grow past the limit here.

    Raises:
        BodyRefused: It is over `max_bytes`, takes longer than `budget_s`, or breaks off.
    """
    if (request.content_length or 0) > max_bytes:
        raise BodyRefused("too_large")
    body = bytearray()
    try:
        async with asyncio.timeout(budget_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > max_bytes:
                    raise BodyRefused("too_large")
    except TimeoutError:
        raise BodyRefused("too_slow") from None
    except (web.RequestPayloadError, ConnectionError):
        raise BodyRefused("broken_off") from None
    return bytes(body)
