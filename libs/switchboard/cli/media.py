"""What the servers of a campaign's files say of them: asked with HEAD, as Meta will fetch them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from switchboard.rules.campaigns import CampaignDefinition, Media
from switchboard.rules.linter import MediaFound

_TIMEOUT_S: Final = 5.0
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Probed:
    """What was `found` at the files' addresses; where nothing was, the paths and the reasons."""

    found: Mapping[str, MediaFound]
    unreachable: tuple[tuple[str, str], ...]


async def probe(definition: CampaignDefinition) -> Probed:
    """Ask the server of each file in `definition`, each address once."""
    files = list(_files(definition))
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(url: str) -> MediaFound | str:
        async with turns:
            return await asyncio.to_thread(_ask, url)

    urls = list(dict.fromkeys(url for _, url in files))
    said = dict(zip(urls, await asyncio.gather(*map(ask, urls)), strict=True))
    return Probed(
        found={url: one for url, one in said.items() if isinstance(one, MediaFound)},
        unreachable=tuple(
            (f"{path}.url", why) for path, url in files if isinstance(why := said[url], str)
        ),
    )


def _files(definition: CampaignDefinition) -> Iterator[tuple[str, str]]:
    for path, content in definition.contents():
        if isinstance(content.media, Media):
            yield f"{path}.media", str(content.media.url)


def _ask(url: str) -> MediaFound | str:
    """Return what the server says of the file, or why it says nothing."""
    if not url.startswith(("https://", "http://")):
        return "neither https nor http"
    request = Request(url, method="HEAD")  # noqa: S310  the scheme is checked above
    try:
        with _opener().open(request, timeout=_TIMEOUT_S) as answer:
            return _stated(answer.headers)
    except HTTPError as error:
        error.close()
        return f"the server answers {error.code}"
    except (URLError, OSError, ValueError) as error:
        return str(getattr(error, "reason", None) or error)


def _stated(headers: Message) -> MediaFound:
    length = headers.get("Content-Length") or ""
    size_bytes = int(length) if length.isdecimal() else None
    return MediaFound(headers.get("Content-Type"), size_bytes)


def _opener() -> OpenerDirector:
    """Return what opens web pages and nothing else: a redirect may name a file, or FTP."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPRedirectHandler(),
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
