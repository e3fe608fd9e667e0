"""What every service's process has in common: a voice, health checks, and an end in good order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar

from switchboard.health import Health, LoopWatch, Probe, Pulse, serve_health
from switchboard.lifecycle import Worker, run_until_signalled
from switchboard.settings import ProcessSettings, WorkerSettings, load, refuse
from switchboard.telemetry import Meter, configure_logging, report_errors
from switchboard.topology import Service
from switchboard.wrapping import CannotUnwrap, unwrapped

S = TypeVar("S", bound=ProcessSettings)

# A consumer drains for `drain_s` and then gives back what is left, which takes a call.
_GIVE_BACK_S: Final = 5.0


async def run_service(
    service: Service,
    settings_type: type[S],
    assemble: Callable[[S], AbstractAsyncContextManager[Sequence[Worker]]],
) -> None:
    """
    Read the settings, assemble the service and run its workers until SIGTERM.

    Ends the process with a line for each fault if the settings cannot be right.
    """
    settings = load(settings_type)
    configure_logging(service=service.name, env=settings.deploy_env, level=settings.log_level)
    dsn = settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None
    report_errors(dsn, service=service.name, env=settings.deploy_env)
    try:
        settings = await unwrapped(settings)
    except CannotUnwrap as failure:
        refuse(str(failure))
    async with assemble(settings) as workers:
        await run_until_signalled(*workers, drain_s=settings.drain_s + _GIVE_BACK_S)


@asynccontextmanager
async def open_meter(service: Service, settings: ProcessSettings) -> AsyncIterator[Meter]:
    """Open the process's meter; leaving writes what was counted while everything else closed."""
    meter = Meter(service.name, settings.deploy_env, settings.metrics_flush_s)
    try:
        yield meter
    finally:
        meter.flush()


@asynccontextmanager
async def answering(
    service: Service,
    settings: WorkerSettings,
    meter: Meter,
    *,
    probes: Mapping[str, Probe],
    pulses: Mapping[str, Pulse],
) -> AsyncIterator[LoopWatch]:
    """
    Answer health checks beside a worker, and yield what watches its loop.

    Ends the process with a line that names the setting if the port cannot be used.
    """
    loop = LoopWatch()
    health = Health(loop=loop, lag_limit_s=settings.loop_lag_limit_s, probes=probes, pulses=pulses)
    port = settings.health_port or service.port
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(
                serve_health(health, meter, host=settings.health_host, port=port)
            )
        except OSError as error:
            refuse(f"HEALTH_HOST, HEALTH_PORT: port {port} cannot be used: {error.strerror}")
        yield loop
