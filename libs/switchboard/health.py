"""
Whether a process is well: its event loop turns, its workers move, its dependencies answer.

    GET /health/live   200 while the loop turns and every worker has moved lately, else 503
    GET /health/ready  200 while, besides, every dependency answers, else 503 and which does not
    GET /metrics.json  what was counted since the start

The platform restarts what is not live. It must not restart what is merely not ready: a database
that is away would take every healthy process with it.
`python -m switchboard.health [PORT]` asks, as a container's own check.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from switchboard.errors import Failure
from switchboard.telemetry import Meter

Probe = Callable[[], Awaitable[None]]
Pulse = Callable[[], float]

_TICK_S = 0.25
_PROBE_BUDGET_S = 2.0
# Platforms ask every 30 s unless told otherwise (ECS, ALB): each lag is there to be seen once.
_REMEMBERED_S = 30.0


@dataclass(slots=True)
class LoopWatch:
    """Measures how late the event loop is: a call that blocks it delays everything at once."""

    name: str = "loop-watch"
    worst_lag_s: float = 0.0
    _ticked_at: float = field(default_factory=time.monotonic)
    _lately: deque[tuple[float, float]] = field(default_factory=deque)  # when, and how late

    def lag_s(self) -> float:
        """
        Return the worst lag of late, the one going on included.

        A question is only read once the loop turns again, and then the tick is usually before it,
        so a lag that is not remembered would hardly ever be seen.
        """
        return max(self._behind_s(), *(lag_s for _, lag_s in self._lately), 0.0)

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until `stop`, remembering the delays between ticks."""
        while not stop.is_set():
            self._tick()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await stop.wait()

    def _behind_s(self) -> float:
        """Return for how long the loop has not turned, beyond its tick."""
        return time.monotonic() - self._ticked_at - _TICK_S

    def _tick(self) -> None:
        """Keep the lags of the last while that a later one has not exceeded: worst first."""
        behind_s, now = self._behind_s(), time.monotonic()
        self.worst_lag_s = max(self.worst_lag_s, behind_s)
        while self._lately and self._lately[-1][1] <= behind_s:
            self._lately.pop()
        self._lately.append((now, behind_s))
        while self._lately[0][0] < now - _REMEMBERED_S:
            self._lately.popleft()
        self._ticked_at = now


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """
    The state of one process, asked afresh each time.

    `probes` await a dependency and raise a `Failure` when it does not answer. `pulses` give each
    worker's seconds since it last moved; beyond `still_limit_s` it is stuck. A loop that does not
    turn cannot answer this at all, which the asker's own time-out notices; what is reported here
    is a lag of more than `lag_limit_s` that has passed lately.
    """

    loop: LoopWatch
    lag_limit_s: float
    probes: Mapping[str, Probe] = field(default_factory=dict)
    pulses: Mapping[str, Pulse] = field(default_factory=dict)
    still_limit_s: float = 90.0

    def live(self) -> dict[str, str]:
        """Return what is wrong with the process itself, by name; empty if nothing."""
        faults = {
            worker: f"has not moved for {still_s():.0f} s"
            for worker, still_s in self.pulses.items()
            if still_s() > self.still_limit_s
        }
        if self.loop.lag_s() > self.lag_limit_s:
            faults["loop"] = f"late by {self.loop.lag_s():.1f} s"
        return faults

    async def ready(self) -> dict[str, str]:
        """Return what is wrong with the process or its dependencies, by name."""
        answers = await asyncio.gather(*(_ask(probe) for probe in self.probes.values()))
        away = {name: why for name, why in zip(self.probes, answers, strict=True) if why}
        return self.live() | away


def add_health_routes(app: web.Application, health: Health, meter: Meter) -> None:
    """Serve `health` and the meter's totals in `app`."""

    async def live(_request: web.Request) -> web.Response:
        return _answer(health.live(), health.loop)

    async def ready(_request: web.Request) -> web.Response:
        return _answer(await health.ready(), health.loop)

    async def metrics(_request: web.Request) -> web.Response:
        return web.json_response(dict(meter.totals()))

    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/metrics.json", metrics)


@contextlib.asynccontextmanager
async def serve_health(
    health: Health, meter: Meter, *, host: str, port: int
) -> AsyncIterator[None]:
    """
    Serve health checks beside a worker.

    Raises:
        OSError: The port is taken.
    """
    app = web.Application()
    add_health_routes(app, health, meter)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


async def _ask(probe: Probe) -> str | None:
    try:
        async with asyncio.timeout(_PROBE_BUDGET_S):
            await probe()
    except TimeoutError:
        return f"no answer within {_PROBE_BUDGET_S:g} s"
    except Failure as failure:
        return str(failure)
    return None


def told(faults: Mapping[str, str], loop: LoopWatch) -> tuple[int, dict[str, object]]:
    """Return the status and the body that a check with `faults` is answered with."""
    body: dict[str, object] = {
        "status": "unwell" if faults else "ok",
        "faults": dict(faults),
        "worst_loop_lag_ms": round(loop.worst_lag_s * 1000),
    }
    return (503 if faults else 200), body


def _answer(faults: Mapping[str, str], loop: LoopWatch) -> web.Response:
    status, body = told(faults, loop)
    return web.json_response(body, status=status)


def main(argv: list[str]) -> int:
    """Ask the process on this machine whether it is live; 0 if so. For a container's own check."""
    port = int(argv[1] if len(argv) > 1 else os.environ["HEALTH_PORT"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PROBE_BUDGET_S)
    try:
        connection.request("GET", "/health/live")
        return 0 if connection.getresponse().status == http.HTTPStatus.OK else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
