"""
The keys that a Supabase project publishes, fetched when they are needed and kept for a while.

Supabase lets clients keep them for 10 minutes. A token with a key we do not know may be signed with
one that is new, so the set is fetched again, but not for every such token: anybody can make one up.
While Auth is away, what was fetched last is still good for an hour, as long as tokens live.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import aiohttp
import jwt
from pydantic_core import from_json

from services.control.tokens import PublicKey
from switchboard.errors import Unavailable

KEPT_S: Final = 600.0
COOL_DOWN_S: Final = 15.0
_STALE_S: Final = 3_600.0
_BUDGET: Final = aiohttp.ClientTimeout(total=5.0)
_MAX_BYTES: Final = 65_536
# What each kind of key, on which curve, is for; a published secret ("oct") would be nobody's.
_ALGORITHMS: Final[Mapping[object, str]] = {("EC", "P-256"): "ES256", ("RSA", None): "RS256"}

Fetch = Callable[[], Awaitable[bytes]]


class KeySet:
    """The project's keys. `fetch` brings them as published; concurrent callers share one fetch."""

    def __init__(self, fetch: Fetch, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._monotonic = fetch, monotonic
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched_at = self._tried_at = -float("inf")
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str) -> PublicKey | None:
        """
        Return the key of that id, if it is one of the project's.

        Raises:
            Unavailable: Auth is away, and what was fetched last is too old.
        """
        if key_id not in self._keys or self._age_s() > KEPT_S:
            async with self._fetching:
                if self._may_try(key_id):
                    await self._renew()
        if self._age_s() > _STALE_S:
            raise Unavailable("the keys that tokens are signed with cannot be had just now")
        return self._keys.get(key_id)

    def _may_try(self, key_id: str) -> bool:
        """Return whether it is still of use, and was not tried just now."""
        wanted = key_id not in self._keys or self._age_s() > KEPT_S
        return wanted and self._monotonic() - self._tried_at >= COOL_DOWN_S

    async def _renew(self) -> None:
        self._tried_at = self._monotonic()
        with contextlib.suppress(Unavailable):
            self._keys = dict(_read(await self._fetch()))
            self._fetched_at = self._monotonic()

    def _age_s(self) -> float:
        return self._monotonic() - self._fetched_at


@contextlib.asynccontextmanager
async def open_key_set(auth_url: str) -> AsyncIterator[KeySet]:
    """Open the key set of the project whose Auth is at `auth_url`; nothing is fetched yet."""
    async with aiohttp.ClientSession(timeout=_BUDGET) as http:

        async def fetch() -> bytes:
            return await _fetch(http, f"{auth_url}/.well-known/jwks.json")

        yield KeySet(fetch)


async def _fetch(http: aiohttp.ClientSession, url: str) -> bytes:
    try:
        async with http.get(url, allow_redirects=False) as answer:
            if answer.status != 200:  # noqa: PLR2004  what HTTP calls OK
                raise Unavailable(f"Auth answers {answer.status} when asked for its keys")
            body = bytearray()
            async for chunk in answer.content.iter_chunked(_MAX_BYTES):
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise Unavailable("Auth publishes more keys than can be")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"Auth: {type(error).__name__}") from error
    return bytes(body)


def _read(published: bytes) -> Iterator[tuple[str, PublicKey]]:
    """
    Yield the keys that can be used, by id; the others are nobody's.

    Raises:
        Unavailable: It is no key set at all.
    """
    try:
        written = from_json(published)["keys"]
        keys = [one for one in written if isinstance(one, dict)]
    except (ValueError, TypeError, KeyError):
        raise Unavailable("Auth publishes no key set") from None
    for one in keys:
        algorithm, key_id = _ALGORITHMS.get((one.get("kty"), one.get("crv"))), one.get("kid")
        if algorithm is None or not isinstance(key_id, str):
            continue
        if one.get("alg", algorithm) != algorithm:
            continue
        with contextlib.suppress(jwt.PyJWTError):
            yield key_id, PublicKey(_public(one, algorithm), algorithm)


def _public(written: Mapping[str, Any], algorithm: str) -> Any:
    """Return the key that is written; a private half, if somebody published one, is left out."""
    public = {name: value for name, value in written.items() if name not in _PRIVATE}
    return jwt.PyJWK.from_dict(public, algorithm=algorithm).key


_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
