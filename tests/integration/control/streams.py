"""Reading what the API sends as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse

from tests.integration.control.house import Person

_PATIENCE_S = 30


@dataclass(frozen=True)
class Said:
    """One message."""

    name: str
    id: str
    data: Any


@dataclass(frozen=True)
class Stream:
    """An answer that goes on."""

    answer: ClientResponse

    async def next(self) -> Said:
        """Return the next message, passing comments."""
        while True:
            block = await self.block()
            if "event" in block:
                return Said(block["event"], block["id"], json.loads(block["data"]))

    async def block(self) -> dict[str, str]:
        """Return the fields of what comes next; a comment is the field of no name."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(_PATIENCE_S):
            while line := (await self.answer.content.readline()).decode().rstrip("\n"):
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        return fields

    async def ended(self) -> None:
        """Wait until it has ended, whatever comes until then."""
        async with asyncio.timeout(_PATIENCE_S):
            await self.answer.content.read()


@contextlib.asynccontextmanager
async def watching(person: Person, path: str, **headers: str) -> AsyncIterator[Stream]:
    """Watch as `person`, until the block ends."""
    sent = {"Authorization": f"Bearer {person.token}"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with person.http.get(f"{person.url}{path}", headers=sent | named) as answer:
        assert 200 == answer.status, await answer.text()
        assert "text/event-stream" == answer.content_type
        yield Stream(answer)
