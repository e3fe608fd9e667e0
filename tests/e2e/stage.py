"""What the tests of the simulator's page stand on: names, and the control API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from tests.e2e.bot import Bot

APP_ID = "1000000000000001"
APP_SECRET = "the app secret"
VERIFY_TOKEN = "the verify token"
ACCOUNT = "17841400000000001"
TOKEN = "token-of-shop"
POST = "18000000000000001"
STORY = "18000000000000002"


@dataclass(frozen=True)
class Stage:
    """A running simulator at `url`, and the bot that answers its webhooks."""

    url: str
    http: ClientSession
    bot: Bot

    async def sim(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API; every answer but a good one fails the test."""
        async with self.http.request(method, f"/sim{path}", json=body) as answer:
            text = await answer.text()
            assert answer.status < 300, text
            return json.loads(text) if text else None

    async def comment(self, text: str, *, username: str = "ben.example") -> str:
        """Let somebody who is not at the page comment; return the comment's id."""
        body = {"account_id": ACCOUNT, "media_id": POST, "username": username, "text": text}
        told = await self.sim("POST", "/comments", body)
        return str(told["comment_id"])
