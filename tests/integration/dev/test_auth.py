"""The stand-in of Supabase Auth: what auth-js asks of it, and that our API believes its tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from dev.auth.__main__ import main
from dev.auth.app import make_app
from dev.auth.tokens import Signer
from dev.auth.users import Users, ensure, is_ours
from services.control.keyset import open_key_set
from services.control.tokens import Tokens
from switchboard.db.pool import Database, open_pool
from tests.support.cluster import Cluster

WHO = {"email": "Ann@people.example", "password": "correct horse"}


@dataclass(frozen=True)
class Auth:
    """The stand-in, as a client sees it."""

    url: str
    http: ClientSession

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any]:
        """Return the status and the body of its answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.url}/auth/v1{path}"
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            assert "2024-01-01" == answer.headers["X-Supabase-Api-Version"]
            return answer.status, await answer.json() if await answer.read() else None

    async def go_on(self, session: dict[str, Any]) -> tuple[int, Any]:
        """Refresh a session."""
        given = {"refresh_token": session["refresh_token"]}
        return await self.ask("POST", "/token?grant_type=refresh_token", given)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The database as the role that owns the schema."""
    async with open_pool(database_url, name="owner") as db:
        yield db


@pytest.fixture
async def auth(db: Database) -> AsyncIterator[Auth]:
    """The stand-in, running."""
    signer = Signer(issuer="http://auth.test/auth/v1")
    async with TestServer(make_app(Users(db), signer)) as server, ClientSession() as http:
        yield Auth(str(server.make_url("")).rstrip("/"), http)


async def test_signing_up_and_logging_in(auth: Auth) -> None:
    """Whoever signs up is logged in, once, and logs in again with their password alone."""
    status, session = await auth.ask("POST", "/signup", WHO)
    again, known = await auth.ask("POST", "/signup", WHO)
    right, back = await auth.ask("POST", "/token?grant_type=password", WHO)
    wrong, refusal = await auth.ask(
        "POST", "/token?grant_type=password", WHO | {"password": "wrong"}
    )

    assert (200, "ann@people.example") == (status, session["user"]["email"])
    assert (422, "user_already_exists") == (again, known["code"])
    assert (200, session["user"]["id"]) == (right, back["user"]["id"])
    assert (400, "invalid_credentials") == (wrong, refusal["code"])


async def test_sessions(auth: Auth) -> None:
    """A session lasts until its user ends it; others of theirs go on where they ask for that."""
    _, one = await auth.ask("POST", "/signup", WHO)
    _, other = await auth.ask("POST", "/token?grant_type=password", WHO)
    ended, _ = await auth.ask("POST", "/logout?scope=local", token=one["access_token"])
    gone, why = await auth.ask("GET", "/user", token=one["access_token"])
    there, user = await auth.ask("GET", "/user", token=other["access_token"])

    assert (204, 403, "session_not_found") == (ended, gone, why["code"])
    assert (200, one["user"]["id"]) == (there, user["id"])


async def test_refreshing(auth: Auth) -> None:
    """A token is used up by being used; who used it twice at once gets the same one back."""
    _, session = await auth.ask("POST", "/signup", WHO)
    _, first = await auth.go_on(session)
    status, second = await auth.go_on(session)
    unknown, why = await auth.go_on({"refresh_token": "made up"})

    assert first["refresh_token"] != session["refresh_token"]
    assert (200, first["refresh_token"]) == (status, second["refresh_token"])
    assert (400, "refresh_token_not_found") == (unknown, why["code"])


async def test_a_token_that_was_stolen(auth: Auth, db: Database) -> None:
    """One that is used again later ends its session, for whoever holds it."""
    _, session = await auth.ask("POST", "/signup", WHO)
    _, following = await auth.go_on(session)
    await db.execute("update auth.refresh_tokens set updated_at = now() - interval '1 minute'")
    status, why = await auth.go_on(session)
    after, _ = await auth.go_on(following)

    assert (400, "refresh_token_already_used", 400) == (status, why["code"], after)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/signup", WHO | {"password": "short"}, "weak_password"),
        ("/signup", {"email": "nobody", "password": "correct horse"}, "validation_failed"),
        ("/signup", [1], "bad_json"),
        ("/token?grant_type=pkce", {}, "validation_failed"),
    ],
)
async def test_refusals(auth: Auth, path: str, body: Any, code: str) -> None:
    """They have Supabase's codes, which clients go by."""
    status, refused = await auth.ask("POST", path, body)

    assert 400 <= status < 500
    assert code == refused["code"]


async def test_our_api_believes_its_tokens(auth: Auth) -> None:
    """Its key set verifies what it signs; a token of another key is refused by it, too."""
    _, session = await auth.ask("POST", "/signup", WHO)
    async with open_key_set(f"{auth.url}/auth/v1") as keys:
        tokens = Tokens(issuer="http://auth.test/auth/v1", keys=keys)
        caller = await tokens.caller(session["access_token"])
    forged = jwt.encode({"sub": str(uuid4())}, "x" * 32, algorithm="HS256")
    status, why = await auth.ask("GET", "/user", token=forged)

    assert UUID(session["user"]["id"]) == caller.user_id
    assert (403, "bad_jwt") == (status, why["code"])


async def test_the_demo_user(auth: Auth, db: Database) -> None:
    """They can log in, however often they are made."""
    for _ in range(2):
        await ensure(db, UUID(int=7), "demo@people.example", "switchboard")
    who = {"email": "demo@people.example", "password": "switchboard"}
    status, session = await auth.ask("POST", "/token?grant_type=password", who)

    assert (200, str(UUID(int=7))) == (status, session["user"]["id"])


@pytest.mark.parametrize(
    ("variable", "value"), [("DEPLOY_ENV", "production"), ("AUTH_HOST", "0.0.0.0")]
)
async def test_it_runs_on_this_machine_only(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Elsewhere it would let anybody in, so it does not start, and says why."""
    monkeypatch.setenv("AUTH_DATABASE_URL", "postgresql://x@127.0.0.1:1/x")
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:8003")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit):
        await main()

    assert f"cannot start: {variable}" in capsys.readouterr().err


async def test_a_real_projects_database_is_left_alone(cluster: Cluster) -> None:
    """An `auth` schema that is not the stand-in's is somebody's login."""
    async with cluster.copy_of("template0") as name:
        url = cluster.address(name, str(cluster.superuser.user))
        async with open_pool(url, name="test") as db:
            await db.execute("create schema auth")

            assert not await is_ours(db)
