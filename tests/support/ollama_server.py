"""
A stand-in for an Ollama server, on a real socket.

It answers `/api/chat` in the shape of Ollama's own API (one JSON object when `stream` is false, a
404 with `error` for a model it does not have), remembers what it was asked, and misbehaves when
told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

MODEL = "tiny:1b"
Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(intent: str) -> Behaviour:
    """Answer with `intent`, as a model does that keeps to its schema."""
    return says_content(json.dumps({"intent": intent}))


def says_content(content: str) -> Behaviour:
    """Answer with any content at all."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {
                "model": MODEL,
                "created_at": "2026-11-02T12:00:00.123456789Z",
                "message": {"role": "assistant", "content": content},
                "done": True,
                "done_reason": "stop",
                "total_duration": 412_000_000,
                "load_duration": 9_000_000,
                "prompt_eval_count": 180,
                "prompt_eval_duration": 210_000_000,
                "eval_count": 9,
                "eval_duration": 150_000_000,
            }
        )

    return answer


def fails(status: int, body: str = '{"error": "something went wrong"}') -> Behaviour:
    """Answer with an error, or with any body."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, content_type="application/json")

    return answer


async def hangs(request: web.Request) -> web.StreamResponse:
    """Never answer; end when the caller leaves."""
    await asyncio.Event().wait()
    return web.Response()


async def drops(request: web.Request) -> web.StreamResponse:
    """Close the connection in the middle of an answer."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"model": ')
    if request.transport is not None:
        request.transport.abort()
    return response


@dataclass(slots=True)
class OllamaServer:
    """The stand-in: `behave` is what it does with the next calls."""

    url: str = ""
    behave: Behaviour = field(default_factory=lambda: says("price"))
    asked: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    open_now: int = 0
    most_open: int = 0

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Serve POST /api/chat."""
        body = await request.json()
        async with self.news:
            self.asked.append(body)
            self.news.notify_all()
        if body["model"] != MODEL:
            return await fails(404, json.dumps({"error": f"model '{body['model']}' not found"}))(
                request
            )
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            return await self.behave(request)
        finally:
            self.open_now -= 1

    async def was_asked(self, times: int) -> None:
        """Wait until it was asked `times` times in all."""
        async with self.news, asyncio.timeout(30):
            await self.news.wait_for(lambda: len(self.asked) >= times)


@contextlib.asynccontextmanager
async def serve_ollama(port: int = 0) -> AsyncIterator[OllamaServer]:
    """Serve a stand-in on loopback."""
    server = OllamaServer()
    app = web.Application()
    app.router.add_post("/api/chat", server.chat)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, chosen = runner.addresses[0][:2]
        server.url = f"http://{host}:{chosen}"
        yield server
    finally:
        await runner.cleanup()
