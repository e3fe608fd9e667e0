"""The simulator's control API, as far as the story needs it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from dev.failures import PartEnded

PATIENCE_S: Final = 20.0
API_VERSION: Final = "v26.0"
_BUDGET: Final = aiohttp.ClientTimeout(total=PATIENCE_S + 10)


@dataclass(frozen=True, slots=True)
class Simulator:
    """Makes people act, and sees what they are answered."""

    _http: aiohttp.ClientSession

    async def put(self, path: str, **body: Any) -> None:
        """Set the stage: `PUT path` of the control API."""
        async with self._http.put(path, json=body):
            pass

    async def subscribe(self, account: str, token: str, fields: Sequence[str]) -> None:
        """Let Instagram tell us of `account`, as connecting it does."""
        body = {"access_token": token, "subscribed_fields": ",".join(fields)}
        await self._post(f"/{API_VERSION}/{account}/subscribed_apps", **body)

    async def comment(
        self, account: str, media: str, username: str, text: str, **more: Any
    ) -> dict[str, Any]:
        """Let `username` comment; `more` as `POST /sim/comments` has it. Returns its answer."""
        return await self._post(
            "/sim/comments",
            account_id=account,
            media_id=media,
            username=username,
            text=text,
            **more,
        )

    async def write(self, account: str, username: str, text: str, **more: Any) -> dict[str, Any]:
        """Let `username` write a message; `more` as `POST /sim/messages` has it."""
        return await self._post(
            "/sim/messages", account_id=account, username=username, text=text, **more
        )

    async def tap(
        self, account: str, username: str, button: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        """Let `username` tap `button`, as a message showed it; `more` as `POST /sim/postbacks`."""
        return await self._post(
            "/sim/postbacks",
            account_id=account,
            username=username,
            title=button["title"],
            payload=button["payload"],
            **more,
        )

    async def answer_to(self, **what: str) -> dict[str, Any] | None:
        """Wait for an answer, `what` as `GET /sim/wait` has it; None if none came in time."""
        query = {**what, "timeout_s": str(PATIENCE_S)}
        async with self._http.get("/sim/wait", params=query, raise_for_status=False) as answer:
            if answer.status == HTTPStatus.REQUEST_TIMEOUT:
                return None
            answer.raise_for_status()
            seen: dict[str, Any] = await answer.json()
            return seen

    async def judgement(self) -> dict[str, Any]:
        """Return the verdict over everything so far."""
        async with self._http.get("/judgement") as answer:
            verdict: dict[str, Any] = await answer.json()
            return verdict

    async def _post(self, path: str, **body: Any) -> dict[str, Any]:
        async with self._http.post(path, json=body) as answer:
            told: dict[str, Any] = await answer.json()
            return told


@contextlib.asynccontextmanager
async def open_simulator(url: str) -> AsyncIterator[Simulator]:
    """
    Talk to the simulator at `url`.

    Raises:
        PartEnded: It does not answer, or refuses what it is asked.
    """
    async with aiohttp.ClientSession(url, timeout=_BUDGET, raise_for_status=True) as http:
        try:
            yield Simulator(http)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PartEnded(f"the simulator does not answer: {error}") from error
