"""Serving the page's files from this folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


@cache
def read_page_file(name: str) -> str:
    """Return the text of one of the page's files."""
    return (_FOLDER / name).read_text(encoding="utf-8")


async def get_page(_request: web.Request) -> web.Response:
    """Return the page itself."""
    return _serve("index.html")


async def get_style(_request: web.Request) -> web.Response:
    """Return its style sheet."""
    return _serve("page.css")


async def get_script(_request: web.Request) -> web.Response:
    """Return its script."""
    return _serve("page.js")


def _serve(name: str) -> web.Response:
    return web.Response(
        text=read_page_file(name),
        content_type=_TYPES[Path(name).suffix],
        charset="utf-8",
        headers={"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY},
    )


_POLICY = "default-src 'self'; img-src 'self' data:"
