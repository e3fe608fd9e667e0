"""The simulator of Meta, as a test drives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

REPLIED_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Simulator:
    """A client of its control API."""

    http: ClientSession
    url: str

    async def call(
        self, method: str, path: str, body: object = None, *, expect: int = 200, **query: object
    ) -> Any:
        """Return what the simulator answers; it must answer with status `expect`."""
        params = {name: str(value) for name, value in query.items()}
        async with self.http.request(
            method, f"{self.url}{path}", json=body, params=params
        ) as answer:
            text = await answer.text()
            assert expect == answer.status, f"{method} {path}: {answer.status} {text}"
            return json.loads(text) if text else None

    async def reset(self) -> None:
        """Make it forget everything but its settings."""
        await self.call("POST", "/sim/reset", expect=204)

    async def comment(
        self, account_id: str, media_id: str, text: str, *, username: str = "ana", **more: object
    ) -> dict[str, Any]:
        """Comment as `username`; return the comment's ids and what its webhook met."""
        body = {
            "account_id": account_id,
            "media_id": media_id,
            "username": username,
            "text": text,
        }
        answer: dict[str, Any] = await self.call("POST", "/sim/comments", body | more)
        return answer

    async def message(
        self, account_id: str, text: str | None, *, username: str = "ana", **more: object
    ) -> dict[str, Any]:
        """Write a direct message as `username`."""
        body = {"account_id": account_id, "username": username, "text": text}
        answer: dict[str, Any] = await self.call("POST", "/sim/messages", body | more)
        return answer

    async def reply(self, comment_id: str, kind: str) -> dict[str, Any]:
        """Return the reply of `kind` to a comment as soon as it is there."""
        answer: dict[str, Any] = await self.call(
            "GET",
            "/sim/wait",
            comment_id=comment_id,
            kind=kind,
            timeout_s=REPLIED_WITHIN_S,
        )
        return answer

    async def conversation(self, account_id: str, username: str) -> list[dict[str, Any]]:
        """Return the messages between an account and a person, in order."""
        answer = await self.call("GET", f"/sim/conversations/{account_id}/{username}")
        messages: list[dict[str, Any]] = answer["messages"]
        return messages

    async def replies_to(self, comment_id: str) -> Mapping[str, Any]:
        """Return what a comment got."""
        answer: Mapping[str, Any] = await self.call("GET", f"/sim/comments/{comment_id}")
        return answer

    async def under_way(self, replies: int = 5) -> None:
        """Return as soon as `replies` calls have reached the simulator since it was reset."""
        seen, calls = 0, 0
        while calls < replies:
            told = await self.call("GET", "/sim/timeline", after=seen, wait_s=REPLIED_WITHIN_S)
            entries = told["entries"]
            assert entries, f"only {calls} calls within {REPLIED_WITHIN_S:g} s"
            calls += sum(entry["kind"] == "graph_call" for entry in entries)
            seen = entries[-1]["n"]

    async def all_answered(self, timeout_s: float = REPLIED_WITHIN_S) -> dict[str, Any]:
        """Return the judgement as soon as nothing expected is missing; fail if time runs out."""
        answer: dict[str, Any] = await self.call(
            "GET", "/sim/wait", all="true", timeout_s=timeout_s
        )
        return answer

    async def judgement(self) -> dict[str, Any]:
        """Return what the simulator has to say of us now."""
        answer: dict[str, Any] = await self.call("GET", "/judgement")
        return answer
