"""
What happens elsewhere and concerns an account: mentions by others, threads changing hands.

Nothing is expected in answer: the webhook of a mention names nobody, and a thread that another app
owns is not ours to answer.
"""

from __future__ import annotations

from aiohttp import web

from tools.metasim.keys import SIM
from tools.metasim.records import Contact, Json
from tools.metasim.sim.bodies import HandoverBody, MentionBody
from tools.metasim.sim.problems import read_body, require_account
from tools.metasim.simulator import Simulator
from tools.metasim.webhooks.events import Event, handover_event, mention_event
from tools.metasim.webhooks.options import WebhookOptions


async def post_mention(request: web.Request) -> web.Response:
    """Let somebody mention an account in a comment or a caption."""
    sim, body = request.app[SIM], await read_body(request, MentionBody)
    account = require_account(sim.world, body.account_id)
    media_id = body.media_id or sim.mint.media_id()
    event = mention_event(account.id, media_id, body.comment_id)
    webhook = await _tell(sim, "mention", body.username, event, body.webhook)
    return web.json_response(
        {"media_id": media_id, "comment_id": body.comment_id, "webhook": webhook}
    )


async def post_handover(request: web.Request) -> web.Response:
    """Let a thread pass from one app to another, or be asked for."""
    sim, body = request.app[SIM], await read_body(request, HandoverBody)
    account = require_account(sim.world, body.account_id)
    contact: Contact = sim.world.contact(account.id, body.username)
    at_s = body.created_at.timestamp() if body.created_at else sim.clock.now_s()
    event = handover_event(contact, at_s, body.action, body.told())
    webhook = await _tell(sim, "handover", body.username, event, body.webhook)
    return web.json_response({"igsid": contact.igsid, "webhook": webhook})


async def _tell(
    sim: Simulator, kind: str, username: str, event: Event, options: WebhookOptions
) -> list[Json]:
    sim.timeline.add(kind, account_id=event.account_id, username=username, told=event.value)
    told = Event(event.account_id, event.field, event.value, event.is_messaging, options)
    return await sim.courier.tell(told)
