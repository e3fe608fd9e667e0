"""A post at a stand-in of Meta, under which there are as many new comments as are allowed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

POST: Final = "18000000000000001"
_A_PAGE: Final = 50


@dataclass(slots=True)
class BusyPost:
    """Shows comments that were never shown before, each by somebody else, a page at a time."""

    url: str = ""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _shown: int = 0
    _allowed: int = 0
    _all_shown: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self, count: int) -> None:
        """Allow `count` comments more, and return when somebody has read them."""
        self._allowed += count
        self._all_shown.clear()
        await self._all_shown.wait()

    def app(self) -> web.Application:
        """Return what answers the caretaker."""
        app = web.Application()
        app.router.add_get("/{version}/{account}/media", self._posts)
        app.router.add_get("/{version}/{post}/comments", self._comments)
        app.router.add_route("*", "/{anything:.*}", _nothing)
        return app

    async def _posts(self, _request: web.Request) -> web.Response:
        """One post. Its count changes whenever there is something to read."""
        posts: list[dict[str, Any]] = [
            {
                "id": POST,
                "timestamp": _now(),
                "media_product_type": "FEED",
                "comments_count": self._allowed,
            }
        ]
        return web.json_response({"data": posts})

    async def _comments(self, _request: web.Request) -> web.Response:
        left = max(0, self._allowed - self._shown)
        comments = [_comment(next(self._numbers)) for _ in range(min(left, _A_PAGE))]
        self._shown += len(comments)
        page: dict[str, Any] = {"data": comments}
        if self._shown < self._allowed:
            cursors = {"cursors": {"after": str(self._shown)}, "next": f"{self.url}/next"}
            page["paging"] = cursors
        else:
            self._all_shown.set()
        return web.json_response(page)


@contextlib.asynccontextmanager
async def open_busy_post() -> AsyncIterator[BusyPost]:
    """Serve it at a free port of the loopback address."""
    post = BusyPost()
    runner = web.AppRunner(post.app(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        post.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield post
    finally:
        await runner.cleanup()


async def _nothing(_request: web.Request) -> web.Response:
    return web.json_response({"data": []})


def _comment(number: int) -> dict[str, Any]:
    author = {"id": str(10**15 + number), "username": f"somebody{number}"}
    return {
        "id": str(17900000000000000 + number),
        "text": "lovely",
        "timestamp": _now(),
        "username": author["username"],
        "from": author,
        "media": {"id": POST, "media_product_type": "FEED"},
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
