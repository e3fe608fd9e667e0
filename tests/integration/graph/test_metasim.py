"""The Graph client against the simulator, which keeps Meta's rules and shares no code with us."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import BaseTestServer

from switchboard.contracts import AccountId, AttachmentId, CommentId, PersonId
from switchboard.graph import (
    GraphClient,
    NotSent,
    OutsideWindow,
    TokenDead,
    by_attachment,
    file_of,
    message,
    open_graph,
    private_reply,
)
from switchboard.rules.saying import Saying
from switchboard.rules.wording import likeness, wording
from tests.integration.metasim.stage import ACCOUNT, MEDIA, TOKEN, Meta

US = AccountId(ACCOUNT)
LINK = {"kind": "link", "title": "Open shop", "url": "https://shop.example/hat"}
TAP = {"kind": "postback", "title": "Send it", "payload": "sb1:0:1:2"}
CHIPS = [
    {"kind": "text", "title": "Yes", "payload": "y"},
    {"kind": "email", "payload": "e"},
    {"kind": "phone", "payload": "p"},
]
HELLO = Saying(text="Hello")
CONTENTS: list[dict[str, Any]] = [
    {"text": "Here"},
    {"text": "Here", "buttons": [LINK]},
    {"text": "Here", "buttons": [TAP, LINK, TAP]},
    {"text": "Which?", "quick_replies": CHIPS},
    {"text": "Which?", "quick_replies": [CHIPS[0]] * 13},
    {"media": {"kind": "image", "url": "https://shop.example/hat.png"}},
    {"media": {"kind": "video", "url": "https://shop.example/hat.mp4"}},
    {"media": {"kind": "audio", "url": "https://shop.example/hat.m4a"}},
    {"media": {"kind": "file", "url": "https://shop.example/hat.pdf"}},
    {"media": {"kind": "post", "media_id": MEDIA}},
]


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
    sent = await graph.send(
        US, private_reply(comment_id, Saying.model_validate(CONTENTS[1])), token=TOKEN
    )
    with pytest.raises(NotSent) as caught:
        await graph.send(US, private_reply(comment_id, HELLO), token=TOKEN)

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
    sent = await graph.send(US, message(PersonId(wrote["igsid"]), HELLO), token=TOKEN)
    with pytest.raises(OutsideWindow):
        await graph.send(US, message(PersonId(commented["igsid"]), HELLO), token=TOKEN)

    assert wrote["igsid"] == sent.recipient_id


@pytest.mark.parametrize("content", [one for one in CONTENTS if "url" in one.get("media", ())])
async def test_a_file_is_sent_by_its_id(
    meta: Meta, graph: GraphClient, content: dict[str, Any]
) -> None:
    """What was uploaded for the account is taken by its id; an id that nobody knows is not."""
    wrote = await meta.write()
    fetched = message(PersonId(wrote["igsid"]), Saying.model_validate(content))
    file = file_of(fetched)
    assert file is not None
    uploaded = await graph.upload(US, file, token=TOKEN)
    await graph.send(US, by_attachment(fetched, uploaded.attachment_id), token=TOKEN)
    with pytest.raises(NotSent) as caught:
        await graph.send(US, by_attachment(fetched, AttachmentId("1")), token=TOKEN)

    assert "invalid_parameter" == caught.value.why.reason


async def test_a_wrong_token(meta: Meta, graph: GraphClient) -> None:
    """A token Meta does not know is dead."""
    wrote = await meta.write()
    with pytest.raises(TokenDead):
        await graph.send(US, message(PersonId(wrote["igsid"]), HELLO), token="another")


@pytest.mark.parametrize("content", CONTENTS)
async def test_every_kind_of_message_is_taken(
    meta: Meta, graph: GraphClient, content: dict[str, Any]
) -> None:
    """What we write is what Meta takes, whatever is in it."""
    wrote = await meta.write()
    saying = Saying.model_validate(content)
    sent = await graph.send(US, message(PersonId(wrote["igsid"]), saying), token=TOKEN)

    assert sent.message_id


@pytest.mark.parametrize("content", [one for one in CONTENTS if "media" not in one])
async def test_every_kind_of_private_reply_is_taken(
    meta: Meta, graph: GraphClient, content: dict[str, Any]
) -> None:
    """Texts, buttons and chips are also taken in answer to a comment."""
    made = await meta.comment()
    reply = private_reply(CommentId(made["comment_id"]), Saying.model_validate(content))

    assert (await graph.send(US, reply, token=TOKEN)).message_id


async def test_a_profile_with_consent(meta: Meta, graph: GraphClient) -> None:
    """Who wrote may be read: their name, and whether they follow the account."""
    await meta.sim("PUT", "/people/ana", {"name": "Ana Lima", "follows": [ACCOUNT]})
    ana, ben = await meta.write(), await meta.write(username="ben")
    follower = await graph.read_profile(PersonId(ana["igsid"]), token=TOKEN)
    other = await graph.read_profile(PersonId(ben["igsid"]), token=TOKEN)

    assert ("Ana Lima", "ana", True) == (follower.name, follower.username, follower.follows)
    assert (None, "ben", False) == (other.name, other.username, other.follows)


async def test_a_profile_without_consent(meta: Meta, graph: GraphClient) -> None:
    """Who only commented may not be read."""
    commented = await meta.comment()
    with pytest.raises(NotSent) as caught:
        await graph.read_profile(PersonId(commented["igsid"]), token=TOKEN)

    assert "consent_missing" == caught.value.why.reason


async def test_the_latest_posts(meta: Meta, graph: GraphClient) -> None:
    """The account's posts, with their moment, in UTC."""
    found = await graph.read_posts(US, token=TOKEN)

    assert [MEDIA] == [post.media_id for post in found.posts]
    assert abs(found.posts[0].posted_at - datetime.now(UTC)) < timedelta(minutes=1)


@dataclass(frozen=True)
class Nobody:
    """Somebody of whom nothing is known."""

    name: str | None = None
    username: str | None = None
    email: str | None = None
    phone: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@pytest.mark.parametrize("content", CONTENTS)
async def test_what_was_sent_is_recognised(
    meta: Meta, graph: GraphClient, content: dict[str, Any]
) -> None:
    """Whatever we say, it is known again when Meta shows the conversation."""
    wrote = await meta.write()
    person = PersonId(wrote["igsid"])
    sent = await graph.send(US, message(person, Saying.model_validate(content)), token=TOKEN)
    found = await graph.read_threads(US, person_id=person, page=1, messages=20, token=TOKEN)

    ours, theirs = found.threads[0].messages
    said = wording("message", content, Nobody())
    assert (sent.message_id, wrote["mid"]) == (ours.id, theirs.id)
    assert likeness(said, ours.told) == ("fits" if "media" in content else "same")
    assert (ACCOUNT, person) == (ours.author_id, theirs.author_id)
    assert found.threads[0].whole


async def test_what_stands_under_a_comment(meta: Meta, graph: GraphClient) -> None:
    """Our reply is there with our id; one to a reply stands under the first comment."""
    made = await meta.comment()
    answer = await meta.comment("and I?", username="bo", parent_id=made["comment_id"])
    first = await graph.reply_publicly(CommentId(made["comment_id"]), "Sent!", token=TOKEN)
    second = await graph.reply_publicly(CommentId(answer["comment_id"]), "You, too!", token=TOKEN)
    top = await graph.read_replies(CommentId(made["comment_id"]), page=50, token=TOKEN)
    below = await graph.read_replies(CommentId(answer["comment_id"]), page=50, token=TOKEN)

    ours = [reply.id for reply in top.replies if reply.author_id == ACCOUNT]
    assert [second.comment_id, first.comment_id] == ours
    assert () == below.replies
    assert top.last
