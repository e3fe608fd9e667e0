"""Owners who remove the app or want their data deleted, and webhooks that Meta never sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.integration.metasim.stage import (
    ACCOUNT,
    APP_SECRET,
    MEDIA,
    META_APP_SECRET,
    TOKEN,
    Meta,
    Receiver,
    error_of,
)

ADDRESSES = {"deauthorizations": "deauthorize_url", "data-deletions": "data_deletion_url"}


class App:
    """The app's own addresses; it keeps what is posted there."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def post(self, request: web.Request) -> web.Response:
        self.told.append(str((await request.post())["signed_request"]))
        return web.json_response({"url": "https://us.example/s", "confirmation_code": "c1"})


@pytest.fixture
async def app(meta: Meta) -> AsyncIterator[App]:
    app, served = App(), web.Application()
    served.add_routes([web.post("/told", app.post)])
    async with TestServer(served) as server:
        url = str(server.make_url("/told"))
        await meta.sim("PUT", "/config", dict.fromkeys(ADDRESSES.values(), url))
        yield app


def signers(told: str, keys: tuple[str, ...]) -> tuple[set[str], Any]:
    """Return which of `keys` it is signed with, and what it says."""
    signature, _, payload = told.partition(".")
    signed = {key for key in keys if signature == signature_of(payload, key)}
    return signed, json.loads(base64.urlsafe_b64decode(payload + "=="))


def signature_of(payload: str, key: str) -> str:
    digest = hmac.new(key.encode(), payload.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.mark.parametrize("what", ADDRESSES)
@pytest.mark.parametrize(
    ("secret", "signed"),
    [
        ("good", {APP_SECRET}),
        ("meta", {META_APP_SECRET}),
        ("forged", set()),
        ("missing", set()),
    ],
)
async def test_the_app_is_told(
    meta: Meta, app: App, what: str, secret: str, signed: set[str]
) -> None:
    """With the app-scoped id of the account, signed with the secret that was named."""
    answer = await meta.sim("POST", f"/{what}", {"account_id": ACCOUNT, "secret": secret})
    known = (await meta.sim("GET", "/accounts"))["accounts"]
    (ours,) = (one["app_scoped_id"] for one in known if one["account_id"] == ACCOUNT)
    keys = (APP_SECRET, META_APP_SECRET)
    signed_with, says = signers(app.told[0], keys)

    assert 200 == answer["status"]
    assert "c1" == json.loads(answer["body"])["confirmation_code"]
    assert signed == signed_with
    assert (ours, "HMAC-SHA256") == (says["user_id"], says["algorithm"])


async def test_a_removed_app_is_let_in_no_more(meta: Meta, app: App) -> None:
    """Whether or not it is told: its token is dead, and it is subscribed to nothing."""
    told = await meta.sim("POST", "/deauthorizations", {"account_id": ACCOUNT, "tell": False})
    refused = await meta.graph("GET", "/me", token=TOKEN)

    assert (None, []) == (told["status"], app.told)
    assert (190, 458) == error_of(refused)[1:]


async def test_an_address_must_be_set(meta: Meta) -> None:
    """Without one there is nobody to tell, and that is said."""
    await meta.sim("POST", "/data-deletions", {"account_id": ACCOUNT}, status=409)


async def test_lost_webhooks(meta: Meta, receiver: Receiver) -> None:
    """A share of the comments is never told of, the same ones each time; all can be read."""
    await meta.sim("PUT", "/config", {"webhook_loss": {"share": 0.2, "seed": 3}})
    outcomes = [(await meta.comment(username=f"p{n}"))["webhook"][0] for n in range(40)]
    burst = {"account_id": ACCOUNT, "media_id": MEDIA, "text": "LINK", "username": "b"}
    many = await meta.sim("POST", "/bursts", {**burst, "count": 60})
    _, listed = await meta.graph("GET", f"/{MEDIA}/comments?limit=50")
    _, media = await meta.graph("GET", f"/{MEDIA}?fields=comments_count")

    lost = [one["outcome"] for one in outcomes].count("lost") + many["webhooks"]["lost"]
    assert 0 < lost < 50
    assert 100 - lost == len(receiver.deliveries)
    assert 50 == len(listed["data"])
    assert 100 == media["comments_count"]


async def test_what_is_not_named_is_not_lost(meta: Meta, receiver: Receiver) -> None:
    """Messages come, though every comment is lost."""
    await meta.sim("PUT", "/config", {"webhook_loss": {"share": 1}})
    lost = await meta.comment()
    await meta.write()

    assert ["lost"] == [one["outcome"] for one in lost["webhook"]]
    assert 1 == len(receiver.deliveries)


async def test_pages_say_where_they_go_on(meta: Meta) -> None:
    """A page that is not the last has the next one's address, without the token."""
    for n in range(3):
        await meta.comment(username=f"p{n}")
    path = f"/v26.0/{MEDIA}/comments?limit=2&fields=id&access_token={TOKEN}"
    async with meta.http.get(path) as answer:
        first = await answer.json()
    assert TOKEN not in first["paging"]["next"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with meta.http.get(first["paging"]["next"], headers=headers) as answer:
        second = await answer.json()

    assert (2, 1) == (len(first["data"]), len(second["data"]))
    assert "paging" not in second
    assert 3 == len({one["id"] for one in first["data"] + second["data"]})


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (f"/{MEDIA}/comments", "instagram_business_manage_comments"),
        ("/me/conversations?platform=instagram", "instagram_business_manage_messages"),
    ],
)
async def test_what_was_not_granted_cannot_be_read(meta: Meta, path: str, scope: str) -> None:
    """A token without the permission is refused (10), with it not."""
    basic = ["instagram_business_basic"]
    account = {"username": "shop", "token": "t1", "token_scopes": basic}
    await meta.sim("PUT", f"/accounts/{ACCOUNT}", account)
    refused = await meta.graph("GET", path, token="t1")
    granted = {"username": "shop", "token": "t2", "token_scopes": [*basic, scope]}
    await meta.sim("PUT", f"/accounts/{ACCOUNT}", granted)
    taken = await meta.graph("GET", path, token="t2")

    assert 10 == error_of(refused)[1]
    assert 200 == taken[0]


async def test_a_removed_comment_counts_no_more(meta: Meta) -> None:
    """What is deleted is neither counted nor shown."""
    made = await meta.comment()
    await meta.graph("DELETE", f"/{made['comment_id']}")
    await meta.graph("DELETE", f"/{made['comment_id']}")
    _, media = await meta.graph("GET", f"/{MEDIA}?fields=comments_count")

    assert 0 == media["comments_count"]
