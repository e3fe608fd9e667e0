"""A door in front of a real SQS server, which a test can close, hold, or have refuse something."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web


@dataclass(slots=True)
class Front:
    """
    Passes calls on to `behind`, and remembers how many messages each SendMessageBatch had.

    `refusals` is how many entries are still to be refused as SQS does in its own trouble: the
    first of a batch, the others being stored. While `gate` is closed, calls wait before it.
    """

    behind: str
    http: ClientSession
    batches: list[int] = field(default_factory=list)
    refusals: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL is to be."""
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Listen, on the same port as before if there was one."""
        app = web.Application(client_max_size=4 * 1_048_576)
        app.router.add_post("/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Be away: new connections are refused, old ones end."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body, target = await request.json(), request.headers["X-Amz-Target"]
        refused = self._refused(body) if target == "AmazonSQS.SendMessageBatch" else []
        self.waiting.set()
        await self.gate.wait()
        headers = {
            name: request.headers[name]
            for name in ("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date")
        }
        async with self.http.post(self.behind, data=json.dumps(body), headers=headers) as answer:
            told = await answer.json(content_type=None)
        if refused:
            told["Failed"] = refused
        return web.json_response(
            told, status=answer.status, content_type="application/x-amz-json-1.0"
        )

    def _refused(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Note the batch, and take out of it what is to be refused."""
        self.batches.append(len(body["Entries"]))
        if not self.refusals or len(body["Entries"]) == 1:
            return []
        self.refusals -= 1
        entry = body["Entries"].pop(0)
        return [{"Id": entry["Id"], "Code": "InternalError", "SenderFault": False}]


@contextlib.asynccontextmanager
async def open_front(behind: str) -> AsyncIterator[Front]:
    """Open a door in front of the server at `behind`."""
    async with ClientSession() as http:
        front = Front(behind, http)
        front.gate.set()
        await front.open()
        try:
            yield front
        finally:
            front.gate.set()
            await front.close()
