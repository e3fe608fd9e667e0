"""
Keyword replies while the language model hangs, beside the same with no model at all.

Through the whole local stack: 10 people a second ask what a keyword answers; as many write what is
in doubt, for which the model is wanted.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from rich.console import Console

from bench.process import free_port, running
from bench.report import Figure, show
from dev.narrate import Narrator
from dev.ports import PORTS
from dev.seeds import BAKERY
from dev.simulator import Simulator, open_simulator
from dev.stack import open_stack
from dev.surroundings import read_surroundings

PEOPLE = 300
PER_S = 10
KEYWORD = "how much is a loaf?"
DOUBTFUL = "do you have gluten free bread number {}"


@dataclass(frozen=True, slots=True)
class Measured:
    """How long keyword replies took, and what the classifier counted."""

    waited_ms: list[float]
    counts: Mapping[str, int]
    judgement: Mapping[str, Any]


async def measure(environ: Mapping[str, str], *, doubtful: bool) -> Measured:
    """Run the stack with `environ`, and have people write."""
    narrator = Narrator(Console(file=sys.stderr))
    ports = {port.variable: "0" for port in PORTS}
    with TemporaryDirectory() as folder:
        whole = {**os.environ, **ports, "LOG_LEVEL": "warning", "LOCAL_DIR": folder, **environ}
        around = read_surroundings(whole, keeps=False)
        async with (
            open_stack(around, narrator, hurry=asyncio.Event()),
            open_simulator(around.metasim_url) as simulator,
        ):
            await _people(simulator, "warm", doubtful=doubtful)
            waited_ms = await _people(simulator, "person", doubtful=doubtful)
            counts = await _counts(around.ports["classifier"])
            return Measured(waited_ms, counts, await simulator.judgement())


async def _people(simulator: Simulator, who: str, *, doubtful: bool) -> list[float]:
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    account = BAKERY.instagram_id

    async def ask(number: int) -> float:
        await asyncio.sleep(began_at + number / PER_S - loop.time())
        username = f"{who}{number}"
        if doubtful:
            text = DOUBTFUL.format(f"{who} {number}")
            await simulator.write(account, f"doubt.{username}", text)
        await simulator.write(account, username, KEYWORD, expect={"message": 1})
        seen = await simulator.answer_to(account_id=account, username=username)
        if seen is None:
            raise RuntimeError(f"{username} was not answered")
        return float(seen["latency_ms"])

    return await asyncio.gather(*(ask(number) for number in range(PEOPLE)))


async def _counts(port: int) -> Mapping[str, int]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}/metrics.json") as answer,
    ):
        counts: dict[str, int] = await answer.json()
        return counts


async def main() -> None:
    """Measure without a model, and with one that hangs."""
    without = await measure({"OLLAMA_HOST": ""}, doubtful=True)
    alone = await measure({"OLLAMA_HOST": ""}, doubtful=False)
    port = free_port()
    async with running("tools.ollamasim", env={"OLLAMASIM_PORT": str(port)}, port=port):
        url = f"http://127.0.0.1:{port}"
        async with (
            aiohttp.ClientSession() as http,
            http.put(f"{url}/sim/config", json={"behaviour": "hangs"}),
        ):
            pass
        hanging = await measure({"OLLAMA_HOST": url}, doubtful=True)
    for name, percentile in (("p50", 50), ("p95", 95)):
        show(
            f"keyword replies, {PER_S} a second, {name}",
            [
                Figure("no model, as many questions in doubt", _at(without, percentile), "ms"),
                Figure("a model that hangs, as many", _at(hanging, percentile), "ms"),
                Figure("no model, no questions", _at(alone, percentile), "ms"),
            ],
        )
    print(f"\njudgement: ok={hanging.judgement['ok']}, {hanging.judgement['sent']} sent; "
          f"the classifier counted {dict(hanging.counts)}")  # fmt: skip


def _at(measured: Measured, percentile: int) -> float:
    return statistics.quantiles(measured.waited_ms, n=100)[percentile - 1]


if __name__ == "__main__":
    asyncio.run(main())
