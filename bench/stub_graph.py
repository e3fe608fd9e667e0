"""A Graph API that takes every message at once and keeps nothing: what calls to it cost alone."""

from __future__ import annotations

import itertools
import sys

from aiohttp import web

_numbers = itertools.count(1)


async def take(request: web.Request) -> web.Response:
    """Say that the message was sent."""
    await request.read()
    return web.json_response({"recipient_id": "1", "message_id": f"m{next(_numbers)}"})


if __name__ == "__main__":
    app = web.Application()
    app.router.add_post("/{version}/{account}/messages", take)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
