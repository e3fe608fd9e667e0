"""What the tests of the sender stand on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer

from services.sender.backlogs import StoredForecasts, StoredQueues
from services.sender.conclusions import Patience
from services.sender.doubts import StoredDoubts
from services.sender.files import Files
from services.sender.forecasting import Forecaster
from services.sender.looking import Looking
from services.sender.lookups import Lookups
from services.sender.pacer import Pacer
from services.sender.profiles import Profiles
from services.sender.reconciling import Reconciler
from services.sender.sender import Sender
from services.sender.speaking import Speaking
from services.sender.stores import (
    SealedSecrets,
    SealedTokens,
    StoredLedger,
    StoredNames,
    StoredParking,
    StoredShelf,
)
from services.sender.timers import Timers
from services.sender.turns import Turns
from services.sender.webhooks import Webhooks
from switchboard.clock import utc_now
from switchboard.contracts import (
    ANSWER,
    DELIVERY_DUE,
    INBOUND_EVENT,
    CommentId,
    DeliveryDue,
    DeliveryId,
    PersonId,
    TraceId,
)
from switchboard.contracts.ids import event_id
from switchboard.db import credentials, ledger
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database, Row
from switchboard.errors import Failure
from switchboard.graph import GraphClient
from switchboard.hooks import HookClient
from switchboard.queues import Outgoing, Receipt
from switchboard.state import Limits, ping
from switchboard.state.client import Redis
from switchboard.telemetry import Meter
from tests.integration.db.town import Shop, draft, owe, recorded
from tests.integration.state.own_redis import OwnRedis
from tests.support.waiting import until

VAULT = Vault({"k": bytes(32)})
TOKEN = "IGAA-token"
RECEIPT = Receipt(message_id="m", receives=1, sent_at=datetime(2026, 11, 2, tzinfo=UTC))

# Meta tells whole seconds, so less than one of them cannot be told apart.
PATIENCE = Patience(
    first=timedelta(seconds=0.05),
    settle=timedelta(seconds=1),
    again=timedelta(seconds=0.2),
    skew=timedelta(seconds=1),
    give_up=timedelta(seconds=30),
    attempts=3,
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Meta:
    """Sends everything, unless told to answer otherwise; remembers every call and question."""

    answer: Answer | None = None
    upload_answer: Answer | None = None
    profile: dict[str, Any] = field(default_factory=lambda: {"name": "Ana Lima", "username": "ana"})
    headers: dict[str, str] = field(default_factory=dict)
    uploads: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def post(self, request: web.Request) -> web.StreamResponse:
        assert f"Bearer {TOKEN}" == request.headers["Authorization"]
        if request.path.endswith("/message_attachments"):
            return await self._keep(request)
        self.calls.append((request.path, await request.json()))
        self.called.set()
        if self.answer is not None:
            return await self.answer(request)
        number = next(self.numbers)
        if request.path.endswith("/replies"):
            return web.json_response({"id": f"18{number}"})
        sent = {"recipient_id": "77", "message_id": f"mid.{number}"}
        return web.json_response(sent, headers=self.headers)

    async def _keep(self, request: web.Request) -> web.StreamResponse:
        """Keep a file."""
        self.uploads.append(await request.json())
        if self.upload_answer is not None:
            return await self.upload_answer(request)
        return web.json_response({"attachment_id": f"att.{len(self.uploads)}"})

    async def get(self, request: web.Request) -> web.StreamResponse:
        assert f"Bearer {TOKEN}" == request.headers["Authorization"]
        self.asked.append(request.path)
        if self.answer is not None:
            return await self.answer(request)
        return web.json_response(self.profile)

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
    app.router.add_get("/v26.0/{path:.*}", meta.get)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        yield str(server.make_url("")).rstrip("/")


async def token_stored(owner: Database, shop: Shop) -> None:
    """Give the shop's account its token."""
    sealed = VAULT.seal(TOKEN, shop.account)
    await credentials.store(owner, shop.account, sealed, None)


@dataclass
class Published:
    """A queue: what was published to it, as whoever reads it understands it."""

    read: Callable[[str], Any]
    published: list[Any] = field(default_factory=list)
    failure: Failure | None = None

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if self.failure is not None:
            raise self.failure
        self.published += [self.read(message.body) for message in messages]


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
    hooks: HookClient
    outbound: Published = field(default_factory=lambda: Published(DELIVERY_DUE.validate_json))
    classified: Published = field(default_factory=lambda: Published(ANSWER.validate_json))
    events: Published = field(default_factory=lambda: Published(INBOUND_EVENT.validate_json))
    lease: timedelta = timedelta(seconds=5)

    def sender(self, db: Database | None = None) -> Sender:
        """Return a sender; several share everything, as processes would."""
        db, meter = db or self.db, Meter("sender", "test")
        ledger = StoredLedger(db=db, meter=meter, lease=self.lease)
        tokens, turns = SealedTokens(VAULT), Turns(Limits(self.redis), ledger)
        return Sender(
            ledger=ledger,
            speaking=Speaking(
                tokens=tokens,
                turns=turns,
                graph=self.graph,
                profiles=Profiles(graph=self.graph, names=StoredNames(db), turns=turns),
                files=Files(
                    graph=self.graph,
                    shelf=StoredShelf(db, self.lease),
                    turns=turns,
                    patience=timedelta(seconds=0.3),
                ),
                tracking=None,
                meter=meter,
                now=utc_now,
                call_budget=timedelta(seconds=0.3),
                margin=timedelta(minutes=5),
            ),
            lookups=Lookups(
                tokens=tokens,
                turns=turns,
                graph=self.graph,
                classified=self.classified,
                now=utc_now,
            ),
            timers=Timers(events=self.events, now=utc_now),
            webhooks=Webhooks(
                hooks=self.hooks, secrets=SealedSecrets(db, VAULT), turns=turns, now=utc_now
            ),
            outbound=self.outbound,
            meter=meter,
            now=utc_now,
            lease=self.lease,
        )

    def pacer(self) -> Pacer:
        """Return a pacer."""

        async def is_open() -> None:
            await ping(self.redis)

        margin = timedelta(minutes=5)
        return Pacer(
            StoredParking(self.db, margin),
            StoredQueues(db=self.db, turns=Limits(self.redis), margin=margin),
            self.outbound,
            self.classified,
            open_for_business=is_open,
            meter=Meter("sender", "test"),
            now=utc_now,
            every_s=0.05,
            release_limit=100,
            stale=timedelta(minutes=1),
        )

    def reconciler(self, patience: Patience = PATIENCE, db: Database | None = None) -> Reconciler:
        """Return a reconciler."""
        db, meter, limits = db or self.db, Meter("sender", "test"), Limits(self.redis)
        ledger = StoredLedger(db=db, meter=meter, lease=self.lease)
        return Reconciler(
            StoredDoubts(db, meter),
            Looking(
                tokens=SealedTokens(VAULT),
                limits=limits,
                turns=Turns(limits, ledger),
                graph=self.graph,
            ),
            self.outbound,
            meter=meter,
            patience=patience,
            every_s=0.05,
            limit=100,
            lease=timedelta(seconds=30),
        )

    def forecaster(self) -> Forecaster:
        """Return a forecaster to whom every forecast is stale."""
        meter = Meter("sender", "test")
        return Forecaster(
            StoredForecasts(
                db=self.db,
                turns=Limits(self.redis),
                meter=meter,
                stale=timedelta(),
                lease=timedelta(minutes=1),
            ),
            margin=timedelta(minutes=5),
            meter=meter,
            now=utc_now,
            every_s=0.05,
        )

    async def owe(
        self, kind: str = "private_reply", person: str = "77", **fields: Any
    ) -> DeliveryId:
        """Record something to send, ready."""
        whole = {"person_id": PersonId(person), **fields}
        return await owe(self.db, self.shop, kind=kind, **whole)

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

    async def known(self, person: str = "77", **columns: Any) -> None:
        """Remember a person; `columns` are what is known of them."""
        names = ["account_id", "workspace_id", "person_id", *columns]
        values = [self.shop.account, self.shop.workspace, person, *columns.values()]
        places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
        await self.owner.execute(
            f"insert into public.contacts ({', '.join(names)}) values ({places})",
            *values,
        )

    async def contact(self, person: str = "77") -> Row:
        """Return what is remembered of a person."""
        row = await self.owner.fetchrow(
            "select * from public.contacts where account_id = $1 and person_id = $2",
            self.shop.account,
            person,
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

    async def reconciled(self, delivery_id: DeliveryId, patience: Patience = PATIENCE) -> Row:
        """Let the delivery be looked for now; return it as it is stored then."""
        await self.owner.execute(
            "update public.deliveries set look_at = now() where id = $1 and state = 'uncertain'",
            delivery_id,
        )
        await self.reconciler(patience).round()
        return await self.row(delivery_id)

    async def echoed(self, person: str, message_id: str, text: str | None) -> None:
        """Record that a webhook told of a message of the account's."""
        event = {"recipient_id": person, "message_id": message_id, "text": text}
        await self._happened("echo.v1", event, person_id=person)

    async def commented(self, comment_id: str, text: str, *, under: str) -> None:
        """Record that a webhook told of a comment of the account's own."""
        event = {"comment_id": comment_id, "text": text, "parent_id": under, "own": True}
        await self._happened("comment.v1", event, person_id=None)

    async def owe_for_comment(self, comment_id: str, *, parent: str) -> DeliveryId:
        """Record a comment that answers another one, and the public reply it is to have."""
        identity = uuid4().hex
        one = draft(
            self.shop, event_id(identity), kind="public_reply", comment_id=CommentId(comment_id)
        )
        event = {"comment_id": comment_id, "parent_id": parent, "text": "and I?"}
        happened = recorded(self.shop, identity, event=json.dumps(event), deliveries=(one,))
        await ledger.record(self.db, [happened])
        return one.id

    async def _happened(self, kind: str, event: dict[str, Any], **fields: Any) -> None:
        happened = recorded(
            self.shop, uuid4().hex, answered=False, kind=kind, event=json.dumps(event), **fields
        )
        await ledger.record(self.db, [happened])

    async def reconciled_until(
        self, state: str, delivery_id: DeliveryId, patience: Patience = PATIENCE
    ) -> None:
        """Let reconcilers make rounds, and senders hear of what they publish, until `state`."""

        async def round_() -> str:
            await self.reconciler(patience).round()
            due, self.outbound.published = self.outbound.published, []
            await asyncio.gather(*(self.sender()(one, RECEIPT) for one in due))
            row = await self.row(delivery_id)
            return str(row["state"])

        await until(round_, lambda found: found == state)

    async def looks(self, delivery_id: DeliveryId) -> list[tuple[str, str, str]]:
        """Return where the delivery was looked for, and what that came to."""
        rows = await self.owner.fetch(
            "select * from public.delivery_looks where delivery_id = $1 order by number",
            delivery_id,
        )
        return [(row["asked"], row["outcome"], row["because"]) for row in rows]
