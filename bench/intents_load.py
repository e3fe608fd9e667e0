"""
Keyword replies while the language model hangs, beside the same while it answers.

Through the whole local stack: 10 people a second ask what a keyword answers, and as many write what
is in doubt, for which the model is wanted. The model answers and hangs by turns, so that whatever
else the machine does falls on both.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping
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

PEOPLE = 100  # in each turn
PER_S = 10
TURNS = 3
KEYWORD = "how much is a loaf?"
DOUBTFUL = "do you have gluten free bread {}"  # each is another, so that none is remembered
WELL, HANGS = "a model that answers", "a model that hangs"
BEHAVIOURS = {WELL: "well", HANGS: "hangs"}


async def main() -> None:
    """Measure by turns."""
    port = free_port()
    async with running("tools.ollamasim", env={"OLLAMASIM_PORT": str(port)}, port=port):
        await _measure(f"http://127.0.0.1:{port}")


async def _measure(ollama: str) -> None:
    narrator = Narrator(Console(file=sys.stderr))
    environ = {port.variable: "0" for port in PORTS} | {"LOG_LEVEL": "warning"}
    environ |= {"CARETAKER": "off"}
    environ |= {"OLLAMA_HOST": ollama, "CLASSIFIER_MODEL": "qwen2.5:3b"}
    waited: dict[str, list[float]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        around = read_surroundings({**os.environ, **environ, "LOCAL_DIR": folder}, keeps=False)
        async with (
            open_stack(around, narrator, hurry=asyncio.Event()),
            open_simulator(around.metasim_url) as simulator,
            aiohttp.ClientSession() as http,
        ):
            await _people(simulator, "warm")
            for turn in range(TURNS):
                for name, behaviour in BEHAVIOURS.items():
                    async with http.put(f"{ollama}/sim/config", json={"behaviour": behaviour}):
                        pass
                    waited[name] += await _people(simulator, f"{behaviour}{turn}")
            counts = await _counts(http, around.ports["classifier"])
            judgement = await simulator.judgement()
    _tell(waited, counts, judgement)


async def _people(simulator: Simulator, who: str) -> list[float]:
    """Return how long each who wrote a keyword waited for the answer."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    account = BAKERY.instagram_id

    async def ask(number: int) -> float:
        await asyncio.sleep(began_at + number / PER_S - loop.time())
        username = f"{who}.{number}"
        await simulator.write(account, f"doubt.{username}", DOUBTFUL.format(username))
        await simulator.write(account, username, KEYWORD, expect={"message": 1})
        seen = await simulator.answer_to(account_id=account, username=username)
        if seen is None:
            raise RuntimeError(f"{username} was not answered")
        return float(seen["latency_ms"])

    return await asyncio.gather(*(ask(number) for number in range(PEOPLE)))


async def _counts(http: aiohttp.ClientSession, port: int) -> Mapping[str, int]:
    async with http.get(f"http://127.0.0.1:{port}/metrics.json") as answer:
        counts: dict[str, int] = await answer.json()
        return counts


def _tell(
    waited: Mapping[str, list[float]], counts: Mapping[str, int], judgement: Mapping[str, Any]
) -> None:
    for name, percentile in (("p50", 50), ("p95", 95)):
        show(
            f"keyword replies, {PER_S} a second beside {PER_S} in doubt, {name}",
            [
                Figure(which, statistics.quantiles(values, n=100)[percentile - 1], "ms")
                for which, values in waited.items()
            ],
        )
    print(f"\njudgement: ok={judgement['ok']}, lost {len(judgement['lost'])}")
    for name in sorted(counts):
        if name.startswith(("QuestionsAnswered", "BreakerState", "ClassifierFallback")):
            print(f"{name}: {counts[name]}")


if __name__ == "__main__":
    asyncio.run(main())
