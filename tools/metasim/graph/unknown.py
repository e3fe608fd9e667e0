"""Paths the Graph API does not have."""

from __future__ import annotations

from aiohttp import web

from tools.metasim.keys import SIM
from tools.metasim.refusals import GraphError


async def unknown_path(request: web.Request) -> web.Response:
    """Refuse a path nobody here knows, as the Graph API does (code 2500)."""
    error = GraphError(f"Unknown path components: {request.path}", code=2500)
    body = error.body(request.app[SIM].mint.trace_id())
    return web.json_response(body, status=error.status)
