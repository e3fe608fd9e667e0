"""The whole ingress under test: its own page, real sockets, a real queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse, ClientSession
from pydantic import SecretStr

from services.ingress.app import Ingress, assemble
from services.ingress.settings import Settings
from switchboard.contracts import INBOUND_EVENT, InboundEvent
from switchboard.lifecycle import run_until
from switchboard.queues import SqsClient
from tests.unit.ingress.bodies import SECRET, signature, wire

VERIFY_TOKEN = "typed-into-the-dashboard"
LINK_SECRET = SecretStr("a-secret-of-tracked-links")


@dataclass(frozen=True, slots=True)
class House:
    """A running ingress, and what a test asks of it."""

    ingress: Ingress
    stop: asyncio.Event
    http: ClientSession

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.ingress.server.port}"

    async def post(self, body: Any, **options: Any) -> ClientResponse:
        """Post `body`, signed, and return the answer, read."""
        content = body if isinstance(body, bytes) else wire(body)
        signed = {"X-Hub-Signature-256": signature(content)}
        return await self.send(
            "POST", "/webhooks/instagram", data=content, headers=signed, **options
        )

    async def send(self, method: str, path: str, **options: Any) -> ClientResponse:
        """Send a request and return the answer, read."""
        async with self.http.request(
            method, self.url + path, allow_redirects=False, **options
        ) as answer:
            await answer.read()
        return answer

    def counted(self) -> Mapping[str, int]:
        """Return what it has counted."""
        return self.ingress.meter.totals()


@contextlib.asynccontextmanager
async def open_house(endpoint_url: str, prefix: str, **chosen: Any) -> AsyncIterator[House]:
    """Run an ingress over SQS at `endpoint_url`; leaving stops it as SIGTERM does."""
    settings = Settings.model_validate(
        {
            "aws_endpoint_url": endpoint_url,
            "queue_prefix": prefix,
            "meta_app_secrets": (SECRET, "the-meta-app-secret"),
            "meta_verify_token": VERIFY_TOKEN,
            "link_secrets": (LINK_SECRET,),
            "ingress_port": 0,
        }
        | chosen
    )
    async with ClientSession() as http, assemble(settings) as ingress:
        stop = asyncio.Event()
        running = asyncio.create_task(run_until(stop, *ingress.workers, drain_s=20))
        try:
            yield House(ingress, stop, http)
        finally:
            stop.set()
            await running


@dataclass(frozen=True, slots=True)
class Shelf:
    """The `events` queue of one test."""

    client: SqsClient
    url: str

    async def events(self, *, at_least: int = 0) -> list[InboundEvent]:
        """Take all events off the queue; wait for `at_least` so many."""
        found: list[InboundEvent] = []
        while True:
            received = await self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=5 if len(found) < at_least else 0,
            )
            messages = received.get("Messages", [])
            if not messages and len(found) >= at_least:
                return found
            found += [INBOUND_EVENT.validate_json(message["Body"]) for message in messages]

    async def by_kind(self, *, at_least: int = 0) -> list[str]:
        """Take all events off the queue and return their kinds, in order of name."""
        return sorted(event.kind for event in await self.events(at_least=at_least))
