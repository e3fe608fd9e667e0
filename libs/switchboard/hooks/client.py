"""The call itself: one attempt within a deadline, and what its answer means."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import ClassVar, Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    InvalidURL,
    TCPConnector,
)
from yarl import URL

from switchboard.errors import Refused, Retryable
from switchboard.hooks.addresses import NotPublic, public_socket
from switchboard.hooks.signing import Hook, signed_headers

_MAX_CONNECTIONS: Final = 100
_MAX_PER_SERVER: Final = 10
_CONNECT_S: Final = 3.0
_BUFFER_BYTES: Final = 4096  # what of an answer may arrive although nobody reads it
_LONGEST_ASKED_WAIT_S: Final = 3600.0
# Those that Standard Webhooks and common sense call passing; 5xx besides.
_PASSING: Final = frozenset({408, 409, 425, 429})


class HookFailed(Retryable):
    """The receiver did not take it this time; `after_s` is set if it said when to come back."""

    reason: ClassVar[str] = "webhook_failed"


class HookRefused(Refused):
    """The receiver does not want it (or is none: it points elsewhere, or is gone)."""

    reason: ClassVar[str] = "webhook_refused"


class HookForbidden(Refused):
    """The address is one we do not call: not https, or not on the internet."""

    reason: ClassVar[str] = "webhook_address_forbidden"


class HookClient:
    """
    Calls owners' servers; see `open_hooks`.

    No redirect is followed, because it leads where nobody looked; no answer is read beyond its
    headers; no cookie is kept. `allow_private` takes any address, and http, for development.
    """

    def __init__(self, http: ClientSession, *, call_budget_s: float, allow_private: bool) -> None:
        self._http, self._call_budget_s = http, call_budget_s
        self._allow_private = allow_private

    async def deliver(self, hook: Hook, *, secret: str, at: datetime) -> None:
        """
        Tell the receiver once. It may hear of it although this fails: its `id` tells repeats apart.

        Raises:
            HookFailed: No answer in time, none at all, or one that says later.
            HookRefused: Any other answer that is not 2xx.
            HookForbidden: The address is none we call.
            BadSecret: It cannot be signed.
        """
        status, asked_wait_s = await self._call(hook, secret=secret, at=at)
        _require_taken(status, asked_wait_s)

    async def try_out(self, hook: Hook, *, secret: str, at: datetime) -> int:
        """
        Tell the receiver once, and return the status of its answer, whatever that is.

        Raises:
            HookFailed: No answer in time, or none at all.
            HookForbidden, BadSecret: As `deliver`.
        """
        status, _ = await self._call(hook, secret=secret, at=at)
        return status

    async def _call(self, hook: Hook, *, secret: str, at: datetime) -> tuple[int, float | None]:
        """Return the answer's status, and the wait that it asks for."""
        url = self._required(hook.url)
        headers = signed_headers(hook, secret=secret, at=at)
        headers["Content-Type"] = "application/json"
        try:
            async with (
                asyncio.timeout(self._call_budget_s),
                self._http.post(
                    url, data=hook.body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                return answer.status, _asked_wait_s(answer)
        except InvalidURL:
            raise HookForbidden("the webhook's address is no URL") from None
        except (ClientError, OSError, TimeoutError) as error:
            if isinstance(error, ClientConnectorError) and isinstance(error.os_error, NotPublic):
                raise HookForbidden("the webhook's address is not on the internet") from None
            # Without its cause, which would show the URL: owners put secrets into them.
            raise HookFailed(f"webhook: {type(error).__name__}") from None

    def _required(self, written: str) -> URL:
        """Read an address, and refuse one that is never called."""
        try:
            url = URL(written)
        except ValueError:
            raise HookForbidden("the webhook's address is no URL") from None
        schemes = {"https", "http"} if self._allow_private else {"https"}
        if url.scheme not in schemes or not url.host:
            raise HookForbidden("a webhook's address must be an https URL")
        return url


@contextlib.asynccontextmanager
async def open_hooks(
    *, call_budget_s: float, allow_private: bool = False
) -> AsyncIterator[HookClient]:
    """
    Open a client of owners' servers.

    Unless `allow_private`, every socket is refused that would be connected to an address which is
    not public, at the moment of connecting; so no name can be made to resolve to one in between.
    """
    connector = TCPConnector(
        limit=_MAX_CONNECTIONS,
        limit_per_host=_MAX_PER_SERVER,
        use_dns_cache=False,
        socket_factory=None if allow_private else public_socket,
    )
    async with ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        headers={"User-Agent": "switchboard-webhooks"},
        timeout=ClientTimeout(total=None, sock_connect=_CONNECT_S),
        trust_env=False,  # a proxy would connect for us, to wherever
        auto_decompress=False,
        read_bufsize=_BUFFER_BYTES,
    ) as http:
        yield HookClient(http, call_budget_s=call_budget_s, allow_private=allow_private)


def _require_taken(status: int, asked_wait_s: float | None) -> None:
    """Refuse an answer that is not 2xx."""
    if 200 <= status < 300:  # noqa: PLR2004
        return
    if status in _PASSING or status >= 500:  # noqa: PLR2004
        raise HookFailed(f"webhook: HTTP {status}", after_s=asked_wait_s)
    raise HookRefused(f"webhook: HTTP {status}")


def _asked_wait_s(answer: ClientResponse) -> float | None:
    """Return the wait that the receiver asked for, if it did so in seconds; an hour at most."""
    written = answer.headers.get("Retry-After", "")
    if written.isascii() and written.isdigit():
        return min(float(written), _LONGEST_ASKED_WAIT_S)
    return None
