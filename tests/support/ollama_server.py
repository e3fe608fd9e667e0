"""
`tools.ollamasim` on a real socket, for tests: with a small model, and ways to answer a chat.

`behave` is what it does with the next chats; everything else it does as the simulator does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tools.ollamasim.app import Instead, Simulator, make_app
from tools.ollamasim.models import AT_FIRST, SimModel

MODEL = "tiny:1b"
EMBED_MODEL = "nomic-embed-text"
Behaviour = Instead


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
    """The simulator, and where it is."""

    sim: Simulator
    url: str = ""

    @property
    def behave(self) -> Behaviour | None:
        """What it does with chats; `None`: as the simulator does."""
        return self.sim.instead

    @behave.setter
    def behave(self, behaviour: Behaviour | None) -> None:
        self.sim.instead = behaviour

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What it was asked, chats and vectors."""
        return list(self.sim.asked)

    @property
    def open_now(self) -> int:
        """How many calls are open."""
        return self.sim.open_now

    @property
    def most_open(self) -> int:
        """How many calls were open at once, at most."""
        return self.sim.most_open

    async def was_asked(self, times: int) -> None:
        """Wait until it was asked `times` times in all."""
        await self.sim.was_asked(times)


@contextlib.asynccontextmanager
async def serve_ollama(port: int = 0) -> AsyncIterator[OllamaServer]:
    """Serve it on loopback."""
    sim = Simulator([*AT_FIRST, SimModel(MODEL, ("completion",))], instead=says("price"))
    server = OllamaServer(sim)
    runner = web.AppRunner(
        make_app(sim), access_log=None, handler_cancellation=True, shutdown_timeout=0.1
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, chosen = runner.addresses[0][:2]
        server.url = f"http://{host}:{chosen}"
        yield server
    finally:
        await runner.cleanup()
