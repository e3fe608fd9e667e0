"""A process that is asked, and keeps what it was asked if its second argument says `keep`."""

from __future__ import annotations

import sys

from aiohttp import web

_hoard: list[str] = []


async def answer(request: web.Request) -> web.Response:
    """Say ok."""
    if sys.argv[2] == "keep":
        _hoard.append(await request.text())
    return web.Response(text="ok")


if __name__ == "__main__":
    app = web.Application()
    app.router.add_post("/", answer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
