"""The simulator's control API, as people, faults and the judge use it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from tools.chaos.evidence import Json

_BUDGET_S: Final = 60.0  # the judgement of thousands, on two busy cores


@dataclass(frozen=True, slots=True)
class Control:
    """A client of one simulator."""

    _http: ClientSession

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Json:
        """Return what the simulator answers; a refusal is a mistake of ours, and is raised."""
        async with self._http.request(method, path, json=body, params=query) as answer:
            if not answer.ok:
                text = await answer.text()
                raise RuntimeError(f"{method} {path}: the simulator says {answer.status} {text}")
            told: Json = await answer.json() if answer.content_type.endswith("json") else {}
            return told

    async def answer_to(self, *, timeout_s: float, **what: str) -> Json | None:
        """Wait for an answer, `what` as `GET /sim/wait` has it; None if none came in time."""
        timeout_s = max(timeout_s, 0.0)
        query = {**what, "timeout_s": f"{timeout_s:.3f}"}
        budget = ClientTimeout(total=timeout_s + _BUDGET_S)
        async with self._http.get("/sim/wait", params=query, timeout=budget) as answer:
            if answer.status == HTTPStatus.REQUEST_TIMEOUT:
                return None
            answer.raise_for_status()
            seen: Json = await answer.json()
            return seen

    async def configure(self, **changes: Any) -> None:
        """Change the part of the configuration that is given."""
        await self.call("PUT", "/sim/config", changes)

    async def judgement(self) -> Json:
        """Return the verdict over everything so far."""
        return await self.call("GET", "/judgement")

    async def summary(self) -> Json:
        """Return how long each list of the verdict is, which costs little."""
        return await self.call("GET", "/sim/summary")


@contextlib.asynccontextmanager
async def open_control(url: str) -> AsyncIterator[Control]:
    """Talk to the simulator at `url`; hundreds may wait at once."""
    budget = ClientTimeout(total=_BUDGET_S)
    async with ClientSession(url, connector=TCPConnector(limit=0), timeout=budget) as http:
        yield Control(http)
