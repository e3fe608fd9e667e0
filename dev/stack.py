"""All of Switchboard on one machine: servers, simulator, services, in the order they need."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dev import ports, seeds
from dev.backing import open_backing
from dev.failures import EXPECTED
from dev.narrate import Narrator
from dev.ollama import look_for_model
from dev.part import Part
from dev.processes import Process, running
from dev.surroundings import Backing, Surroundings
from switchboard.topology import CLASSIFIER, SERVICES, Service

_STAND_IN_STOP_S: Final = 5.0
_NOTHING: Final[Mapping[str, str]] = {}
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
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(around.as_own_credentials())
        backing, servers = await stack.enter_async_context(open_backing(around, narrator))
        with narrator.doing("Demo workspace") as line:
            line.detail = await seeds.plant(backing.owner_url, around.keys)
        parts = [*servers]
        if around.is_simulated:
            with narrator.doing("Simulator") as line:
                parts.append(await stack.enter_async_context(running(metasim(around, hurry))))
                await seeds.set_stage(around.metasim_url)
                line.detail = around.metasim_url
        if around.lets_in:
            with narrator.doing("Login") as line:
                await seeds.let_in(backing.owner_url)
                parts.append(await stack.enter_async_context(running(auth(around, backing, hurry))))
                line.detail = around.supabase_url
        with narrator.doing("Language model") as line:
            found = await look_for_model(around)
            line.detail = found.told
        besides = {CLASSIFIER: found.environment}
        services = [
            service(one, around, backing, hurry, besides=besides.get(one, _NOTHING))
            for one in SERVICES
        ]
        with narrator.doing("Services") as line:
            await stack.enter_async_context(all_running(services))
            line.detail = ", ".join(one.name for one in services)
        yield Stack(around=around, backing=backing, parts=[*parts, *services])


def listening(around: Surroundings) -> list[str]:
    """Return the parts that will listen on a port of this machine."""
    servers = [server for server, setting in _SERVERS.items() if not around.given(setting)]
    simulator = ["metasim"] if around.is_simulated else []
    login = ["auth"] if around.lets_in else []
    return [*servers, *simulator, *login, *(one.name for one in SERVICES)]


def service(
    one: Service,
    around: Surroundings,
    backing: Backing,
    hurry: asyncio.Event,
    *,
    besides: Mapping[str, str] = _NOTHING,
) -> Process:
    """Return a service as a process, not started yet; `besides` is added to its environment."""
    return Process(
        name=one.name,
        module=f"services.{one.name}",
        environment={**around.of_service(one, backing), **besides},
        log=around.log_of(one.name),
        ready_url=around.health_url(one),
        stop_timeout_s=one.stop_timeout_s,
        hurry=hurry,
    )


def metasim(around: Surroundings, hurry: asyncio.Event) -> Process:
    """Return the simulator as a process, not started yet."""
    return Process(
        name="metasim",
        module="tools.metasim",
        environment=around.of_metasim(),
        log=around.log_of("metasim"),
        ready_url=f"{around.metasim_url}/health",
        stop_timeout_s=_STAND_IN_STOP_S,
        hurry=hurry,
    )


def auth(around: Surroundings, backing: Backing, hurry: asyncio.Event) -> Process:
    """Return the stand-in of Supabase Auth as a process, not started yet."""
    return Process(
        name="auth",
        module="dev.auth",
        environment=around.of_auth(backing),
        log=around.log_of("auth"),
        ready_url=f"{around.supabase_url}/health",
        stop_timeout_s=_STAND_IN_STOP_S,
        hurry=hurry,
    )


@contextlib.asynccontextmanager
async def all_running(processes: Sequence[Process]) -> AsyncIterator[None]:
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
