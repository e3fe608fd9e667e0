"""The simulator's control API, as people, faults and the judge use it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from tools.chaos.evidence import Json

_OURS: Final = "comments"  # what nobody did is told of by its field alone
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

    async def comments(self, account_id: str, media_id: str) -> Sequence[Json]:
        """Return the latest comments under a post, a thousand at most."""
        path = f"/sim/accounts/{account_id}/media/{media_id}/comments"
        told = await self.call("GET", path, limit="1000")
        return list(told["comments"])

    async def calls(self, kinds: Sequence[str]) -> Mapping[str, int]:
        """Return the most calls of some kinds within an hour, by account."""
        calls: Counter[str] = Counter()
        for one in (await self.call("GET", "/sim/calls"))["calls"]:
            if one["call"] in kinds:
                calls[one["account_id"]] += one["most_an_hour"]
        return calls

    async def own_untold(self) -> int:
        """Return how many of our own public replies Meta never told of."""
        after, found = 0, 0
        while entries := (await self._story(after))["entries"]:
            after = entries[-1]["n"]
            found += sum(one["kind"] == "webhook_lost" and one["about"] == _OURS for one in entries)
        return found

    async def _story(self, after: int) -> Json:
        return await self.call("GET", "/sim/timeline", after=str(after), limit="10000")

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
