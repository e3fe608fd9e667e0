"""Reading conversations back: late, page by page, and not too much at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.metasim.stage import ACCOUNT, Meta, error_of


@pytest.fixture(autouse=True)
async def at_any_pace(meta: Meta) -> None:
    """Let these tests read as often as they like."""
    await meta.sim("PUT", "/config", {"limits": {"conversations_per_second": 1000}})


async def texts(meta: Meta, igsid: str) -> list[str]:
    """Return what the conversation with a person shows, newest first."""
    path = f"/me/conversations?user_id={igsid}&fields=messages{{message}}"
    _, body = await meta.graph("GET", path)
    return [one["message"] for talk in body["data"] for one in talk["messages"]["data"]]


async def test_what_was_sent_is_seen_late(meta: Meta) -> None:
    """Within `read_lag_s` a message was sent and cannot be read; the person's can at once."""
    await meta.sim("PUT", "/config", {"read_lag_s": 600})
    igsid = (await meta.write("price?"))["igsid"]
    sent = (await meta.send(igsid, "10 euro"))[1]["message_id"]
    early = await texts(meta, igsid), await meta.graph("GET", f"/{sent}")
    await meta.sim("PUT", "/config", {"clock": {"offset_s": 601}})
    late = await texts(meta, igsid), await meta.graph("GET", f"/{sent}?fields=message")

    assert ["price?"] == early[0]
    assert (400, 100, 33) == error_of(early[1])
    assert (["10 euro", "price?"], "10 euro") == (late[0], late[1][1]["message"])


async def test_a_conversation_of_unseen_messages_is_not_there(meta: Meta) -> None:
    """A conversation begun by a private reply appears with it, and not before."""
    made = await meta.comment()
    await meta.sim("PUT", "/config", {"read_lag_s": 600})
    await meta.reply_in_private(made["comment_id"])
    early = await meta.graph("GET", "/me/conversations")
    await meta.sim("PUT", "/config", {"clock": {"offset_s": 601}})

    assert {"data": []} == early[1]
    assert ["here"] == await texts(meta, made["igsid"])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=10&fields=messages.limit(10){message}", 200),
        ("limit=10&fields=messages.limit(11){message}", 500),
        ("fields=messages{message}", 500),  # 25 conversations of 25 messages, unless said
        ("limit=50&fields=updated_time", 200),
    ],
)
async def test_too_much_at_once(meta: Meta, query: str, status: int) -> None:
    """More messages than Meta reads at once are HTTP 500 with code 1, by what is asked for."""
    await meta.sim("PUT", "/config", {"limits": {"conversation_objects": 100}})
    await meta.write()
    answer = await meta.graph("GET", f"/me/conversations?{query}")

    assert status == answer[0]
    assert status == 200 or (500, 1, None) == error_of(answer)


async def test_one_conversation_can_be_too_much(meta: Meta) -> None:
    """A single conversation is measured as well."""
    await meta.sim("PUT", "/config", {"limits": {"conversation_objects": 100}})
    igsid = (await meta.write())["igsid"]
    _, body = await meta.graph("GET", f"/me/conversations?user_id={igsid}")
    path = f"/{body['data'][0]['id']}?fields=messages.limit"

    assert (500, 1, None) == error_of(await meta.graph("GET", f"{path}(101){{id}}"))
    assert 200 == (await meta.graph("GET", f"{path}(100){{id}}"))[0]


async def test_pages_of_conversations(meta: Meta) -> None:
    """The latest conversation comes first; each is listed once, however small the pages."""
    people = [f"p{n}" for n in range(5)]
    for person in [*people, "p1"]:
        await meta.write(username=person)
    seen: list[str] = []
    path: str | None = "/me/conversations?limit=2&fields=participants"
    while path:
        _, body = await meta.graph("GET", path)
        seen += [other_party(talk) for talk in body["data"]]
        after = body.get("paging", {}).get("cursors", {}).get("after")
        path = f"/me/conversations?limit=2&fields=participants&after={after}" if after else None

    assert ["p1", "p4", "p3", "p2", "p0"] == seen


def other_party(talk: Any) -> str:
    (name,) = (one["username"] for one in talk["participants"]["data"] if one["id"] != ACCOUNT)
    return str(name)
