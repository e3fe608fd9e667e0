"""From the webhook to the call to Meta, through the whole local stack, at 20 messages a second."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from bench.process import free_port, running
from bench.report import Figure, show
from dev.narrate import Narrator
from dev.ports import PORTS
from dev.seeds import BAKERY
from dev.simulator import Simulator, open_simulator
from dev.stack import open_stack
from dev.surroundings import read_surroundings

MESSAGES = 600
PER_S = 20


async def latencies_ms(simulator: Simulator, who: str) -> list[float]:
    """Have `MESSAGES` people ask the price, evenly; return how long each waited for the answer."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()

    async def ask(number: int) -> float:
        await asyncio.sleep(began_at + number / PER_S - loop.time())
        username = f"{who}{number}"
        await simulator.write(
            BAKERY.instagram_id, username, "how much is a loaf?", expect={"message": 1}
        )
        seen = await simulator.answer_to(account_id=BAKERY.instagram_id, username=username)
        if seen is None:
            raise RuntimeError(f"{username} was not answered")
        return float(seen["latency_ms"])

    return await asyncio.gather(*(ask(number) for number in range(MESSAGES)))


async def main() -> None:
    """Measure a handler that answers at once, then Switchboard."""
    environ: dict[str, str] = dict(os.environ) | {port.variable: "0" for port in PORTS}
    environ["LOG_LEVEL"] = "warning"
    narrator = Narrator(Console(file=sys.stderr))
    with TemporaryDirectory() as folder:
        around = read_surroundings(environ | {"LOCAL_DIR": folder}, keeps=False)
        async with (
            open_stack(around, narrator, hurry=asyncio.Event()),
            open_simulator(around.metasim_url) as simulator,
        ):
            ours = f"{around.ingress_url}/webhooks/instagram"
            port = free_port()
            env = {"GRAPH_URL": around.metasim_url, "TOKEN": BAKERY.token}
            async with running("bench.bare_reply", env=env, port=port, arguments=[str(port)]):
                bare = f"http://127.0.0.1:{port}/webhooks/instagram"
                await simulator.put("/sim/config", webhook_url=bare)
                floor = await latencies_ms(simulator, "floor")
            await simulator.put("/sim/config", webhook_url=ours)
            await latencies_ms(simulator, "warm")
            measured = await latencies_ms(simulator, "person")
            verdict: dict[str, Any] = await simulator.judgement()
    for name, percentile in (("p50", 50), ("p95", 95), ("p99", 99)):
        show(
            f"webhook to Graph call, {PER_S} a second, {name}",
            [
                Figure("a handler that answers at once", _at(floor, percentile), "ms"),
                Figure("Switchboard", _at(measured, percentile), "ms"),
            ],
        )
    print(f"\njudgement: ok={verdict['ok']}, lost {len(verdict['lost'])}, {verdict['sent']} sent")


def _at(values: list[float], percentile: int) -> float:
    return statistics.quantiles(values, n=100)[percentile - 1]


if __name__ == "__main__":
    asyncio.run(main())
