"""Intents: kept by examples, checked before they are live, and tried on texts."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.db import labels
from switchboard.db.labels import Label
from switchboard.db.pool import Database
from tests.integration.control.house import Answer, House, Person
from tests.integration.db.town import Shop, open_shop

HOURS = {
    "name": "hours",
    "description": "asks when the shop is open",
    "examples": [
        "when do you open",
        "are you open today",
        "what are your opening hours",
        "until when are you open",
        "what time do you close",
    ],
}
PRICE = {
    "name": "price",
    "examples": ["how much is it", "what does it cost", "price please", "how expensive", "cost?"],
}


async def added(person: Person, shop: Shop, intent: dict[str, Any] | None = None) -> Answer:
    """Add an intent."""
    answer = await person.post(f"/v1/accounts/{shop.account}/intents", intent or HOURS)
    assert answer.status == 201, answer.text
    return answer


class TestKeeping:
    async def test_add_change_remove(self, house: House, shop: Shop) -> None:
        """What is left out of a change stays; what is removed is gone."""
        editor = await house.member(shop, "editor")
        made = await added(editor, shop)
        path = made.headers["location"]
        changed = await editor.edit(path, {"description": "asks for the hours"})
        listed = await editor.get(f"/v1/accounts/{shop.account}/intents")
        removed = await editor.call("DELETE", path)

        assert "asks for the hours" == changed.body["description"]
        assert HOURS["examples"] == changed.body["examples"]
        assert [changed.body] == listed.body["items"]
        assert (204, 404) == (removed.status, (await editor.get(path)).status)

    async def test_two_who_change(self, house: House, shop: Shop) -> None:
        """The later one is told what the earlier one wrote."""
        editor = await house.member(shop, "editor")
        made = await added(editor, shop)
        path, etag = made.headers["location"], made.headers["etag"]
        await editor.call("PATCH", path, {"description": "theirs"}, if_match=etag)
        late = await editor.call("PATCH", path, {"description": "mine"}, if_match=etag)

        assert (409, "/description") == (late.status, late.body["differences"][0]["pointer"])

    @pytest.mark.parametrize(
        ("intent", "pointer"),
        [
            (PRICE | {"examples": []}, "/examples"),
            (PRICE | {"examples": ["fine", "?!"]}, "/examples/1"),
            (PRICE | {"examples": ["when do you open"]}, "/examples/0"),
            (PRICE | {"name": " HOURS "}, "/name"),
            (PRICE | {"name": "none"}, "/name"),
            (PRICE | {"description": "x" * 5_000}, "/description"),
        ],
    )
    async def test_what_could_not_be_recognised(
        self, house: House, shop: Shop, intent: dict[str, Any], pointer: str
    ) -> None:
        """It is refused before it is live, with the place in what was sent."""
        editor = await house.member(shop, "editor")
        await added(editor, shop)
        answer = await editor.post(f"/v1/accounts/{shop.account}/intents", intent)

        assert (422, "invalid") == (answer.status, answer.code)
        assert pointer in [one["pointer"] for one in answer.body["errors"]]

    async def test_who_may(self, house: House, shop: Shop, owner: Database) -> None:
        """A viewer looks, a stranger does not."""
        editor, viewer = await house.member(shop, "editor"), await house.member(shop, "viewer")
        stranger = await house.member(await open_shop(owner), "owner")
        path = (await added(editor, shop)).headers["location"]
        account = f"/v1/accounts/{shop.account}/intents"
        viewers = [
            await viewer.get(path),
            await viewer.post(account, PRICE),
            await viewer.edit(path, {"description": "x"}),
            await viewer.call("DELETE", path),
        ]
        strangers = [
            await stranger.get(path),
            await stranger.get(account),
            await stranger.post(account, PRICE),
            await stranger.call("PATCH", path, {"description": "x"}, if_match="*"),
            await stranger.call("DELETE", path),
            await stranger.post(f"{account}/check", {}),
            await stranger.post(f"{account}/evaluate"),
        ]

        assert [200, 403, 403, 403] == [one.status for one in viewers]
        assert [404] * len(strangers) == [one.status for one in strangers]


class TestTrying:
    async def test_checking(self, house: House, shop: Shop) -> None:
        """Others are looked at without being kept; warnings keep from nothing."""
        viewer = await house.member(shop, "viewer")
        path = f"/v1/accounts/{shop.account}/intents/check"
        good = await viewer.post(path, {"intents": [HOURS, PRICE]})
        few = await viewer.post(path, {"intents": [HOURS | {"examples": ["open?"]}, PRICE]})
        twice = await viewer.post(path, {"intents": [HOURS, HOURS]})

        assert (True, []) == (good.body["usable"], good.body["faults"])
        assert (True, ["warning"]) == (
            few.body["usable"],
            [one["severity"] for one in few.body["faults"]],
        )
        assert not twice.body["usable"]

    async def test_a_text(self, house: House, shop: Shop) -> None:
        """It says what a text is taken for, how sure, and whether that is enough."""
        editor = await house.member(shop, "editor")
        await added(editor, shop)
        await added(editor, shop, PRICE)
        path = f"/v1/accounts/{shop.account}/intents/recognise"
        asked = (await editor.post(path, {"text": "so when do you open?"})).body

        assert ("hours", "hours") == (asked["best"], asked["intent"])
        assert asked["confidence"] >= asked["threshold"]

    async def test_a_labelled_history(self, house: House, shop: Shop, owner: Database) -> None:
        """Accuracy is measured on what somebody labelled; without that there is nothing to say."""
        editor = await house.member(shop, "editor")
        await added(editor, shop)
        await added(editor, shop, PRICE)
        path = f"/v1/accounts/{shop.account}/intents/evaluate"
        before = await editor.post(path)
        said = [
            Label(text="when are you opening", intent="hours"),
            Label(text="how much does this cost", intent="price"),
            Label(text="i love your dog", intent=None),
        ]
        await labels.keep(owner, shop.account, shop.workspace, said)
        after = await editor.post(path)

        assert (409, "conflict") == (before.status, before.code)
        assert (2, 1, 2) == (
            after.body["in_scope"],
            after.body["out_of_scope"],
            after.body["intents"],
        )
        assert 1.0 == after.body["in_scope_accuracy"]
