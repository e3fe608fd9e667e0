"""An owner connects an account in a browser: our API, Instagram's page, and back."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from switchboard.contracts import WorkspaceId
from switchboard.db.pool import open_pool
from switchboard.graph.login import BASIC, MANAGE_COMMENTS, MANAGE_MESSAGES, SCOPES
from tests.integration.control.house import Person
from tests.integration.control.instagram.owners import Owners, open_owners_at

_LANDED = "**/connect/instagram#*"


@dataclass
class Front:
    """What the world sees: the dashboard's page, and the API behind the same address."""

    http: ClientSession
    url: str = ""
    api_url: str = ""
    asked: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/connect/instagram", self._page)
        app.router.add_get("/instagram/callback", self._pass_on)
        return app

    async def _page(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        page = '<!doctype html><title>Connect</title><link rel="icon" href="data:,">'
        return web.Response(text=page, content_type="text/html")

    async def _pass_on(self, request: web.Request) -> web.Response:
        address = f"{self.api_url}{request.path_qs}"
        async with self.http.get(address, allow_redirects=False) as answer:
            headers = {"Location": answer.headers["Location"]}
            return web.Response(status=answer.status, headers=headers)


@dataclass(frozen=True)
class Office:
    """An admin at a browser, and the accounts they may choose from."""

    owners: Owners
    front: Front
    person: Person
    workspace: WorkspaceId
    page: Page

    async def consent_page(self) -> None:
        """Begin a login, and go where the API says."""
        begun = await self.owners.begin(self.person, self.workspace)
        assert 201 == begun.status
        await self.page.goto(begun.body["address"])

    async def press(self, name: str) -> dict[str, str]:
        """Press a button of Instagram's page; return what the dashboard's page is given."""
        await self.page.get_by_role("button", name=name).click()
        await self.page.wait_for_url(_LANDED)
        place = urlsplit(self.page.url)
        assert self.front.url == f"{place.scheme}://{place.netloc}"
        return {name: values[0] for name, values in parse_qs(place.fragment).items()}


@pytest.fixture
def behind(caretaker_url: str, sqs_endpoint_url: str) -> dict[str, str]:
    """What looks after accounts stands on."""
    return {"caretaker_database_url": caretaker_url, "aws_endpoint_url": sqs_endpoint_url}


@pytest.fixture
async def office(
    database_url: str, api_url: str, redis_url: str, behind: dict[str, str], page: Page
) -> AsyncIterator[Office]:
    """The API and the simulator on real sockets; two accounts nobody has connected."""
    async with contextlib.AsyncExitStack() as opened:
        http = await opened.enter_async_context(ClientSession())
        front = Front(http)
        server = await opened.enter_async_context(TestServer(front.app()))
        front.url = str(server.make_url("")).rstrip("/")
        settings = behind | {"control_public_url": front.url}
        owner = await opened.enter_async_context(open_pool(database_url, name="owner"))
        owners = await opened.enter_async_context(
            open_owners_at(owner, api_url, redis_url, settings)
        )
        front.api_url = owners.house.url
        person, workspace = await owners.person()
        yield Office(owners, front, person, workspace, page)


async def test_an_owner_connects_the_account_they_choose(office: Office) -> None:
    """Of their accounts the one they chose, with all that we asked for."""
    other, chosen = await office.owners.account(), await office.owners.account()
    await office.consent_page()
    await office.page.locator(f'input[value="{chosen}"]').check()
    returned = await office.press("Allow")
    connected = await office.owners.complete(office.person, returned)
    row = await office.owners.row(connected.body["id"])

    assert 200 == connected.status
    assert (chosen, "connected") == (row["instagram_id"], row["status"])
    assert other != row["instagram_id"]
    assert (sorted(SCOPES), []) == (connected.body["permissions"], connected.body["not_granted"])


async def test_an_owner_grants_a_part(office: Office) -> None:
    """What they untick is named as missing; the account is connected all the same."""
    await office.owners.account()
    await office.consent_page()
    await office.page.get_by_role("checkbox", name=MANAGE_MESSAGES).uncheck()
    returned = await office.press("Allow")
    connected = await office.owners.complete(office.person, returned)

    assert 200 == connected.status
    assert {BASIC, MANAGE_COMMENTS} <= set(connected.body["permissions"])
    assert [MANAGE_MESSAGES] == connected.body["not_granted"]


async def test_an_owner_changes_their_mind(office: Office) -> None:
    """The dashboard hears that they said no, and no code."""
    await office.owners.account()
    await office.consent_page()
    returned = await office.press("Cancel")

    assert ("access_denied", "user_denied") == (returned["error"], returned["error_reason"])
    assert "code" not in returned


async def test_no_server_sees_the_code(office: Office) -> None:
    """The dashboard's page is asked for without it: code and state are in the fragment alone."""
    await office.owners.account()
    await office.consent_page()
    returned = await office.press("Allow")

    assert {"code", "state"} == set(returned)
    assert ["/connect/instagram"] == office.front.asked
