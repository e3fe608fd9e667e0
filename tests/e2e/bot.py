"""A bot that answers webhooks through the Graph API, by a fixed script."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from aiohttp import ClientSession, web

Json = dict[str, Any]

LINK = "Here is your link"
IN_PUBLIC = "Sent you a message!"
PRICE = "It is 10 euro"
THANKS = "Thank you for your answer"
TAPPED = "You tapped more"


class Bot:
    """
    Answers LINK comments in private and in public, messages, taps and answers to stories.

    `status` is what the next webhooks are answered; all but 200 are refused and not acted upon.
    `private` and `public` are what it says to a LINK comment; `received` is what it was told.
    """

    def __init__(self) -> None:
        self.status = 200
        self.public = IN_PUBLIC
        self.private: Json = _with_buttons(LINK)
        self.received: list[Json] = []
        self._under_way: set[asyncio.Task[None]] = set()

    def app(self) -> web.Application:
        """Return what receives the webhooks, at /hook."""
        app = web.Application()
        app.add_routes([web.post("/hook", self._receive)])
        return app

    def open(self, http: ClientSession, *, token: str) -> None:
        """Answer through `http`, whose base is the Graph API."""
        self.token = token
        self._http, self._headers = http, {"Authorization": f"Bearer {token}"}

    async def close(self) -> None:
        """Wait for the answers under way; a failed one fails the test."""
        await asyncio.gather(*self._under_way)

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.received.append(body)
        if self.status == 200:
            task = asyncio.create_task(self._answer(body))
            self._under_way.add(task)
        return web.Response(status=self.status)

    async def _answer(self, body: Json) -> None:
        for entry in body["entry"]:
            for change in entry.get("changes", []):
                if change["field"] == "comments" and change["value"]["from"]["id"] != entry["id"]:
                    await self._answer_comment(change["value"])
            for told in entry.get("messaging", []):
                for message in _replies(told):
                    await self._send({"id": told["sender"]["id"]}, message)

    async def _answer_comment(self, comment: Json) -> None:
        if "LINK" in comment.get("text", ""):
            await self._send({"comment_id": comment["id"]}, self.private)
            await self._post(f"/v26.0/{comment['id']}/replies", {"message": self.public})

    async def _send(self, recipient: Json, message: Json) -> None:
        await self._post("/v26.0/me/messages", {"recipient": recipient, "message": message})

    async def _post(self, path: str, body: Json) -> None:
        async with self._http.post(path, json=body, headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()


def _replies(told: Json) -> Iterator[Json]:
    message = told.get("message", {})
    if "postback" in told:
        yield {"text": TAPPED}
    elif message.get("is_echo"):
        return
    elif "story" in message.get("reply_to", {}):
        yield {"text": THANKS}
    elif "quick_reply" in message:
        yield {"text": f"You chose {message['quick_reply']['payload']}"}
    elif "price" in message.get("text", ""):
        chips = [{"content_type": "text", "title": size, "payload": size} for size in ("S", "M")]
        yield {"text": PRICE, "quick_replies": chips}


def _with_buttons(text: str) -> Json:
    buttons = [
        {"type": "web_url", "title": "Open", "url": "https://shop.example/hat"},
        {"type": "postback", "title": "Tell me more", "payload": "MORE"},
    ]
    payload = {"template_type": "button", "text": text, "buttons": buttons}
    return {"attachment": {"type": "template", "payload": payload}}
