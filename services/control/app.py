"""Control on one page: what it opens, what it serves, how it ends."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.control.api import make_api, serve
from services.control.caretaker.settings import CaretakerSettings
from services.control.envelope import Gate
from services.control.instagram.app import Caretaking, open_caretaking
from services.control.keyset import open_key_set
from services.control.letters import Letters
from services.control.live import Watchers
from services.control.server import CannotListen, Server, listen
from services.control.settings import Settings
from services.control.tokens import Tokens
from switchboard.db.pool import open_pool
from switchboard.doctor import DoctorSettings
from switchboard.health import Health, LoopWatch
from switchboard.lifecycle import Worker
from switchboard.process import open_meter, run_service
from switchboard.queues import open_sqs
from switchboard.settings import load, refuse
from switchboard.state import Callers, open_redis
from switchboard.state.client import Redis
from switchboard.storage import open_place_if_set
from switchboard.telemetry import Meter
from switchboard.topology import CONTROL
from switchboard.wrapping import CannotUnwrap, unwrapped


@dataclass(frozen=True, slots=True)
class Control:
    """The service, listening; running its workers serves and ends it in order."""

    server: Server
    workers: tuple[Worker, ...]
    meter: Meter


@contextlib.asynccontextmanager
async def assemble(
    settings: Settings,
    caretaking: CaretakerSettings | None = None,
    doctor: DoctorSettings | None = None,
) -> AsyncIterator[Control]:
    """
    Open what control needs, in order; close it in reverse, whatever happens.

    Without `caretaking` no accounts are looked after, and nobody can log in at Instagram; without
    `doctor` nothing is examined.

    Raises:
        CannotListen: The port is taken.
    """
    loop_watch, secret = LoopWatch(), settings.supabase_jwt_secret
    watchers = Watchers(most=settings.control_live_most, every_s=settings.control_live_every_s)
    async with (
        open_meter(CONTROL, settings) as meter,
        open_redis(str(settings.redis_url)) as redis,
        open_pool(
            str(settings.database_url),
            max_size=settings.database_pool_size,
            name="switchboard-control",
        ) as db,
        open_sqs(endpoint_url=settings.aws_endpoint_url, region=settings.aws_region) as sqs,
        open_place_if_set(settings.exports_url, settings.s3()) as exports,
        open_key_set(settings.auth_url) as keys,
        _caring(caretaking, doctor, redis, meter) as care,
    ):
        gate = Gate(
            tokens=Tokens(
                issuer=settings.token_issuer,
                keys=keys,
                secret=secret.get_secret_value() if secret else None,
            ),
            callers=Callers(
                redis, burst=settings.control_calls_burst, interval=settings.calls_interval
            ),
            db=db,
            meter=meter,
            watchers=watchers,
            redis=redis,
            letters=Letters(
                client=sqs,
                prefix=settings.queue_prefix,
                through=settings.control_letters_through,
                within_s=settings.control_letters_s,
            ),
            deletion_grace=timedelta(days=settings.control_deletion_grace_days),
            exports=exports,
        )
        # Redis is no reason to be unready: without it, calls are not counted.
        health = Health(
            loop=loop_watch,
            lag_limit_s=settings.loop_lag_limit_s,
            probes={"postgres": db.ping},
            pulses={} if care is None else care.pulses(),
        )
        api = make_api(origins=settings.control_origins)
        async with listen(
            serve(
                api,
                gate,
                health,
                meter,
                max_body_bytes=settings.control_max_body_bytes,
                desk=None if care is None else care.desk,
            ),
            host=settings.control_host,
            port=settings.control_port,
            finish_s=settings.drain_s,
        ) as server:
            carers = () if care is None else care.workers()
            yield Control(server, (server, watchers, *carers, loop_watch, meter), meter)


async def main() -> None:
    """Run until SIGTERM, then finish what was begun."""
    await run_service(CONTROL, Settings, _workers)


@contextlib.asynccontextmanager
async def _workers(settings: Settings) -> AsyncIterator[Sequence[Worker]]:
    """Yield the workers alone; a port that is taken ends the process with one line."""
    try:
        caretaking = None
        if settings.caretaker_database_url:
            caretaking = await unwrapped(load(CaretakerSettings))
        async with assemble(settings, caretaking, load(DoctorSettings)) as control:
            yield control.workers
    except (CannotListen, CannotUnwrap) as failure:
        refuse(str(failure))


@contextlib.asynccontextmanager
async def _caring(
    settings: CaretakerSettings | None, doctor: DoctorSettings | None, redis: Redis, meter: Meter
) -> AsyncIterator[Caretaking | None]:
    if settings is None:
        yield None
        return
    async with open_caretaking(settings, redis, meter, doctor) as care:
        yield care
