"""All of Switchboard on one machine: servers, simulator, services, in the order they need."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from dev import ports, seeds
from dev.backing import open_backing
from dev.failures import EXPECTED
from dev.narrate import Narrator
from dev.ollama import Found, look_for_model
from dev.part import Part
from dev.processes import Process, running
from dev.surroundings import Backing, Surroundings
from switchboard.topology import CLASSIFIER, SERVICES, Service

_METASIM_STOP_S: Final = 5.0
_SERVERS: Final = {
    "postgres": "DATABASE_URL",
    "redis": "REDIS_URL",
    "sqs": "AWS_ENDPOINT_URL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The running whole; `parts` are its processes, to be watched."""

    around: Surroundings
    backing: Backing
    parts: Sequence[Part]


@contextlib.asynccontextmanager
async def open_stack(
    around: Surroundings, narrator: Narrator, *, hurry: asyncio.Event
) -> AsyncIterator[Stack]:
    """
    Run everything for as long as the block lasts; `hurry` cuts the stopping short.

    Raises:
        CannotRun: A port is taken, or a server the environment names cannot be used.
        ServerFailed, PartEnded: Something does not start.
    """
    ports.require_free(around.ports, listening(around))
    os.environ.update(around.credentials())  # the AWS client takes them from nowhere else
    async with contextlib.AsyncExitStack() as stack:
        backing, servers = await stack.enter_async_context(open_backing(around, narrator))
        with narrator.doing("Demo workspace") as line:
            line.detail = await seeds.plant(backing.owner_url, around.keys)
        parts = [*servers]
        if around.is_simulated:
            with narrator.doing("Simulator") as line:
                parts.append(await stack.enter_async_context(running(_metasim(around, hurry))))
                await seeds.set_stage(around.metasim_url)
                line.detail = around.metasim_url
        with narrator.doing("Language model") as line:
            found = await look_for_model(around)
            line.detail = found.told
        services = [_service(one, around, backing, found, hurry) for one in SERVICES]
        with narrator.doing("Services") as line:
            await stack.enter_async_context(_all_running(services))
            line.detail = ", ".join(service.name for service in services)
        yield Stack(around=around, backing=backing, parts=[*parts, *services])


def listening(around: Surroundings) -> list[str]:
    """Return the parts that will listen on a port of this machine."""
    servers = [server for server, setting in _SERVERS.items() if not around.given(setting)]
    simulator = ["metasim"] if around.is_simulated else []
    return [*servers, *simulator, *(service.name for service in SERVICES)]


def _service(
    service: Service, around: Surroundings, backing: Backing, found: Found, hurry: asyncio.Event
) -> Process:
    besides = found.environment if service is CLASSIFIER else {}
    return Process(
        name=service.name,
        module=f"services.{service.name}",
        environment=around.of_service(service, backing) | besides,
        log=around.log_of(service.name),
        ready_url=around.health_url(service),
        stop_timeout_s=service.stop_timeout_s,
        hurry=hurry,
    )


def _metasim(around: Surroundings, hurry: asyncio.Event) -> Process:
    return Process(
        name="metasim",
        module="tools.metasim",
        environment=around.of_metasim(),
        log=around.log_of("metasim"),
        ready_url=f"{around.metasim_url}/health",
        stop_timeout_s=_METASIM_STOP_S,
        hurry=hurry,
    )


@contextlib.asynccontextmanager
async def _all_running(processes: Sequence[Process]) -> AsyncIterator[None]:
    """Run `processes`, started and stopped together."""
    for process in processes:
        process.log.unlink(missing_ok=True)
    try:
        try:
            async with asyncio.TaskGroup() as starting:
                for process in processes:
                    starting.create_task(process.start())
        except* EXPECTED as failures:
            raise failures.exceptions[0] from None
        yield
    finally:
        await asyncio.gather(*(process.stop() for process in processes))
