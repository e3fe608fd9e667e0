"""Playing with webhooks: held ones, made-up ones, and the handshake."""

from __future__ import annotations

import secrets

from aiohttp import web

from tools.metasim.keys import SIM
from tools.metasim.sim.bodies import FlushBody, HandshakeBody, RawWebhookBody
from tools.metasim.sim.problems import ProblemError, read_body
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


async def post_handshake(request: web.Request) -> web.Response:
    """Do the verification handshake and report."""
    sim, body = request.app[SIM], await read_body(request, HandshakeBody)
    token = body.verify_token or sim.settings.verify_token.get_secret_value()
    challenge = body.challenge or str(secrets.randbelow(10**10))
    return web.json_response(await sim.courier.shake_hands(token, challenge))
