"""The stand-in of Supabase Auth: what auth-js asks of it, and that our API believes its tokens."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote
from uuid import UUID, uuid4

import jwt
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from yarl import URL

from dev.auth.__main__ import main
from dev.auth.app import make_app
from dev.auth.letters import GOOD_FOR, Letters
from dev.auth.tokens import Signer
from dev.auth.users import Users, ensure, is_ours
from services.control.keyset import open_key_set
from services.control.tokens import Tokens
from switchboard.db.pool import Database, open_pool
from tests.support.cluster import Cluster

SITE = "http://127.0.0.1:8000"
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

    async def letters(self) -> list[dict[str, Any]]:
        """Return the letters it would have sent, the newest first."""
        async with self.http.get(f"{self.url}/inbox.json") as answer:
            letters: list[dict[str, Any]] = await answer.json()
            return letters

    async def follow(self, link: str) -> tuple[str, dict[str, str]]:
        """Follow a letter's link; return the page it leads to, and what that page is told."""
        path = link.partition("/auth/v1")[2]
        url = URL(f"{self.url}/auth/v1{path}", encoded=True)
        async with self.http.get(url, allow_redirects=False) as answer:
            assert 303 == answer.status
            page, _, told = answer.headers["Location"].replace("?", "#").partition("#")
            return page, dict(parse_qsl(told))

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
    app = make_app(Users(db), signer, Letters(), site_url=SITE)
    async with TestServer(app) as server, ClientSession() as http:
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
        ("/signup", {}, "anonymous_provider_disabled"),
        ("/token?grant_type=pkce", {}, "validation_failed"),
        (
            "/token?grant_type=pkce",
            {"auth_code": "made up", "code_verifier": "x"},
            "flow_state_not_found",
        ),
        ("/token?grant_type=saml", {}, "invalid_credentials"),
        ("/otp", {"email": "nobody@people.example", "create_user": False}, "otp_disabled"),
        ("/otp", {"email": "ann@people.example", "code_challenge": "x"}, "validation_failed"),
        (
            "/verify",
            {"type": "recovery", "email": "ann@people.example", "token": "000000"},
            "otp_expired",
        ),
        ("/verify", {"type": "recovery", "token_hash": "made up"}, "otp_expired"),
        ("/factors", {}, "validation_failed"),
    ],
)
async def test_refusals(auth: Auth, path: str, body: Any, code: str) -> None:
    """They have Supabase's codes, which clients go by."""
    status, refused = await auth.ask("POST", path, body)

    assert 400 <= status < 500
    assert code == refused["code"]


async def test_a_user_is_shown_with_how_they_log_in(auth: Auth) -> None:
    """Who signs up has an identity: clients take a user without any for one who was there."""
    _, session = await auth.ask("POST", "/signup", WHO)

    assert ["email"] == [one["provider"] for one in session["user"]["identities"]]
    assert session["user"]["created_at"].endswith("Z")


async def test_changing_what_one_says_of_oneself(auth: Auth) -> None:
    """What is sent is added, what is null is taken away, the rest stays."""
    _, session = await auth.ask("POST", "/signup", WHO | {"data": {"name": "Ann", "team": "a"}})
    status, user = await auth.ask(
        "PUT", "/user", {"data": {"name": None, "city": "Linz"}}, token=session["access_token"]
    )

    assert (200, {"team": "a", "city": "Linz"}) == (status, user["user_metadata"])


async def test_changing_a_password(auth: Auth) -> None:
    """It must be another one, long enough; whoever is logged in elsewhere is logged out there."""
    _, one = await auth.ask("POST", "/signup", WHO)
    _, other = await auth.ask("POST", "/token?grant_type=password", WHO)
    token = one["access_token"]
    same, why_same = await auth.ask("PUT", "/user", {"password": WHO["password"]}, token=token)
    weak, why_weak = await auth.ask("PUT", "/user", {"password": "short"}, token=token)
    done, _ = await auth.ask("PUT", "/user", {"password": "battery staple"}, token=token)
    here, _ = await auth.ask("GET", "/user", token=token)
    elsewhere, _ = await auth.ask("GET", "/user", token=other["access_token"])
    before, _ = await auth.ask("POST", "/token?grant_type=password", WHO)
    after, _ = await auth.ask(
        "POST", "/token?grant_type=password", WHO | {"password": "battery staple"}
    )

    assert (422, "same_password") == (same, why_same["code"])
    assert (422, "weak_password") == (weak, why_weak["code"])
    assert (200, 200, 403, 400, 200) == (done, here, elsewhere, before, after)


async def test_a_forgotten_password(auth: Auth) -> None:
    """Whoever has the letter is let in once; nobody is told whether there is such a user."""
    _, session = await auth.ask("POST", "/signup", WHO)
    nobody = await auth.ask("POST", "/recover", {"email": "nobody@people.example"})
    known = await auth.ask("POST", "/recover", {"email": WHO["email"]})
    [letter] = await auth.letters()
    given = {"type": "recovery", "email": WHO["email"], "token": letter["code"]}
    first, back = await auth.ask("POST", "/verify", given)
    second, why = await auth.ask("POST", "/verify", given)

    assert nobody == known == (200, {})
    assert ("recovery", "ann@people.example") == (letter["kind"], letter["to"])
    assert (200, session["user"]["id"]) == (first, back["user"]["id"])
    assert (403, "otp_expired") == (second, why["code"])


async def test_only_the_last_letter_counts(auth: Auth) -> None:
    """Whoever asks again is let in by the new letter alone."""
    for _ in range(2):
        await auth.ask("POST", "/otp", {"email": WHO["email"]})
        letters = await auth.letters()

    assert 1 == len(letters)


async def test_a_link_without_a_password(auth: Auth) -> None:
    """It makes a user of who was none, and leads to the page that asked, logged in."""
    page = "http://localhost:5173/welcome"
    await auth.ask("POST", f"/otp?redirect_to={page}", {"email": WHO["email"]})
    [letter] = await auth.letters()
    address, said = await auth.follow(letter["link"])
    again, why = await auth.follow(letter["link"])
    status, user = await auth.ask("GET", "/user", token=said["access_token"])

    assert (page, "magiclink", "bearer") == (address, said["type"], said["token_type"])
    assert (200, "ann@people.example") == (status, user["email"])
    assert (page, "otp_expired") == (again, why["error_code"])


async def test_a_link_for_the_client_that_asked(auth: Auth) -> None:
    """With a challenge the link carries a code, good for whoever knows the verifier, once."""
    verifier = "a verifier that nobody guesses"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()
    asked = {
        "email": WHO["email"],
        "code_challenge": challenge.rstrip("="),
        "code_challenge_method": "s256",
    }
    outcomes = []
    for tried in ("another", verifier):
        await auth.ask("POST", "/otp", asked)
        _, said = await auth.follow((await auth.letters())[0]["link"])
        given = {"auth_code": said["code"], "code_verifier": tried}
        outcomes.append(await auth.ask("POST", "/token?grant_type=pkce", given))
    outcomes.append(await auth.ask("POST", "/token?grant_type=pkce", given))

    assert [400, 200, 404] == [status for status, _ in outcomes]
    assert "bad_code_verifier" == outcomes[0][1]["code"]
    assert "ann@people.example" == outcomes[1][1]["user"]["email"]


@pytest.mark.parametrize("page", ["https://elsewhere.example/", "javascript:alert(1)", "//x", ""])
async def test_a_link_leads_nowhere_else(auth: Auth, page: str) -> None:
    """A page that is not on this machine gets nobody's session: the site does."""
    await auth.ask("POST", f"/otp?redirect_to={quote(page)}", {"email": WHO["email"]})
    [letter] = await auth.letters()
    address, _ = await auth.follow(letter["link"])

    assert SITE == address


async def test_another_address(auth: Auth) -> None:
    """It is the user's when they follow the letter to it, and nobody else's may be taken."""
    _, session = await auth.ask("POST", "/signup", WHO)
    await auth.ask("POST", "/signup", WHO | {"email": "bob@people.example"})
    token = session["access_token"]
    taken, why = await auth.ask("PUT", "/user", {"email": "bob@people.example"}, token=token)
    asked, waiting = await auth.ask("PUT", "/user", {"email": "new@people.example"}, token=token)
    [letter] = await auth.letters()
    await auth.follow(letter["link"])
    _, user = await auth.ask("GET", "/user", token=token)

    assert (422, "email_exists") == (taken, why["code"])
    assert (200, WHO["email"].lower(), "new@people.example") == (
        asked,
        waiting["email"],
        waiting["new_email"],
    )
    assert ("new@people.example", None) == (user["email"], user.get("new_email"))


def test_a_letter_is_good_for_an_hour() -> None:
    """Then its code and its link let nobody in."""
    now = [datetime(2026, 3, 1, tzinfo=UTC)]
    letters = Letters(lambda: now[0])
    letters.write("recovery", "a@b.c", UUID(int=1), redirect_to=SITE, challenge=None)
    [letter] = letters.written()
    now[0] += GOOD_FOR

    assert (None, None) == (
        letters.take_code(("recovery",), "a@b.c", letter.code),
        letters.take_secret(("recovery",), letter.secret),
    )


async def test_a_session_of_seconds(db: Database) -> None:
    """A token is good as long as it says, which the setting decides."""
    signer = Signer(issuer="http://auth.test/auth/v1", lives_s=30)
    app = make_app(Users(db), signer, Letters(), site_url=SITE)
    async with TestServer(app) as server, ClientSession() as http:
        auth = Auth(str(server.make_url("")).rstrip("/"), http)
        _, session = await auth.ask("POST", "/signup", WHO)
    said = jwt.decode(session["access_token"], options={"verify_signature": False})

    assert 30 == session["expires_in"] == said["exp"] - said["iat"]


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
