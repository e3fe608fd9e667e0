"""Labels: what people wanted, said of events by those who run the account."""

from __future__ import annotations

import json

import pytest

from switchboard.db import ledger
from switchboard.db.pool import Database
from tests.integration.control.house import House, Person
from tests.integration.db.town import SOMEBODY, Shop, open_shop, recorded
from tests.integration.db.users import Role

PRICE = {
    "name": "price",
    "examples": ["how much is it", "what does it cost", "price please", "how expensive", "cost?"],
}


async def asked(owner: Database, shop: Shop, identity: str, text: str | None) -> str:
    """Record that somebody wrote to the account; return where it is labelled."""
    event = json.dumps({"kind": "message.v1", "sender_id": SOMEBODY, "text": text})
    happened = recorded(shop, identity, answered=False, event=event)
    await ledger.record(owner, [happened])
    return f"/v1/workspaces/{shop.workspace}/activity/{happened.event_id}/label"


async def with_price(person: Person, shop: Shop) -> None:
    """Give the account an intent."""
    answer = await person.post(f"/v1/accounts/{shop.account}/intents", PRICE)
    assert answer.status == 201, answer.text


async def test_labelling(house: House, owner: Database, shop: Shop) -> None:
    """What is said last of an event counts, and is listed with who said it; it is taken back."""
    editor, other = await house.member(shop, "editor"), await house.member(shop, "admin")
    await with_price(editor, shop)
    path = await asked(owner, shop, "m1", "and how much?")
    first = await editor.call("PUT", path, {"intent": "price"})
    second = await other.call("PUT", path, {"intent": None})
    listed = await editor.get(f"/v1/accounts/{shop.account}/labels")
    taken = await editor.call("DELETE", path)
    again = await editor.call("DELETE", path)

    assert (200, "price", "and how much?") == (
        first.status,
        first.body["intent"],
        first.body["text"],
    )
    assert (SOMEBODY, str(editor.id)) == (first.body["person_id"], first.body["labelled_by"])
    assert [second.body] == listed.body["items"]
    assert (None, str(other.id)) == (second.body["intent"], second.body["labelled_by"])
    assert (204, 404) == (taken.status, again.status)


async def test_pages(house: House, owner: Database, shop: Shop) -> None:
    """The latest is first, and each is on one page."""
    editor = await house.member(shop, "editor")
    for number in range(3):
        path = await asked(owner, shop, f"m{number}", f"text {number}")
        await editor.call("PUT", path, {"intent": None})
    path = f"/v1/accounts/{shop.account}/labels?limit=2"
    one = await editor.get(path)
    other = await editor.get(f"{path}&cursor={one.body['next_cursor']}")
    found = [label["text"] for label in (*one.body["items"], *other.body["items"])]

    assert (["text 2", "text 1", "text 0"], None) == (found, other.body["next_cursor"])


async def test_what_cannot_be_said(house: House, owner: Database, shop: Shop) -> None:
    """An intent that the account does not have, and of what has no words, anything."""
    editor = await house.member(shop, "editor")
    path = await asked(owner, shop, "m1", "and how much?")
    silent = await asked(owner, shop, "m2", None)
    unknown = await editor.call("PUT", path, {"intent": "price"})
    wordless = await editor.call("PUT", silent, {"intent": None})

    assert (422, "/intent") == (unknown.status, unknown.body["errors"][0]["pointer"])
    assert (409, "conflict") == (wordless.status, wordless.code)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("editor", 200)])
async def test_who_may(house: House, owner: Database, shop: Shop, role: Role, status: int) -> None:
    """An editor labels; a viewer reads."""
    person, path = await house.member(shop, role), await asked(owner, shop, "m1", "hello?")
    said = await person.call("PUT", path, {"intent": None})
    listed = await person.get(f"/v1/accounts/{shop.account}/labels")

    assert (status, 200) == (said.status, listed.status)


async def test_another_tenants(house: House, owner: Database, shop: Shop) -> None:
    """Nobody says anything of what was written to somebody else, in whatever workspace's name."""
    other = await open_shop(owner)
    stranger, path = await house.member(other, "owner"), await asked(owner, shop, "m1", "hello?")
    event = path.split("/")[-2]
    outcomes = [
        await stranger.call("PUT", path, {"intent": None}),
        await stranger.call(
            "PUT", f"/v1/workspaces/{other.workspace}/activity/{event}/label", {"intent": None}
        ),
        await stranger.call("DELETE", path),
        await stranger.get(f"/v1/accounts/{shop.account}/labels"),
    ]

    assert 4 * [404] == [one.status for one in outcomes]
