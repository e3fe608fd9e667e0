"""
A whole installation to be hurt: servers of its own, the simulator, every service as a process.

    simulator ─▶ ingress ─┐                        ┌─ router, router-2
                          ├─▶ door ─▶ SQS ─▶ door ─┼─ classifier
    simulator ◀─ control ─┘                        └─ sender, sender-2

It is the stack of `make run` on ports the kernel chooses, with data that goes with it, a second
router and sender, and a door before SQS. The senders are started last, by whoever runs the load.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from aiohttp import ClientSession

from dev import seeds
from dev.backing import open_backing
from dev.narrate import Narrator
from dev.ports import PORTS
from dev.processes import Process, running
from dev.seeds import Business
from dev.servers import PostgresServer, RedisServer, SqsServer
from dev.servers.embedded import HOST, free_port
from dev.stack import all_running, metasim, service
from dev.surroundings import Backing, Surroundings, read_surroundings
from switchboard.topology import CLASSIFIER, CONTROL, INGRESS, ROUTER, SENDER, Service
from tools.chaos.books import Books
from tools.chaos.control import Control, open_control
from tools.chaos.plants import HOUR_TURNS_AT
from tools.chaos.queues import Queues
from tools.chaos.sqs_proxy import CONTROL as DOOR_CONTROL

# Of the caretaker for an account, and how many of them at once.
CALLS_AN_HOUR: Final = 400
CALLS_AT_ONCE: Final = CALLS_AN_HOUR // 4

# Seconds where production has minutes, so that what a killed process held comes back in the run.
# A call to Meta may take four seconds: two busy cores are slow, and a call that is merely slow
# should not look lost.
SETTINGS: Final[Mapping[str, str]] = {
    # Who is late because the machine is busy is well: a process that starts again must be ready.
    "LOOP_LAG_LIMIT_S": "30",
    "CARETAKER_EVERY_S": "0.5",
    "CARETAKER_LEASE_S": "10",
    "CARETAKER_CALL_BUDGET_S": "4",
    "CARETAKER_BACKFILL_S": "5",
    "CARETAKER_BACKFILL_SOON_S": "3",
    "CARETAKER_ON_ITS_WAY_S": "2",
    "CARETAKER_CALLS_AN_HOUR": str(CALLS_AN_HOUR),
    "VISIBILITY_S": "5",
    "SENDER_CALL_BUDGET_S": "4",
    "SENDER_LEASE_S": "10",
    "SENDER_PACER_S": "0.3",
    "SENDER_STALE_S": "6",
    "SENDER_RECONCILE_S": "0.5",
    "SENDER_RECONCILE_FIRST_S": "1",
    "SENDER_RECONCILE_SETTLE_S": "6",
    "SENDER_RECONCILE_AGAIN_S": "2",
    "SENDER_RECONCILE_SKEW_S": "2",
    "ROUTER_RULES_POLL_S": "1",
}
_REPLICATED: Final = (ROUTER, SENDER)
_STOP_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running whole, and what it is seen and moved by."""

    around: Surroundings
    owner_url: str
    businesses: Sequence[Business]
    postgres: PostgresServer
    redis: RedisServer
    sqs: SqsServer
    processes: Mapping[str, Process]
    control: Control
    books: Books
    queues: Queues
    _http: ClientSession
    _door_url: str

    async def start_senders(self, *, hour_turns_in_s: float) -> None:
        """Start the senders. A planted limiter thinks that the hour turns so much later."""
        turns_at = time.time() + hour_turns_in_s
        async with asyncio.TaskGroup() as starting:
            for name, process in self.processes.items():
                if name.startswith(SENDER.name):
                    told = {HOUR_TURNS_AT: str(turns_at)}
                    process.environment = {**process.environment, **told}
                    starting.create_task(process.start())

    async def order_queues(self, faults: Sequence[Mapping[str, object]], *, seed: int) -> None:
        """Let calls to SQS go wrong in these ways, and in no other."""
        body = {"faults": list(faults), "seed": seed}
        async with self._http.put(self._door_url + DOOR_CONTROL, json=body) as answer:
            answer.raise_for_status()

    async def copies_to_come(self) -> int:
        """Return how many messages are still to be received once more."""
        async with self._http.get(self._door_url + DOOR_CONTROL) as answer:
            answer.raise_for_status()
            told = await answer.json()
            return int(told["copies"])


@contextlib.asynccontextmanager
async def open_stage(
    businesses: Sequence[Business],
    *,
    folder: Path,
    narrator: Narrator,
    plant: str | None = None,
) -> AsyncIterator[Stage]:
    """
    Run everything but the senders, for as long as the block lasts.

    With a `plant` the services run with that mistake in them (`planted`).

    Raises:
        CannotRun, ServerFailed, PartEnded: Something does not start.
    """
    hurry = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        ports = Ports(stack)
        around = read_surroundings(_environ(folder, ports), keeps=False)
        stack.enter_context(around.as_own_credentials())
        backing, parts = await stack.enter_async_context(open_backing(around, narrator))
        await seeds.plant(backing.owner_url, around.keys, businesses)
        door = await stack.enter_async_context(running(_door(around, backing, ports, hurry)))
        simulator = await stack.enter_async_context(running(metasim(around, hurry)))
        await seeds.set_stage(around.metasim_url, businesses)
        door_url = door.ready_url.removesuffix(DOOR_CONTROL)
        processes = _processes(around, backing, door_url, ports, plant=plant, hurry=hurry)
        first = [one for one in processes if not one.name.startswith(SENDER.name)]
        with narrator.doing("Services") as line:
            await stack.enter_async_context(all_running(first))
            line.detail = ", ".join(one.name for one in first)
        late = [one for one in processes if one not in first]
        stack.push_async_callback(_stop_all, late)
        http = await stack.enter_async_context(ClientSession())
        postgres, redis, sqs = parts
        assert isinstance(postgres, PostgresServer)
        assert isinstance(redis, RedisServer)
        assert isinstance(sqs, SqsServer)
        yield Stage(
            around=around,
            owner_url=backing.owner_url,
            businesses=businesses,
            postgres=postgres,
            redis=redis,
            sqs=sqs,
            processes={one.name: one for one in (*processes, door, simulator)},
            control=await stack.enter_async_context(open_control(around.metasim_url)),
            books=Books(backing.owner_url),
            queues=Queues(http, sqs.endpoint_url, around.queue_prefix),
            _http=http,
            _door_url=door_url,
        )


class Ports:
    """
    Ports that stay ours until somebody of ours listens on them.

    A run takes a while to start, and on a busy machine a port that was free is soon somebody's
    outgoing connection. Linux gives no port away to which a socket is bound, and lets another that
    also says SO_REUSEADDR listen on it as long as ours does not.
    """

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack

    def take(self) -> int:
        """Return a port, kept until the stack is closed."""
        if not sys.platform.startswith("linux"):
            return free_port()
        kept = self._stack.enter_context(socket.socket())
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind((HOST, 0))
        return int(kept.getsockname()[1])


def _environ(folder: Path, ports: Ports) -> dict[str, str]:
    """Return the environment of a run: ours for what is needed to run at all, and no more."""
    passed_on = ("PATH", "HOME", "POSTGRES_BIN_DIR", "REDIS_SERVER_BIN", "MINISTACK_PYTHON")
    kept = {name: os.environ[name] for name in passed_on if name in os.environ}
    taken = {port.variable: str(ports.take()) for port in PORTS}
    return {**kept, **SETTINGS, **taken, "LOCAL_DIR": str(folder)}


def _door(around: Surroundings, backing: Backing, ports: Ports, hurry: asyncio.Event) -> Process:
    port = ports.take()
    return Process(
        name="door",
        module="tools.chaos.sqs_proxy",
        arguments=("--upstream", backing.aws_endpoint_url, "--port", str(port)),
        environment=around.environ,
        log=around.log_of("door"),
        ready_url=f"http://{HOST}:{port}{DOOR_CONTROL}",
        stop_timeout_s=_STOP_S,
        hurry=hurry,
    )


def _processes(
    around: Surroundings,
    backing: Backing,
    door_url: str,
    ports: Ports,
    *,
    plant: str | None,
    hurry: asyncio.Event,
) -> list[Process]:
    """Return the services as processes, two of some, each talking to SQS through the door."""
    behind = replace(backing, aws_endpoint_url=door_url)
    made = []
    for one in (INGRESS, ROUTER, CLASSIFIER, SENDER, CONTROL):
        process = service(one, around, behind, hurry)
        made.append(_planted(process, plant))
        if one in _REPLICATED:
            made.append(_planted(_second(process, one, around, ports.take()), plant))
    return made


def _second(process: Process, one: Service, around: Surroundings, port: int) -> Process:
    """Return another process of the same service, with its own port and log."""
    name = f"{one.name}-2"
    ready_url = around.health_url(one).replace(f":{around.ports[one.name]}/", f":{port}/")
    return replace(
        process,
        name=name,
        environment={**process.environment, "HEALTH_PORT": str(port)},
        log=around.log_of(name),
        ready_url=ready_url,
    )


def _planted(process: Process, plant: str | None) -> Process:
    if plant is None:
        return process
    arguments = (plant, process.module)
    return replace(process, module="tools.chaos.planted", arguments=arguments)


async def _stop_all(processes: Sequence[Process]) -> None:
    await asyncio.gather(*(process.stop() for process in processes))
