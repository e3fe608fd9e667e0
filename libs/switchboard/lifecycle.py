"""How a process lives and how it ends."""

from __future__ import annotations

import asyncio
import signal
from typing import Protocol


class Worker(Protocol):
    """Something that runs until told to stop, then finishes what it has begun."""

    @property
    def name(self) -> str:
        """Its name in logs and task lists."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish and return."""
        ...


async def run_until_signalled(*workers: Worker, drain_s: float) -> None:
    """
    Run `workers` until SIGTERM or SIGINT, then give them `drain_s` seconds to finish.

    A worker that fails takes the others with it: the platform restarts a dead task but would
    keep a half-dead one. `drain_s` must be under the platform's own patience (ECS `stopTimeout`),
    or the process is killed in the middle of draining.

    Raises:
        TimeoutError: A worker did not finish within `drain_s`; it was cancelled.
        ExceptionGroup: A worker failed; the others were cancelled.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    try:
        await run_until(stop, *workers, drain_s=drain_s)
    finally:
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(signum)


async def run_until(stop: asyncio.Event, *workers: Worker, drain_s: float) -> None:
    """Run `workers` until `stop` is set; see `run_until_signalled`."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run(stop), name=worker.name)
        await stop.wait()
        deadline.reschedule(loop.time() + drain_s)
