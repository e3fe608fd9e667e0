"""What the tests of the sender stand on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from services.sender.pacer import Pacer
from services.sender.sender import Sender
from services.sender.stores import SealedTokens, StoredLedger, StoredParking
from switchboard.clock import utc_now
from switchboard.contracts import DELIVERY_DUE, DeliveryDue, DeliveryId, PersonId, TraceId
from switchboard.db import credentials
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database, Row
from switchboard.graph import GraphClient
from switchboard.queues import Outgoing, Receipt
from switchboard.state import Limits, ping
from switchboard.state.client import Redis
from switchboard.telemetry import Meter
from tests.integration.db.town import Shop, owe
from tests.integration.state.own_redis import OwnRedis

VAULT = Vault({"k": bytes(32)})
TOKEN = "IGAA-token"
RECEIPT = Receipt(message_id="m", receives=1, sent_at=datetime(2026, 11, 2, tzinfo=UTC))

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Meta:
    """Sends everything, unless told to answer otherwise; remembers every call."""

    answer: Answer | None = None
    calls: list[tuple[str, Any]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def post(self, request: web.Request) -> web.StreamResponse:
        assert f"Bearer {TOKEN}" == request.headers["Authorization"]
        self.calls.append((request.path, await request.json()))
        self.called.set()
        if self.answer is not None:
            return await self.answer(request)
        number = next(self.numbers)
        if request.path.endswith("/replies"):
            return web.json_response({"id": f"18{number}"})
        return web.json_response({"recipient_id": "77", "message_id": f"mid.{number}"})

    def refuse(self, code: int, subcode: int | None = None) -> None:
        """Answer every call with an error."""
        error: dict[str, Any] = {"message": "Nein", "code": code, "fbtrace_id": "Abc"}
        if subcode is not None:
            error["error_subcode"] = subcode

        async def answer(_request: web.Request) -> web.Response:
            return web.json_response({"error": error}, status=400)

        self.answer = answer


async def silence(_request: web.Request) -> web.Response:
    """Take the call and never answer."""
    await asyncio.Event().wait()
    return web.Response()


async def hang_up(request: web.Request) -> web.Response:
    """Take the call and drop the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def server_error(_request: web.Request) -> web.Response:
    """Fail without a word."""
    return web.Response(status=500)


async def garbage(_request: web.Request) -> web.Response:
    """Say yes, and nothing else."""
    return web.Response(text="OK")


@contextlib.asynccontextmanager
async def serving(meta: Meta) -> AsyncIterator[str]:
    """Serve `meta`; yield its address."""
    app = web.Application()
    app.router.add_post("/v26.0/{path:.*}", meta.post)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        yield str(server.make_url("")).rstrip("/")


async def token_stored(owner: Database, shop: Shop) -> None:
    """Give the shop's account its token."""
    sealed = VAULT.seal(TOKEN, shop.account)
    await credentials.store(owner, shop.account, sealed, None)


@dataclass
class Outbound:
    """The queue: what the pacer published."""

    published: list[DeliveryDue] = field(default_factory=list)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.published += [DELIVERY_DUE.validate_json(message.body) for message in messages]


@dataclass
class Stage:
    """A sender and a pacer on real servers."""

    owner: Database
    db: Database
    redis: Redis
    graph: GraphClient
    meta: Meta
    shop: Shop
    server: OwnRedis
    outbound: Outbound = field(default_factory=Outbound)
    lease: timedelta = timedelta(seconds=5)

    def sender(self, db: Database | None = None) -> Sender:
        """Return a sender; several share everything, as processes would."""
        ledger = StoredLedger(db=db or self.db, now=utc_now, lease=self.lease)
        return Sender(
            ledger=ledger,
            tokens=SealedTokens(VAULT),
            limits=Limits(self.redis),
            graph=self.graph,
            tracking=None,
            meter=Meter("sender", "test"),
            now=utc_now,
            lease=self.lease,
            call_budget=timedelta(seconds=0.3),
            margin=timedelta(minutes=5),
        )

    def pacer(self) -> Pacer:
        """Return a pacer."""

        async def is_open() -> None:
            await ping(self.redis)

        return Pacer(
            StoredParking(self.db),
            self.outbound,
            open_for_business=is_open,
            meter=Meter("sender", "test"),
            every_s=0.05,
            release_limit=100,
            stale=timedelta(minutes=1),
        )

    async def owe(
        self, kind: str = "private_reply", person: str = "77", **fields: Any
    ) -> DeliveryId:
        """Record something to send, ready."""
        return await owe(self.db, self.shop, kind=kind, person_id=PersonId(person), **fields)

    def due(self, delivery_id: DeliveryId) -> DeliveryDue:
        """Return the message that says so."""
        return DeliveryDue(
            delivery_id=delivery_id, account_id=self.shop.instagram_id, trace_id=TraceId("0" * 32)
        )

    async def send(self, delivery_id: DeliveryId) -> None:
        """Let one sender handle one message."""
        await self.sender()(self.due(delivery_id), RECEIPT)

    async def row(self, delivery_id: DeliveryId) -> Row:
        """Return the delivery as it is stored."""
        row = await self.owner.fetchrow(
            "select * from public.deliveries where id = $1", delivery_id
        )
        assert row is not None
        return row

    async def account(self) -> Row:
        """Return the account as it is stored."""
        row = await self.owner.fetchrow(
            "select * from public.instagram_accounts where id = $1", self.shop.account
        )
        assert row is not None
        return row

    async def due_now(self, delivery_id: DeliveryId) -> None:
        """Let a parked delivery's moment come."""
        await self.owner.execute(
            "update public.deliveries set not_before = now() where id = $1", delivery_id
        )

    async def paced_until(self, state: str, delivery_id: DeliveryId) -> None:
        """Let pacers make rounds, and senders hear of what they publish, until `state`."""
        async with asyncio.timeout(20):
            while (await self.row(delivery_id))["state"] != state:
                await self.pacer().round()
                due, self.outbound.published = self.outbound.published, []
                await asyncio.gather(*(self.sender()(one, RECEIPT) for one in due))
