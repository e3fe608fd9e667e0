"""The ingress on one page: what it opens, what it serves, how it ends."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from services.ingress.event_queue import open_event_queue
from services.ingress.links import Links, open_links
from services.ingress.server import CannotListen, Server, listen
from services.ingress.settings import Settings
from services.ingress.verification import Verification
from services.ingress.webhook import Webhook
from switchboard.clock import utc_now
from switchboard.health import Health, LoopWatch, add_health_routes
from switchboard.lifecycle import Worker
from switchboard.links import LinkCodec
from switchboard.process import open_meter, run_service
from switchboard.queues import open_sqs
from switchboard.settings import refuse
from switchboard.telemetry import Meter
from switchboard.topology import EVENTS, INGRESS


@dataclass(frozen=True, slots=True)
class Ingress:
    """The service, listening; running its workers keeps it well and ends it in order."""

    server: Server
    workers: tuple[Worker, ...]
    meter: Meter


@contextlib.asynccontextmanager
async def assemble(settings: Settings) -> AsyncIterator[Ingress]:
    """
    Open what the ingress needs, in order; close it in reverse, whatever happens.

    Raises:
        CannotListen: The port is taken.
    """
    loop_watch = LoopWatch()
    async with (
        open_meter(INGRESS, settings) as meter,
        open_sqs(endpoint_url=settings.aws_endpoint_url, region=settings.aws_region) as sqs,
        open_event_queue(
            sqs,
            EVENTS.physical(settings.queue_prefix),
            budget_s=settings.ingress_publish_budget_s,
            linger_s=settings.ingress_publish_linger_s,
            calls=settings.ingress_publish_calls,
            max_pending_bytes=settings.ingress_max_pending_bytes,
        ) as queue,
        open_links(
            codec=LinkCodec(settings.link_secrets), queue=queue, meter=meter, now=utc_now
        ) as links,
    ):
        webhook = Webhook(
            secrets=[secret.get_secret_value() for secret in settings.meta_app_secrets],
            queue=queue,
            meter=meter,
            now=utc_now,
            max_body_bytes=settings.ingress_max_body_bytes,
            read_budget_s=settings.ingress_read_budget_s,
        )
        verification = Verification(
            verify_token=settings.meta_verify_token.get_secret_value(), meter=meter
        )
        health = Health(
            loop=loop_watch, lag_limit_s=settings.loop_lag_limit_s, probes={"sqs": queue.ping}
        )
        async with listen(
            _routes(webhook, verification, links, health, meter),
            host=settings.ingress_host,
            port=settings.ingress_port,
            answer_budget_s=settings.answer_budget_s,
        ) as server:
            yield Ingress(server, (server, loop_watch, meter), meter)


async def main() -> None:
    """Run until SIGTERM, then finish what was begun."""
    await run_service(INGRESS, Settings, _workers)


@contextlib.asynccontextmanager
async def _workers(settings: Settings) -> AsyncIterator[Sequence[Worker]]:
    """Yield the workers alone; a port that is taken ends the process with one line."""
    try:
        async with assemble(settings) as ingress:
            yield ingress.workers
    except CannotListen as failure:
        refuse(str(failure))


def _routes(
    webhook: Webhook, verification: Verification, links: Links, health: Health, meter: Meter
) -> web.Application:
    """Return everything that is served; the rest is aiohttp's plain 404 or 405."""
    app = web.Application()
    app.router.add_get("/webhooks/instagram", verification.answer, allow_head=False)
    app.router.add_post("/webhooks/instagram", webhook.receive)
    app.router.add_get("/l/{code}", links.follow)
    add_health_routes(app, health, meter)
    app.on_response_prepare.append(_guard)
    return app


async def _guard(_request: web.Request, response: web.StreamResponse) -> None:
    """Say no more than needed: no software's version, nothing for a browser to guess at."""
    response.headers["Server"] = "switchboard"
    response.headers["X-Content-Type-Options"] = "nosniff"
