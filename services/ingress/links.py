"""Tracked links: `/l/<code>` to where it leads, with a click counted on the way."""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiohttp import hdrs, web

from services.ingress.event_queue import EventQueue
from services.ingress.metrics import LINK_CLICKS_LOST, LINK_VISITS
from switchboard.clock import Clock
from switchboard.contracts import AccountId, LinkClicked, TraceId
from switchboard.errors import Failure
from switchboard.links import Link, LinkCodec, LinkInvalid
from switchboard.queues import Outgoing
from switchboard.telemetry import Meter

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """
    Answers `GET /l/<code>`.

    A person never waits for our queue: the click is stored behind their back, and one that cannot
    be is lost, and counted.
    """

    codec: LinkCodec
    queue: EventQueue
    meter: Meter
    now: Clock
    _storing: set[asyncio.Task[None]] = field(default_factory=set)

    async def follow(self, request: web.Request) -> web.Response:
        """Redirect to where the link leads; 404 for a code that is not ours."""
        try:
            link = self.codec.read(request.match_info["code"])
        except LinkInvalid:
            self.meter.count(LINK_VISITS, outcome="invalid")
            return web.Response(status=404, text="This link does not exist.")
        if _looks_only(request):
            self.meter.count(LINK_VISITS, outcome="previewed")
        else:
            self.meter.count(LINK_VISITS, outcome="clicked")
            self._store(link)
        return web.Response(status=302, headers=_HEADERS | {hdrs.LOCATION: link.url})

    async def finish(self) -> None:
        """Return when every click is stored or lost."""
        await asyncio.gather(*self._storing)

    def _store(self, link: Link) -> None:
        storing = asyncio.get_running_loop().create_task(self._click(link))
        self._storing.add(storing)
        storing.add_done_callback(self._storing.discard)

    async def _click(self, link: Link) -> None:
        now, trace_id = self.now(), TraceId(uuid.uuid4().hex)
        clicked = LinkClicked(
            account_id=AccountId(link.account_id),
            occurred_at=now,
            received_at=now,
            trace_id=trace_id,
            click_id=uuid.uuid4(),
            delivery_id=link.delivery_id,
            url=link.url,
        )
        stored = True
        try:
            await self.queue.store([Outgoing(body=clicked.to_json(), group=clicked.account_id)])
        except Failure:
            stored = False
            self.meter.count(LINK_CLICKS_LOST)
        log.info(
            "link.clicked", trace_id=trace_id, delivery_id=str(link.delivery_id), stored=stored
        )


@contextlib.asynccontextmanager
async def open_links(
    *, codec: LinkCodec, queue: EventQueue, meter: Meter, now: Clock
) -> AsyncIterator[Links]:
    """Open the tracked links; leaving waits for the clicks that are being stored."""
    links = Links(codec=codec, queue=queue, meter=meter, now=now)
    try:
        yield links
    finally:
        await links.finish()


def _looks_only(request: web.Request) -> bool:
    """Return whether it is a program that fetches a preview, or a browser ahead of its person."""
    if request.method == hdrs.METH_HEAD or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return True
    return _PREVIEWERS.search(request.headers.get(hdrs.USER_AGENT, "")) is not None


_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

# By the names their makers document. Not "bot" alone: there are telephones called so.
_PREVIEWERS: Final = re.compile(
    r"facebookexternalhit|facebookcatalog|facebot|meta-external|twitterbot|slackbot|discordbot"
    r"|telegrambot|whatsapp/|linkedinbot|skypeuripreview|googlebot|bingbot|bingpreview|applebot"
    r"|pinterestbot|redditbot|vkshare|iframely|embedly|line-poker|kakaotalk-scrap|viber",
    re.IGNORECASE,
)
