"""The sender against the simulator, which keeps Meta's rules and shares no code with us."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from switchboard.contracts import DeliveryId
from tests.integration.db.town import now
from tests.integration.metasim.stage import MEDIA, Meta
from tests.integration.sender.stage import Stage
from tests.support.builders import comment

EVENT = comment().model_dump(mode="json", exclude_none=True)
LINK = {"kind": "link", "title": "Open shop", "url": "https://shop.example/hat"}
TAP = {"kind": "postback", "title": "Send it", "payload": "sb1:0:1:2"}
CHIPS = [{"title": "Yes", "payload": "y"}, {"kind": "email", "payload": "e"}]


async def writes(town: Stage, meta: Meta, username: str = "ana") -> str:
    """Let somebody write to the shop; return the id Meta knows them by."""
    told = await meta.write(account_id=town.shop.instagram_id, username=username)
    return str(told["igsid"])


async def comments(town: Stage, meta: Meta, username: str = "ana") -> tuple[str, str]:
    """Let somebody comment; return the ids of the comment and of the person."""
    told = await meta.comment(account_id=town.shop.instagram_id, username=username)
    return str(told["comment_id"]), str(told["igsid"])


async def ended(town: Stage, delivery: DeliveryId) -> tuple[str, str | None]:
    """Send; return how it ended and why."""
    await town.send(delivery)
    row = await town.row(delivery)
    return row["state"], row["reason"]


@pytest.mark.parametrize(
    "content",
    [
        {"text": "Hi {{first_name|there}}"},
        {"text": "Here", "buttons": [LINK]},
        {"text": "Here", "buttons": [TAP, LINK, TAP]},
        {"text": "Here", "button": {"title": "Open", "url": "https://shop.example/"}},
        {"text": "Which?", "quick_replies": CHIPS},
        {"media": {"kind": "image", "url": "https://shop.example/hat.png"}},
        {"media": {"kind": "video", "url": "https://shop.example/hat.mp4"}},
        {"media": {"kind": "audio", "url": "https://shop.example/hat.m4a"}},
        {"media": {"kind": "file", "url": "https://shop.example/hat.pdf"}},
        {"media": {"kind": "post", "media_id": MEDIA}},
    ],
)
async def test_every_kind_of_content_is_sent(
    town: Stage, meta: Meta, content: dict[str, Any]
) -> None:
    """Whatever a campaign says, Meta takes it from us."""
    person = await writes(town, meta)
    delivery = await town.owe("message", person=person, content=json.dumps(content))

    assert ("sent", None) == await ended(town, delivery)


async def test_a_private_reply_with_buttons_is_sent(town: Stage, meta: Meta) -> None:
    """The one answer to a comment may have buttons that lead on."""
    comment_id, person = await comments(town, meta)
    content = json.dumps({"text": "Hi {{first_name|there}}", "buttons": [TAP, LINK]})
    delivery = await town.owe(person=person, comment_id=comment_id, content=content)

    assert ("sent", None) == await ended(town, delivery)
    seen = await meta.sim("GET", f"/comments/{comment_id}")
    assert "Hi there" in json.dumps(seen["private_replies"])


async def test_a_message_calls_people_by_name(town: Stage, meta: Meta) -> None:
    """Who wrote is called as their profile says."""
    await meta.sim("PUT", "/people/ana", {"name": "Ana Lima"})
    person = await writes(town, meta)
    await town.known(person, first_seen_at=now())
    content = json.dumps({"text": "Hi {{first_name|there}}"})

    await town.send(await town.owe("message", person=person, content=content))

    talk = await meta.sim("GET", f"/conversations/{town.shop.instagram_id}/ana")
    assert "Hi Ana" in json.dumps(talk)
    assert "Ana Lima" == (await town.contact(person))["name"]


@pytest.mark.parametrize(("follows", "told"), [([], False), (["us"], True)])
async def test_a_follower_with_consent(
    town: Stage,
    meta: Meta,
    follows: list[str],
    told: bool,  # noqa: FBT001  a table's column
) -> None:
    """Who wrote may be looked up, and Meta says whether they follow."""
    await meta.sim("PUT", "/people/ana", {"follows": [town.shop.instagram_id for _ in follows]})
    person = await writes(town, meta)
    content = json.dumps({"about": "follower", "event": EVENT})

    assert ("sent", None) == await ended(
        town, await town.owe("lookup", person=person, content=content)
    )
    assert [(told, "read")] == [(one.follows, one.because) for one in town.classified.published]


async def test_a_follower_without_consent(town: Stage, meta: Meta) -> None:
    """Who only commented may not be looked up; the event is told so."""
    _, person = await comments(town, meta)
    content = json.dumps({"about": "follower", "event": EVENT})

    await town.send(await town.owe("lookup", person=person, content=content))

    answers = [(one.follows, one.because) for one in town.classified.published]
    assert [(None, "no_consent")] == answers


async def test_the_latest_posts(town: Stage) -> None:
    """The account's posts come back with their moment."""
    content = json.dumps({"about": "posts", "event": EVENT})

    await town.send(await town.owe("lookup", content=content))

    (answer,) = town.classified.published
    assert [MEDIA] == [post.media_id for post in answer.posts]
    assert abs(answer.posts[0].posted_at - now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("image", "h.png"), ("video", "h.mp4"), ("audio", "h.m4a"), ("file", "h.pdf")],
)
async def test_a_file_for_many_is_uploaded_once(
    town: Stage, meta: Meta, kind: str, name: str
) -> None:
    """Meta shows everybody the file, though it was given it once; what it forgets is given anew."""
    url = f"https://shop.example/{name}"
    content = json.dumps({"media": {"kind": kind, "url": url}})
    people = [await writes(town, meta, f"p{number}") for number in range(5)]
    uploads = f"/accounts/{town.shop.instagram_id}/attachments"

    for person in people[:3]:
        delivery = await town.owe("message", person=person, content=content)
        assert ("sent", None) == await ended(town, delivery)
    (uploaded,) = (await meta.sim("GET", uploads))["attachments"]
    await meta.sim("DELETE", uploads)
    forgotten = await town.owe("message", person=people[3], content=content)
    parked = await ended(town, forgotten)
    await town.paced_until("sent", forgotten)

    assert (kind, url, 2) == (uploaded["type"], uploaded["url"], uploaded["uses"])
    assert ("parked", "attachment_refused") == parked
    for number in range(4):
        talk = await meta.sim("GET", f"/conversations/{town.shop.instagram_id}/p{number}")
        assert 1 == json.dumps(talk).count(url)
