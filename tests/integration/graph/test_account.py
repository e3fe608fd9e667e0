"""Logging in, and asking about an account, against the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer
from pydantic import SecretStr
from yarl import URL

from switchboard.contracts import AccountId, MediaId
from switchboard.errors import Unavailable
from switchboard.graph import (
    AccountClient,
    App,
    LoginClient,
    LoginRefused,
    NotSent,
    OwnerMustAct,
    TokenDead,
    open_http,
)
from switchboard.graph.login import BASIC, MANAGE_COMMENTS, SCOPES
from tests.integration.metasim.stage import ACCOUNT, APP_SECRET, MEDIA, TOKEN, Meta

US, POST = AccountId(ACCOUNT), MediaId(MEDIA)
BACK = "https://us.example/back"
DAY_S = 86_400.0


@pytest.fixture
async def meta(meta: Meta) -> Meta:
    """The same, which does not even try to send webhooks."""
    await meta.sim("PUT", "/config", {"webhook_loss": {"share": 1}})
    return meta


@pytest.fixture
def app(simulator: BaseTestServer) -> App:
    url = str(simulator.make_url("")).rstrip("/")
    return App(
        app_id="1000000000000001",
        app_secret=SecretStr(APP_SECRET),
        www_url=url,
        api_url=url,
        graph_url=url,
    )


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with open_http() as http:
        yield http


@pytest.fixture
def login(http: ClientSession, app: App) -> LoginClient:
    return LoginClient(http, app, call_budget_s=5)


@pytest.fixture
def accounts(http: ClientSession, app: App) -> AccountClient:
    return AccountClient(http, url=app.graph_url, version="v26.0", call_budget_s=5)


async def consent(meta: Meta, app: App, *scopes: str) -> URL:
    """Let the owner agree to `scopes` on Instagram's page; return where they are sent."""
    asked = app.consent_address(redirect_uri=BACK, state="s1")
    form = [("decision", "allow"), ("account_id", ACCOUNT), *(("scope", one) for one in scopes)]
    async with meta.http.post(asked, data=form, allow_redirects=False) as answer:
        assert 302 == answer.status
        return URL(answer.headers["Location"])


async def test_from_consent_to_a_long_lived_token(
    meta: Meta, app: App, login: LoginClient, accounts: AccountClient
) -> None:
    """A code becomes a token of an hour, that one of 60 days, which says whose it is."""
    back = await consent(meta, app, *SCOPES)
    short = await login.exchange_code(back.query["code"] + "#_", redirect_uri=BACK)
    long = await login.lengthen(short.token)
    me = await accounts.read_me(token=long.token.get_secret_value())

    assert "s1" == back.query["state"]
    assert frozenset(SCOPES) == short.permissions
    assert timedelta(days=60) == long.lives
    assert (ACCOUNT, "shop", "BUSINESS") == (me.account_id, me.username, me.account_type)
    assert me.app_scoped_id not in {None, ACCOUNT}


async def test_answers_that_are_wrapped(
    meta: Meta, app: App, login: LoginClient, accounts: AccountClient
) -> None:
    """What Meta's pages wrap in a list is read as what its servers send flat."""
    await meta.sim("PUT", "/config", {"wrap_answers": True})
    back = await consent(meta, app, *SCOPES)
    short = await login.exchange_code(back.query["code"], redirect_uri=BACK)

    assert frozenset(SCOPES) == short.permissions
    assert US == (await accounts.read_me(token=TOKEN)).account_id


async def test_a_part_is_granted(
    meta: Meta, app: App, login: LoginClient, accounts: AccountClient
) -> None:
    """It is said what was granted; what was not is refused."""
    back = await consent(meta, app, BASIC, MANAGE_COMMENTS)
    short = await login.exchange_code(back.query["code"], redirect_uri=BACK)
    with pytest.raises(TokenDead) as caught:
        await accounts.touch_conversations(US, token=short.token.get_secret_value())

    assert frozenset({BASIC, MANAGE_COMMENTS}) == short.permissions
    assert "permission_missing" == caught.value.why.reason


@pytest.mark.parametrize("spoilt", ["used", "unknown", "elsewhere"])
async def test_a_code_that_is_not_taken(
    meta: Meta, app: App, login: LoginClient, spoilt: str
) -> None:
    """A code works once, for the address it was given to; Meta's sentence says what is wrong."""
    code, redirect_uri = (await consent(meta, app, *SCOPES)).query["code"], BACK
    match spoilt:
        case "used":
            await login.exchange_code(code, redirect_uri=BACK)
        case "unknown":
            code = "another"
        case "elsewhere":
            redirect_uri = BACK + "/"
    with pytest.raises(LoginRefused) as caught:
        await login.exchange_code(code, redirect_uri=redirect_uri)

    assert caught.value.detail
    assert APP_SECRET not in str(caught.value)


async def test_a_refresh_needs_a_token_of_a_day(meta: Meta, login: LoginClient) -> None:
    """Before, Meta refuses; from then on it gives another 60 days."""
    await meta.sim("PUT", "/config", {"clock": {"offset_s": DAY_S - 60}})
    with pytest.raises(NotSent):
        await login.refresh(SecretStr(TOKEN))
    await meta.sim("PUT", "/config", {"clock": {"offset_s": DAY_S + 60}})

    assert timedelta(days=60) == (await login.refresh(SecretStr(TOKEN))).lives


async def test_an_expired_token_is_dead(meta: Meta, login: LoginClient) -> None:
    """After 60 days nothing brings it back but its owner."""
    await meta.sim("PUT", "/config", {"clock": {"offset_s": 61 * DAY_S}})
    with pytest.raises(TokenDead) as caught:
        await login.refresh(SecretStr(TOKEN))

    assert "token_expired" == caught.value.why.reason


async def test_what_we_are_sent(meta: Meta, accounts: AccountClient) -> None:
    """Subscribed to nothing at first, then to what was asked for, then to nothing again."""
    before = await accounts.read_subscription(US, token=TOKEN)
    await accounts.subscribe(US, ["comments", "messages"], token=TOKEN)
    during = await accounts.read_subscription(US, token=TOKEN)
    await accounts.unsubscribe(US, token=TOKEN)
    after = await accounts.read_subscription(US, token=TOKEN)

    assert [set(), {"comments", "messages"}, set()] == [
        set(one.fields) for one in (before, during, after)
    ]


async def test_comments_page_by_page(meta: Meta, accounts: AccountClient) -> None:
    """All, newest first, though Meta shows 50 at a time; what answers one is under it."""
    first = (await meta.comment(username="p0"))["comment_id"]
    for n in range(1, 60):
        await meta.comment(username=f"p{n}")
    answer = (await meta.comment("and I?", username="bo", parent_id=first))["comment_id"]
    newest = await accounts.read_comments(POST, token=TOKEN)
    rest = await accounts.read_comments(POST, after=newest.after, token=TOKEN)
    seen = [*newest.comments, *rest.comments]
    (reply,) = (one for one in seen if one.parent_id)
    moments = [one.written_at for one in seen if one.parent_id is None]

    assert (50, 11, None) == (len(newest.comments), len(rest.comments), rest.after)
    assert moments == sorted(moments, reverse=True)
    assert (answer, first, "bo", "and I?") == (
        reply.comment_id,
        reply.parent_id,
        reply.author_username,
        reply.text,
    )
    assert "FEED" == seen[0].media_product_type
    assert abs(seen[0].written_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_posts_page_by_page(meta: Meta, accounts: AccountClient) -> None:
    """Newest first, each with how many comments Meta counts."""
    await meta.sim("PUT", f"/accounts/{ACCOUNT}/media/18000000000000002", {"caption": "caps"})
    await meta.comment()
    newest = await accounts.read_media(US, page=1, token=TOKEN)
    rest = await accounts.read_media(US, after=newest.after, page=1, token=TOKEN)

    found = [(one.media_id, one.comments) for one in (*newest.media, *rest.media)]
    assert [("18000000000000002", 0), (MEDIA, 1)] == found
    assert rest.after is None


async def test_message_access(meta: Meta, accounts: AccountClient) -> None:
    """One read shows whether messages may be accessed; a switch that is off has its own name."""
    await accounts.touch_conversations(US, token=TOKEN)
    fault = {"preset": "message_access_off", "on": "conversations"}
    await meta.sim("PUT", "/config", {"faults": [fault]})
    with pytest.raises(OwnerMustAct) as caught:
        await accounts.touch_conversations(US, token=TOKEN)

    assert "message_access_off" == caught.value.why.reason


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"data": {}}'])
async def test_no_readable_answer(http: ClientSession, body: bytes) -> None:
    """What says nothing is asked again, and never taken for an empty list or a login."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    served = web.Application()
    served.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(served) as server:
        url = str(server.make_url("")).rstrip("/")
        app = App(app_id="1", app_secret=SecretStr("s"), www_url=url, api_url=url, graph_url=url)
        login = LoginClient(http, app, call_budget_s=5)
        accounts = AccountClient(http, url=url, version="v26.0", call_budget_s=5)
        calls: list[Any] = [
            lambda: login.exchange_code("c", redirect_uri=BACK),
            lambda: login.lengthen(SecretStr("t")),
            lambda: accounts.read_me(token="t"),
            lambda: accounts.read_media(US, page=1, token="t"),
            lambda: accounts.read_comments(POST, token="t"),
            lambda: accounts.read_subscription(US, token="t"),
        ]
        for call in calls:
            with pytest.raises(Unavailable):
                await call()
