"""What it does instead of answering, when told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web

Behaviour = Callable[[web.Request, Mapping[str, Any]], Awaitable[web.StreamResponse]]

_FLOOD: Final = b"0123456789abcdef" * 4096  # 64 KiB
_FLOOD_TIMES: Final = 16_384  # 1 GiB: more than anybody should read, and it ends


async def hangs(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Never answer; end when the caller leaves."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def fails(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Answer 500, as Ollama does when a runner has died."""
    error = "llama runner process no longer running: 2"
    return web.json_response({"error": error}, status=500)


async def overloaded(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Answer 503, as Ollama does when OLLAMA_MAX_QUEUE requests wait."""
    error = "server busy, please try again.  maximum pending requests exceeded"
    return web.json_response({"error": error}, status=503)


async def garbage(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Answer 200 with what is no JSON at all."""
    return web.Response(body=b"\x00\xff<html>502 Bad Gateway</html>")


async def empty(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Answer 200 with JSON that says nothing."""
    return web.json_response({})


async def floods(request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Answer with a content that has no end."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"message": {"role": "assistant", "content": "')
    for _ in range(_FLOOD_TIMES):
        await response.write(_FLOOD)
    return response


async def drips(request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Answer a byte at a time, so that no single read ever times out."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def drops(request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Close the connection in the middle of an answer."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"model": ')
    if request.transport is not None:
        request.transport.abort()
    return response


async def redirects(_request: web.Request, _body: Mapping[str, Any]) -> web.StreamResponse:
    """Send the caller elsewhere."""
    return web.Response(status=307, headers={"Location": "/sim/elsewhere"})


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    one.__name__: one
    for one in (hangs, fails, overloaded, garbage, empty, floods, drips, drops, redirects)
}

# What the chat model says, in an answer whose shape is right: see `contents`.
CONTENTS: Final = ("chatters", "lies", "obeys", "shouts", "deep")


def content(how: str, said: str) -> str:
    """Return what a chat model says that behaves like `how` to somebody who `said` this."""
    match how:
        case "chatters":
            return "Sure! I think this person would like to know the price."
        case "lies":
            return json.dumps({"intent": "a name that nobody offered"})
        case "obeys":
            return said  # whatever the person told it to say
        case "shouts":
            return json.dumps({"intent": "NONE", "extra": said})
        case "deep":
            return "[" * 100_000
        case _:
            raise ValueError(how)
