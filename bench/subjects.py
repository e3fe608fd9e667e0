"""What `bench.memory` watches: each service, its baseline, and how both are given events."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import jwt

from bench import ingress, router, sender
from bench.busy_post import open_busy_post
from bench.http_load import post_all
from bench.process import free_port, running
from bench.stage import Stage
from switchboard.db import credentials
from switchboard.db.pool import Database, open_pool
from switchboard.topology import EVENTS, OUTBOUND, Queue

Give = Callable[[int], Awaitable[None]]

_WORKSPACE, _ACCOUNT, _CAMPAIGN, _USER = (UUID(int=number) for number in (1, 2, 3, 9))
_JWT_SECRET: Final = "bench-secret-of-more-than-32-characters"
_CONNECTIONS: Final = 8
_SEEN: Final = (
    f"/v1/workspaces/{_WORKSPACE}",
    f"/v1/workspaces/{_WORKSPACE}/activity",
    f"/v1/workspaces/{_WORKSPACE}/contacts",
    f"/v1/workspaces/{_WORKSPACE}/deliveries",
    f"/v1/accounts/{_ACCOUNT}/campaigns",
    f"/v1/campaigns/{_CAMPAIGN}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """
    A service and its baseline, which both listen on `port` once they are started.

    `give(count)` gives whichever of the two runs `count` events, and returns when it is done with
    them.
    """

    service: str
    bare: str
    port: int
    environment: Mapping[str, str]
    give: Give
    arguments: Sequence[str] = field(default=())  # the baseline's


@contextlib.asynccontextmanager
async def open_ingress(stage: Stage) -> AsyncIterator[Subject]:
    """Webhooks of one comment each."""
    port = free_port()

    async def give(count: int) -> None:
        first = secrets.randbelow(10**15)
        requests = [ingress.webhook(first + number, 1) for number in range(count)]
        await _ask(port, requests)
        await stage.empty(EVENTS)

    yield Subject(
        service="services.ingress",
        bare="bench.bare",
        port=port,
        arguments=[str(port)],
        environment={
            **stage.environment,
            "INGRESS_PORT": str(port),
            "META_APP_SECRETS": ingress.SECRET,
            "META_VERIFY_TOKEN": "bench",
            "LINK_SECRETS": _JWT_SECRET,
        },
        give=give,
    )


@contextlib.asynccontextmanager
async def open_router(stage: Stage) -> AsyncIterator[Subject]:
    """Comments that are answered twice each."""
    port = free_port()
    await router.seed(stage.owner_url)

    async def give(count: int) -> None:
        await router.fill(stage, "LINK please", count)
        await _until_empty(stage, EVENTS)
        await stage.empty(OUTBOUND)

    yield Subject(
        service="services.router",
        bare="bench.baseline_consumer",
        port=port,
        environment={**stage.environment, "HEALTH_PORT": str(port)},
        give=give,
    )


@contextlib.asynccontextmanager
async def open_sender(stage: Stage) -> AsyncIterator[Subject]:
    """Messages that are owed, of many accounts."""
    key, port, graph_port = secrets.token_bytes(32), free_port(), free_port()
    graph = f"http://127.0.0.1:{graph_port}"
    async with (
        open_pool(stage.owner_url, max_size=1, name="bench") as db,
        running("bench.stub_graph", env={}, port=graph_port, arguments=[str(graph_port)]),
    ):
        await sender.open_accounts(db, credentials.Vault({"bench": key}))

        async def give(count: int) -> None:
            await sender.tell(stage, await sender.owe(db, count // sender.ACCOUNTS))
            await _until_empty(stage, OUTBOUND)

        yield Subject(
            service="services.sender",
            bare="bench.bare_sender",
            port=port,
            environment={
                **stage.environment,
                "HEALTH_PORT": str(port),
                "META_GRAPH_URL": graph,
                "GRAPH": graph,
                "TOKEN_KEYS": _written(key),
            },
            give=give,
        )


@contextlib.asynccontextmanager
async def open_control(stage: Stage) -> AsyncIterator[Subject]:
    """Requests of a user of the dashboard who looks at things, each in a trace of its own."""
    port, issuer = free_port(), "http://127.0.0.1:1"
    await router.seed(stage.owner_url)
    async with open_pool(stage.owner_url, max_size=1, name="bench") as db:
        await _let_in(db)

    async def give(count: int) -> None:
        token = _token(f"{issuer}/auth/v1")
        await _ask(port, [_request(_SEEN[number % len(_SEEN)], token) for number in range(count)])

    yield Subject(
        service="services.control",
        bare="bench.bare_api",
        port=port,
        environment=await _of_control(stage, port, issuer),
        give=give,
    )


@contextlib.asynccontextmanager
async def open_caretaker(stage: Stage) -> AsyncIterator[Subject]:
    """Comments that no webhook told of, read by control's caretaker."""
    key, port = secrets.token_bytes(32), free_port()
    await router.seed(stage.owner_url)
    await stage.postgres.let_in("switchboard_caretaker")
    async with (
        open_pool(stage.owner_url, max_size=1, name="bench") as db,
        open_busy_post() as post,
    ):
        sealed = credentials.Vault({"bench": key}).seal("token", _ACCOUNT)
        await credentials.store(db, _ACCOUNT, sealed, None)

        async def give(count: int) -> None:
            await post.show(count)
            await stage.empty(EVENTS)

        yield Subject(
            service="services.control",
            bare="bench.bare_reader",
            port=port,
            arguments=[str(port)],
            environment={
                **await _of_control(stage, port, post.url),
                "CARETAKER_DATABASE_URL": stage.postgres.address(role="switchboard_caretaker"),
                "META_GRAPH_URL": post.url,
                "META_APP_SECRETS": _JWT_SECRET,
                "TOKEN_KEYS": _written(key),
                "CARETAKER_CALLS_AN_HOUR": "10000",
                "CARETAKER_EVERY_S": "0.2",
                "CARETAKER_BACKFILL_S": "0.2",
                "CARETAKER_BACKFILL_SOON_S": "0.2",
                "CARETAKER_ON_ITS_WAY_S": "0",
            },
            give=give,
        )


SUBJECTS: Final = {
    "ingress": open_ingress,
    "router": open_router,
    "sender": open_sender,
    "control": open_control,
    "caretaker": open_caretaker,
}


async def _of_control(stage: Stage, port: int, issuer: str) -> dict[str, str]:
    await stage.postgres.let_in("switchboard_api")
    return {
        **stage.environment,
        "DATABASE_URL": stage.postgres.address(role="switchboard_api"),
        "CONTROL_PORT": str(port),
        "CONTROL_CALLS_BURST": "100000",
        "CONTROL_CALLS_PER_S": "10000",
        "SUPABASE_URL": issuer,
        "SUPABASE_JWT_SECRET": _JWT_SECRET,
    }


async def _let_in(db: Database) -> None:
    await db.execute("insert into auth.users (id) values ($1)", _USER)
    await db.execute("insert into auth.sessions (id, user_id) values ($1, $1)", _USER)
    await db.execute(_HIRE, _WORKSPACE, _USER)


async def _until_empty(stage: Stage, queue: Queue) -> None:
    while await stage.waiting(queue):  # noqa: ASYNC110  a queue tells nobody it is empty
        await asyncio.sleep(0.05)


async def _ask(port: int, requests: Sequence[bytes]) -> None:
    load = await post_all("127.0.0.1", port, requests, connections=_CONNECTIONS)
    if set(load.statuses) != {200}:
        raise RuntimeError(f"not all answered: {load.statuses}")


def _request(path: str, token: str) -> bytes:
    trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    lines = [f"GET {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}"]
    return "\r\n".join([*lines, f"traceparent: {trace}", "", ""]).encode()


def _token(issuer: str) -> str:
    now = int(time.time())
    claims = {"aud": "authenticated", "role": "authenticated", "iat": now, "exp": now + 3600}
    user = {"iss": issuer, "sub": str(_USER), "session_id": str(_USER), "aal": "aal1"}
    return jwt.encode(claims | user, _JWT_SECRET, algorithm="HS256")


def _written(key: bytes) -> str:
    return f"bench:{base64.b64encode(key).decode()}"


_HIRE: Final = """
insert into public.memberships (workspace_id, user_id, role) values ($1, $2, 'owner')
"""
