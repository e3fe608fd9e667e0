"""Answers of bounded size: a server that never ends one fills no memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx


class TooMuch(httpx.ReadError):
    """The answer is longer than any that is asked for."""


class BoundedTransport(httpx.AsyncHTTPTransport):
    """HTTP whose answers have `max_bytes` at most, as they come over the wire and unpacked."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; reading the answer raises `TooMuch` beyond the bound."""
        # What is not packed cannot unpack to a thousand times its size.
        request.headers["Accept-Encoding"] = "identity"
        response = await super().handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise TooMuch("the answer is packed, which was not asked for", request=request)
        if not isinstance(response.stream, httpx.AsyncByteStream):
            raise TypeError("an asynchronous transport gives asynchronous streams")
        response.stream = _Bounded(response.stream, self._max_bytes, request)
        return response


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, left: int, request: httpx.Request) -> None:
        self._stream, self._left, self._request = stream, left, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise TooMuch("the answer has no end", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
