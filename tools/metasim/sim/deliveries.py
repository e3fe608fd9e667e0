"""Playing with webhooks: held ones, made-up ones, and the handshake."""

from __future__ import annotations

import secrets
from dataclasses import replace

from aiohttp import web

from tools.metasim.keys import SIM
from tools.metasim.sim.controls import EventBody, FlushBody, HandshakeBody, RawWebhookBody
from tools.metasim.sim.problems import ProblemError, read_body, require_account
from tools.metasim.webhooks.events import Event, conversation_event
from tools.metasim.webhooks.signing import escaped


async def post_flush(request: web.Request) -> web.Response:
    """Deliver what was held."""
    body = await read_body(request, FlushBody)
    courier = request.app[SIM].courier
    results = await courier.flush(is_batch=body.batch, order=body.order, seed=body.seed)
    return web.json_response({"webhook": results})


async def post_webhook(request: web.Request) -> web.Response:
    """Deliver a body of somebody's own making, once."""
    body = await read_body(request, RawWebhookBody)
    if len(body.model_fields_set & {"body", "raw"}) != 1:
        raise ProblemError("give either body or raw", field="body")
    content = escaped(body.body) if body.raw is None else body.raw.encode()
    attempt = await request.app[SIM].courier.deliver_once(content, body.secret)
    return web.json_response(attempt.told())


async def post_event(request: web.Request) -> web.Response:
    """Tell of something of any kind, which may be held and share a body with other events."""
    sim, body = request.app[SIM], await read_body(request, EventBody)
    account = require_account(sim.world, body.account_id)
    if body.username:
        contact = sim.world.contact(account.id, body.username)
        at_s = body.created_at.timestamp() if body.created_at else sim.clock.now_s()
        event = conversation_event(contact, body.field, at_s, body.value)
    else:
        event = Event(account.id, body.field, body.value, is_messaging=False)
    webhook = await sim.courier.tell(replace(event, options=body.webhook))
    return web.json_response({"webhook": webhook})


async def post_handshake(request: web.Request) -> web.Response:
    """Do the verification handshake and report."""
    sim, body = request.app[SIM], await read_body(request, HandshakeBody)
    token = body.verify_token or sim.settings.verify_token.get_secret_value()
    challenge = body.challenge or str(secrets.randbelow(10**10))
    return web.json_response(await sim.courier.shake_hands(token, challenge))
