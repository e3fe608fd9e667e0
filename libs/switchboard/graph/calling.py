"""
One call to Meta at a time: within its budget, and clear about what is known afterwards.

What writes for people to see is called `once`, and may end `Unclear`. What does nobody harm twice,
a read or an upload, is `repeatable`: what got no readable answer may simply be asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    TraceConfig,
    TraceRequestHeadersSentParams,
)
from yarl import URL

from switchboard.errors import Unavailable
from switchboard.graph.answers import Said, read_json, read_said
from switchboard.graph.failures import no_answer, refusal

# Idle connections are given up before the far end does: a call written to a connection that is
# just being closed would have an unknown outcome.
_KEEP_ALIVE_S: Final = 15.0
_MAX_CONNECTIONS: Final = 200
_CONNECT_S: Final = 3.0


@dataclass(slots=True)
class _Journey:
    """Whether a request has begun to leave us."""

    left: bool = False


class Calling:
    """
    Calls below one address, each within `call_budget_s`.

    A token goes in a header, where no log or proxy keeps it.
    """

    def __init__(self, http: ClientSession, url: URL, *, call_budget_s: float) -> None:
        self._http, self._url, self._call_budget_s = http, url, call_budget_s

    async def repeatable(
        self, method: str, path: tuple[str, ...], token: str | None, **request: Any
    ) -> tuple[Mapping[str, Any], Said]:
        """
        Make a call that does no harm twice; return an answer that is none but good.

        Raises:
            GraphFailure: As `failures` sorts them, but never `Unclear`.
            Unavailable: No answer that can be read; ask again.
        """
        answer, said = await self.asked(method, path, token, **request)
        if said.code is not None:
            raise refusal(said, is_send=False)
        if not is_good(said) or not answer or answer.get("error"):
            raise Unavailable(f"Graph API: no readable answer (HTTP {said.http_status})")
        return answer, said

    async def asked(
        self, method: str, path: tuple[str, ...], token: str | None, **request: Any
    ) -> tuple[Mapping[str, Any], Said]:
        """
        Make a call that does no harm twice; return its answer, whatever it says.

        Raises:
            Unavailable: None came.
        """
        url = self._url.joinpath(*path)
        try:
            return await self._answer(method, url, token, **request)
        except (ClientError, OSError, TimeoutError) as error:
            raise Unavailable(f"Graph API: {type(error).__name__}") from error

    async def once(
        self, path: tuple[str, ...], body: Mapping[str, Any], token: str
    ) -> tuple[Mapping[str, Any], Said]:
        """
        Make a call that must not be made twice; return its answer, whatever it says.

        Raises:
            Unclear: It left us, and no answer came.
            Unavailable: It never left us.
        """
        journey = _Journey()
        url = self._url.joinpath(*path)
        try:
            return await self._answer("POST", url, token, json=body, trace_request_ctx=journey)
        except (ClientError, OSError, TimeoutError) as error:
            name = type(error).__name__
            if not journey.left:
                raise Unavailable(f"Graph API: {name}") from error
            because = "timed_out" if isinstance(error, TimeoutError) else "connection_lost"
            raise no_answer(because) from error

    async def _answer(
        self, method: str, url: URL, token: str | None, **request: Any
    ) -> tuple[Mapping[str, Any], Said]:
        """Make one request within the budget; return what came back."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with (
            asyncio.timeout(self._call_budget_s),
            self._http.request(
                method, url, headers=headers, allow_redirects=False, **request
            ) as response,
        ):
            answer = read_json(await response.read())
            return answer, read_said(response.status, response.headers, answer)


@contextlib.asynccontextmanager
async def open_http() -> AsyncIterator[ClientSession]:
    """Open what calls are made through; connections are kept between calls."""
    async with ClientSession(
        connector=TCPConnector(
            limit=_MAX_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_S, ttl_dns_cache=60
        ),
        cookie_jar=DummyCookieJar(),
        headers={"User-Agent": "switchboard"},
        timeout=ClientTimeout(total=None, sock_connect=_CONNECT_S),
        trace_configs=[_departures()],
    ) as http:
        yield http


def is_good(said: Said) -> bool:
    """Return whether Meta's status says that it did what it was asked."""
    return said.http_status is not None and 200 <= said.http_status < 300  # noqa: PLR2004


def _departures() -> TraceConfig:
    """Return a trace that notes when a request's first byte is about to leave."""

    async def leaves(
        _session: ClientSession, context: SimpleNamespace, _params: TraceRequestHeadersSentParams
    ) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.left = True

    trace = TraceConfig()
    trace.on_request_headers_sent.append(leaves)
    return trace
