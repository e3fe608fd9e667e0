"""An owner's server that takes outgoing webhooks, and checks signatures by itself."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_TOLD_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """One call: its headers and the bytes of its body."""

    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """What it says."""
        return json.loads(self.raw)

    def is_signed_with(self, secret: str) -> bool:
        """Check the signature as the Standard Webhooks specification says."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        names = ("webhook-id", "webhook-timestamp")
        signed = ".".join(self.headers[name] for name in names).encode() + b"." + self.raw
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{digest}" in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """What was received, in order."""

    url: str = ""
    _told: asyncio.Queue[Told] = field(default_factory=asyncio.Queue)

    async def next(self) -> Told:
        """Return the next call, as soon as it has come."""
        return await asyncio.wait_for(self._told.get(), _TOLD_WITHIN_S)

    async def take(self, request: web.Request) -> web.Response:
        """Take a call."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self._told.put_nowait(Told(headers, await request.read()))
        return web.Response(status=204)


@contextlib.asynccontextmanager
async def serve_receiver() -> AsyncIterator[Receiver]:
    """Serve one on a port the kernel chooses, on loopback."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
