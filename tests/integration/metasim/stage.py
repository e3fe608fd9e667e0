"""What the tests of the simulator stand on: a client of it, and a receiver of its webhooks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

APP_SECRET = "the app secret"
META_APP_SECRET = "the other app's secret"
VERIFY_TOKEN = "the verify token"
ACCOUNT = "17841400000000001"
OTHER_ACCOUNT = "17841400000000002"
MEDIA = "18000000000000001"
TOKEN = "token-of-shop"
OTHER_TOKEN = "token-of-other"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook as it came over the wire."""

    content: bytes
    headers: dict[str, str]

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def is_signed(self) -> bool:
        return self.is_signed_with(APP_SECRET)

    def is_signed_with(self, secret: str) -> bool:
        digest = hmac.new(secret.encode(), self.content, hashlib.sha256).hexdigest()
        return self.headers.get("X-Hub-Signature-256") == f"sha256={digest}"


@dataclass
class Receiver:
    """Where webhooks go. `statuses` are answered first, then 200 for ever."""

    statuses: list[int] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def post(self, request: web.Request) -> web.Response:
        async with self._came:
            self.deliveries.append(Delivery(await request.read(), dict(request.headers)))
            self._came.notify_all()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def get(self, request: web.Request) -> web.Response:
        if request.query["hub.verify_token"] != VERIFY_TOKEN:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def received(self, count: int) -> list[Delivery]:
        """Return the deliveries once there are `count` of them."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.deliveries) >= count)
        return self.deliveries


class Meta:
    """A client of the simulator: `sim` for the control API, `graph` for the Graph API."""

    def __init__(self, http: ClientSession) -> None:
        self.http = http

    async def sim(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        async with self.http.request(method, f"/sim{path}", json=body) as answer:
            text = await answer.text()
            assert status == answer.status, text
            return json.loads(text) if text else None

    async def graph(
        self, method: str, path: str, body: Any = None, *, token: str = TOKEN
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.request(method, path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def comment(self, text: str = "LINK", **told: Any) -> Any:
        body = {"account_id": ACCOUNT, "media_id": MEDIA, "username": "ana", "text": text, **told}
        return await self.sim("POST", "/comments", body)

    async def write(self, text: str = "price?", **told: Any) -> Any:
        body = {"account_id": ACCOUNT, "username": "ana", "text": text, **told}
        return await self.sim("POST", "/messages", body)

    async def reply_in_private(self, comment_id: str, text: str = "here") -> tuple[int, Any]:
        body = {"recipient": {"comment_id": comment_id}, "message": {"text": text}}
        return await self.graph("POST", f"/v26.0/{ACCOUNT}/messages", body)

    async def send(self, igsid: str, text: str = "10 euro") -> tuple[int, Any]:
        body = {"recipient": {"id": igsid}, "message": {"text": text}}
        return await self.graph("POST", "/me/messages", body)

    async def judgement(self) -> Any:
        return await self.sim("GET", "/judgement")


def error_of(answer: tuple[int, Any]) -> tuple[int, int, int | None]:
    """Return status, code and subcode of a refusal."""
    status, body = answer
    return status, body["error"]["code"], body["error"].get("error_subcode")
