"""The API, running; and people who call it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from services.control.app import Control, assemble
from services.control.caretaker.settings import CaretakerSettings
from services.control.settings import Settings
from switchboard.db.pool import Database
from switchboard.doctor import DoctorSettings
from tests.integration.db.town import Shop
from tests.integration.db.users import Role, hire, log_in
from tests.support.tokens import Issuer


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The answer, read as JSON; `None` if there is none."""
        return json.loads(self.text) if self.text else None

    @property
    def code(self) -> str:
        """What kind of problem it is."""
        return str(self.body["code"])


@dataclass(frozen=True)
class Person:
    """Somebody who calls, with a token of theirs."""

    id: UUID
    token: str
    url: str
    http: ClientSession

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Call the API; `if_match` is sent as If-Match, and so on."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {self.token}"} | named
        raw = body if isinstance(body, bytes) else None
        written = None if raw is not None else body
        async with self.http.request(
            method, f"{self.url}{path}", json=written, data=raw, headers=sent
        ) as answer:
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, found, await answer.text())

    async def get(self, path: str) -> Answer:
        """Read."""
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Do, or add."""
        return await self.call("POST", path, body, **headers)

    async def edit(self, path: str, body: Any, *, method: str = "PATCH", over: str = "") -> Answer:
        """Read, and change what was read; `over` is read instead of `path`."""
        read = await self.get(over or path)
        return await self.call(method, path, body, if_match=read.headers.get("etag", "*"))


@dataclass
class House:
    """The API with its database, seen from outside."""

    url: str
    http: ClientSession
    owner: Database
    issuer: Issuer
    control: Control
    published: list[str] = field(default_factory=list)

    def of(self, user: UUID, **claims: Any) -> Person:
        """Return a user who calls."""
        return Person(user, self.issuer.token(user, **claims), self.url, self.http)

    async def newcomer(self, email: str | None = None) -> Person:
        """Return somebody who has just signed up."""
        user = uuid4()
        address = email or f"{user}@people.example"
        await self.owner.execute(
            "insert into auth.users (id, email, email_confirmed_at) values ($1, $2, now())",
            user,
            address,
        )
        await log_in(self.owner, user)
        return self.of(user, email=address)

    async def member(self, shop: Shop, role: Role) -> Person:
        """Return somebody who is `role` in the workspace of `shop`."""
        return self.of(await hire(self.owner, shop, role))

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        """Call as nobody."""
        async with self.http.request(method, f"{self.url}{path}", **options) as answer:
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, found, await answer.text())


@contextlib.asynccontextmanager
async def open_house(
    owner: Database, api_url: str, redis_url: str, **settings: Any
) -> AsyncIterator[House]:
    """
    Run the API as `assemble` makes it, beside somebody who publishes keys.

    With `caretaking`, the caretaker's settings, it looks after accounts as well, and with `doctor`
    it examines them.
    """
    issuer, asked = Issuer(), []
    caretaking: CaretakerSettings | None = settings.pop("caretaking", None)
    doctor: DoctorSettings | None = settings.pop("doctor", None)

    async def publish(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(issuer.published())

    auth = web.Application()
    auth.router.add_get("/auth/v1/.well-known/jwks.json", publish)
    async with TestServer(auth) as project:
        root = str(project.make_url("")).rstrip("/")
        issuer.issuer = f"{root}/auth/v1"
        given: dict[str, Any] = {
            "database_url": api_url,
            "redis_url": redis_url,
            "supabase_url": root,
            "control_port": 0,
            "control_calls_burst": 1_000,
        }
        async with (
            assemble(Settings(**given | settings), caretaking, doctor) as control,
            ClientSession() as http,
            running(control),
        ):
            url = f"http://127.0.0.1:{control.server.port}"
            yield House(url, http, owner, issuer, control, asked)


@contextlib.asynccontextmanager
async def running(control: Control) -> AsyncIterator[None]:
    """Serve while the block lasts, and see that it ends in order."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for worker in control.workers:
            group.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
