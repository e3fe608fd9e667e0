"""The Graph client against the simulator, which keeps Meta's rules and shares no code with us."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import BaseTestServer, TestServer

from switchboard.contracts import AccountId, CommentId, PersonId
from switchboard.graph import (
    GraphClient,
    Link,
    NotSent,
    OutsideWindow,
    TokenDead,
    message,
    open_graph,
    private_reply,
)
from tests.integration.metasim.stage import ACCOUNT, APP_SECRET, MEDIA, TOKEN, VERIFY_TOKEN, Meta
from tools.metasim.app import create_app
from tools.metasim.settings import Settings

US = AccountId(ACCOUNT)
LINK = Link("Open shop", "https://shop.example/hat")


@pytest.fixture
async def simulator() -> AsyncIterator[BaseTestServer]:
    """A Meta that sends no webhooks."""
    settings = Settings(
        webhook_url="http://127.0.0.1:1/",
        app_id="1000000000000001",
        app_secret=APP_SECRET,
        verify_token=VERIFY_TOKEN,
    )
    async with TestServer(create_app(settings)) as server:
        yield server


@pytest.fixture
async def meta(simulator: BaseTestServer) -> AsyncIterator[Meta]:
    """Its control API, with an account and a post."""
    async with ClientSession(simulator.make_url("/")) as http:
        meta = Meta(http)
        await meta.sim("PUT", f"/accounts/{ACCOUNT}", {"username": "shop", "token": TOKEN})
        await meta.sim("PUT", f"/accounts/{ACCOUNT}/media/{MEDIA}", {"caption": "hats"})
        yield meta


@pytest.fixture
async def graph(simulator: BaseTestServer) -> AsyncIterator[GraphClient]:
    """Our client of it."""
    url = str(simulator.make_url("")).rstrip("/")
    async with open_graph(url=url, version="v26.0", call_budget_s=5) as graph:
        yield graph


async def test_one_private_reply(meta: Meta, graph: GraphClient) -> None:
    """The first reply reaches the commenter with its button; a second is known to be refused."""
    made = await meta.comment()
    comment_id = CommentId(made["comment_id"])
    sent = await graph.send(US, private_reply(comment_id, "Here", LINK), token=TOKEN)
    with pytest.raises(NotSent) as caught:
        await graph.send(US, private_reply(comment_id, "Again"), token=TOKEN)

    assert made["igsid"] == sent.recipient_id
    assert sent.message_id
    assert "comment_not_answerable" == caught.value.why.reason


async def test_a_public_reply(meta: Meta, graph: GraphClient) -> None:
    """A reply under the comment is there for all to see, once."""
    made = await meta.comment()
    posted = await graph.reply_publicly(CommentId(made["comment_id"]), "Sent!", token=TOKEN)
    seen = await meta.sim("GET", f"/comments/{made['comment_id']}")

    assert posted.comment_id
    assert ["Sent!"] == [reply["text"] for reply in seen["public_replies"]]


async def test_a_message_within_the_window(meta: Meta, graph: GraphClient) -> None:
    """Who wrote may be answered; who only commented may not."""
    wrote, commented = await meta.write(), await meta.comment(username="ben")
    sent = await graph.send(US, message(PersonId(wrote["igsid"]), "10 euro"), token=TOKEN)
    with pytest.raises(OutsideWindow):
        await graph.send(US, message(PersonId(commented["igsid"]), "Hello"), token=TOKEN)

    assert wrote["igsid"] == sent.recipient_id


async def test_a_wrong_token(meta: Meta, graph: GraphClient) -> None:
    """A token Meta does not know is dead."""
    wrote = await meta.write()
    with pytest.raises(TokenDead):
        await graph.send(US, message(PersonId(wrote["igsid"]), "Hello"), token="another")
