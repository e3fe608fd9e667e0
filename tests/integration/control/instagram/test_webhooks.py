"""Webhooks to an account's owner: their secret is shown once, and a try says what comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from switchboard.db import credentials
from switchboard.db.credentials import Vault
from switchboard.hooks import new_secret
from tests.integration.control.house import Person
from tests.integration.control.instagram.conftest import OpenOwners
from tests.integration.control.instagram.owners import VAULT, Owners
from tests.integration.db.town import Shop, open_shop
from tests.integration.db.users import Role
from tests.support.webhook_receiver import Receiver, serve_receiver


@dataclass(frozen=True)
class Yard:
    """A shop at an API that calls receivers on this machine."""

    owners: Owners
    shop: Shop

    async def person(self, role: Role = "admin") -> Person:
        return await self.owners.house.member(self.shop, role)

    @property
    def secret(self) -> str:
        return f"/v1/accounts/{self.shop.account}/webhook-secret"

    @property
    def tries(self) -> str:
        return f"/v1/accounts/{self.shop.account}/webhook-tries"


@pytest.fixture
async def yard(open_owners: OpenOwners) -> AsyncIterator[Yard]:
    """A shop whose receivers may be on this machine."""
    async with open_owners(webhooks_allow_private=True) as owners:
        yield Yard(owners, await open_shop(owners.house.owner))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An owner's server."""
    async with serve_receiver() as receiver:
        yield receiver


async def stored(yard: Yard, vault: Vault = VAULT) -> str | None:
    sealed = await credentials.webhook_secret(yard.owners.house.owner, yard.shop.account)
    return None if sealed is None else vault.open(sealed, yard.shop.account, "webhook")


async def test_a_secret_is_made(yard: Yard) -> None:
    """It is shown this once, kept sealed, and another one takes its place."""
    admin = await yard.person()
    first = await admin.call("PUT", yard.secret)
    kept = await stored(yard)
    second = await admin.call("PUT", yard.secret)

    assert (200, 200) == (first.status, second.status)
    assert first.body["secret"].startswith("whsec_")
    assert first.body["secret"] == kept
    assert second.body["secret"] == await stored(yard)
    assert kept != await stored(yard)


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_only_an_admin(yard: Yard, receiver: Receiver, role: Role) -> None:
    """Others neither make a secret nor have anybody called; strangers see no account."""
    person, stranger = await yard.person(role), await yard.owners.house.newcomer()
    wanted = {"url": receiver.url}
    refused = [await person.call("PUT", yard.secret), await person.post(yard.tries, wanted)]
    unseen = [await stranger.call("PUT", yard.secret), await stranger.post(yard.tries, wanted)]
    nowhere = await person.call("PUT", f"/v1/accounts/{uuid4()}/webhook-secret")

    assert [403, 403] == [one.status for one in refused]
    assert [404, 404, 404] == [one.status for one in (*unseen, nowhere)]
    assert await stored(yard) is None


async def test_a_try(yard: Yard, receiver: Receiver) -> None:
    """The receiver hears a ping that is signed with the account's secret."""
    admin = await yard.person()
    secret = (await admin.call("PUT", yard.secret)).body["secret"]
    answer = await admin.post(yard.tries, {"url": receiver.url})
    told = await receiver.next()

    assert (200, True, 204) == (answer.status, answer.body["taken"], answer.body["status"])
    assert told.is_signed_with(secret)
    assert not told.is_signed_with(new_secret())
    assert ("ping", yard.shop.instagram_id) == (told.body["type"], told.body["account_id"])


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_receiver_that_does_not_take_it(yard: Yard, status: int) -> None:
    """Its status is shown; no redirect is followed, and nothing of its answer is."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=status, text="a secret page", headers={"Location": "/inside"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    admin = await yard.person()
    await admin.call("PUT", yard.secret)
    async with TestServer(app) as server:
        tried = await admin.post(yard.tries, {"url": str(server.make_url("/hook"))})

    assert (200, False, status) == (tried.status, tried.body["taken"], tried.body["status"])
    assert ["/hook"] == seen
    assert "a secret page" not in tried.text


async def test_nobody_is_there(yard: Yard) -> None:
    """It is said that there was no answer."""
    admin = await yard.person()
    await admin.call("PUT", yard.secret)
    tried = await admin.post(yard.tries, {"url": "http://127.0.0.1:1/hook"})

    assert (200, False, None) == (tried.status, tried.body["taken"], tried.body["status"])


async def test_without_a_secret(yard: Yard, receiver: Receiver) -> None:
    """It is said what to do first; nobody is called unsigned."""
    tried = await (await yard.person()).post(yard.tries, {"url": receiver.url})

    assert 409 == tried.status
    assert "make one first" in tried.body["detail"]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "http://example.com/hook",
        "file:///etc/passwd",
        "nonsense",
    ],
)
async def test_our_own_network_is_never_called(owners: Owners, url: str) -> None:
    """What is no https address on the internet is refused as such, whoever asks."""
    shop = await open_shop(owners.house.owner)
    admin = await owners.house.member(shop, "admin")
    await admin.call("PUT", f"/v1/accounts/{shop.account}/webhook-secret")
    tried = await admin.post(f"/v1/accounts/{shop.account}/webhook-tries", {"url": url})

    assert (422, "/url") == (tried.status, tried.body["errors"][0]["pointer"]), tried.text


async def test_a_program_with_a_key(yard: Yard) -> None:
    """A key of an admin's rank may make a secret, as it may set the account."""
    admin = await yard.person()
    keys = f"/v1/workspaces/{yard.shop.workspace}/api-keys"
    made = await admin.post(keys, {"name": "a program", "role": "admin"})
    program = Person(UUID(int=0), made.body["key"], yard.owners.house.url, yard.owners.house.http)

    assert 200 == (await program.call("PUT", yard.secret)).status
