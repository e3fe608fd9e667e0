"""People, as a workspace's members look at them, change and erase them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis.asyncio

from switchboard.contracts import PersonId
from switchboard.contracts.ids import event_id
from switchboard.db import ledger
from switchboard.db.pool import Database
from switchboard.rules.contact import Contact
from switchboard.state import keys
from tests.integration.control.house import House, open_house
from tests.integration.db.town import Shop, draft, kept, now, open_shop, recorded, state_of


def path(shop: Shop, rest: str = "") -> str:
    """Return the address of a workspace's people."""
    return f"/v1/workspaces/{shop.workspace}/contacts{rest}"


def address(shop: Shop, person: str, rest: str = "") -> str:
    """Return the address of one of them."""
    return path(shop, f"/{shop.account}/{person}{rest}")


async def meet(
    owner: Database, shop: Shop, person: str, username: str, contact: Contact, **fields: Any
) -> None:
    """Let somebody write to the shop, and remember `contact` of them."""
    one = recorded(
        shop,
        uuid4().hex,
        person_id=PersonId(person),
        username=username,
        answered=False,
        **{"inbound": True} | fields,
    )
    await ledger.record(owner, [one], [kept(shop, 0, contact, person=PersonId(person))])


async def meet_both(owner: Database, shop: Shop) -> None:
    """Let Ann, who is tagged, and then Bob, who wants nothing, write to the shop."""
    ann = Contact(revision=1, tags=("vip", "press"), fields={"size": "M"})
    bob = Contact(revision=1, opted_out_at=now())
    before = now() - timedelta(hours=1)
    await meet(owner, shop, "1", "Ann_1", ann, received_at=before, occurred_at=before)
    await meet(owner, shop, "2", "bob%", bob)


class TestList:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["2", "1"]),
            ("?username=ann", ["1"]),
            ("?username=%40ANN_", ["1"]),
            ("?username=annx", []),
            ("?username=bob%25", ["2"]),
            ("?username=b%25b", []),
            ("?person_id=2", ["2"]),
            ("?tag=vip", ["1"]),
            ("?tag=vi", []),
            ("?opted_out=true", ["2"]),
            ("?opted_out=false&tag=press", ["1"]),
        ],
    )
    async def test_searching(
        self, house: House, owner: Database, shop: Shop, query: str, found: list[str]
    ) -> None:
        """By how the username begins, the id, a tag, who opted out; who was seen last is first."""
        await meet_both(owner, shop)
        viewer = await house.member(shop, "viewer")
        answer = await viewer.get(path(shop, query))

        assert 200 == answer.status, answer.text
        assert found == [one["person_id"] for one in answer.body["items"]]

    async def test_page_by_page(self, house: House, owner: Database, shop: Shop) -> None:
        """All of them come, each once, also where moments are the same."""
        at = now()
        for number in range(5):
            one = Contact(revision=1)
            await meet(owner, shop, f"{number}", "x", one, received_at=at, occurred_at=at)
        viewer = await house.member(shop, "viewer")
        seen, asked = [], path(shop, "?limit=2")
        while asked:
            page = (await viewer.get(asked)).body
            seen += [one["person_id"] for one in page["items"]]
            following = page["next_cursor"]
            asked = path(shop, f"?limit=2&cursor={following}") if following else ""

        assert ["4", "3", "2", "1", "0"] == seen


class TestOne:
    async def test_what_is_remembered(self, house: House, owner: Database, shop: Shop) -> None:
        """Tags, answers and when they may be written to are told, and what they did."""
        await meet_both(owner, shop)
        viewer = await house.member(shop, "viewer")
        answer = await viewer.get(address(shop, "1"))
        timeline = await viewer.get(address(shop, "1", "/timeline"))

        assert (["vip", "press"], {"size": "M"}) == (answer.body["tags"], answer.body["fields"])
        assert '"1"' == answer.headers["etag"]
        assert ["1"] == [one["person_id"] for one in timeline.body["items"]]

    async def test_nobody(self, house: House, shop: Shop) -> None:
        """Who never wrote is not known."""
        viewer = await house.member(shop, "viewer")

        assert 404 == (await viewer.get(address(shop, "3"))).status


class TestChanging:
    async def test_tags(self, house: House, owner: Database, shop: Shop) -> None:
        """They are set, each once, and the log says by whom but not of whom."""
        await meet_both(owner, shop)
        editor = await house.member(shop, "editor")
        answer = await editor.edit(address(shop, "1"), {"tags": ["vip", "new", "vip"]})
        deed = await owner.fetchrow("select * from public.audit_log order by id desc limit 1")

        assert (200, ["vip", "new"], 2) == (
            answer.status,
            answer.body["tags"],
            answer.body["revision"],
        )
        assert deed is not None
        assert (editor.id, "contacts") == (deed["actor_id"], deed["subject"])
        assert {"tags": ["vip", "new"], "opted_out": False} == deed["after"]
        assert 8 == len(deed["subject_id"])

    async def test_opting_out_and_in(self, house: House, owner: Database, shop: Shop) -> None:
        """Who is opted out has a moment at which that was; opting in again forgets it."""
        await meet_both(owner, shop)
        editor = await house.member(shop, "editor")
        out = await editor.edit(address(shop, "1"), {"opted_out": True})
        into = await editor.edit(address(shop, "1"), {"opted_out": False})

        assert out.body["opted_out_at"] is not None
        assert (None, ["vip", "press"]) == (into.body["opted_out_at"], into.body["tags"])

    async def test_at_the_same_time_as_the_router(
        self, house: House, owner: Database, shop: Shop
    ) -> None:
        """Whoever was deciding about them meanwhile decides again; so does a second editor."""
        await meet_both(owner, shop)
        editor = await house.member(shop, "editor")
        await editor.edit(address(shop, "1"), {"opted_out": True})
        event = recorded(shop, "later", person_id=PersonId("1"), answered=False)
        before = Contact(revision=2, tags=("other",))
        standing = await ledger.record(
            owner, [event], [kept(shop, 1, before, person=PersonId("1"))]
        )
        late = await editor.call("PATCH", address(shop, "1"), {"tags": []}, if_match='"1"')

        assert {} == standing
        assert (409, "changed", 2) == (late.status, late.code, late.body["current_revision"])

    async def test_what_is_no_tag(self, house: House, owner: Database, shop: Shop) -> None:
        """It is told where it is."""
        await meet_both(owner, shop)
        editor = await house.member(shop, "editor")
        answer = await editor.edit(address(shop, "1"), {"tags": ["fine", "not/fine"]})

        assert (422, "/tags/1") == (answer.status, answer.body["errors"][0]["pointer"])


class TestErasing:
    async def test_everywhere(
        self, house: House, owner: Database, shop: Shop, redis_url: str
    ) -> None:
        """Neither the database nor Redis knows them any more; what happened is still counted."""
        await meet_both(owner, shop)
        event = event_id("comment")
        owed = draft(shop, event, state="parked", not_before=now() + timedelta(hours=1))
        said = json.dumps({"author_id": "1", "author_username": "Ann_1", "text": "my secret"})
        await ledger.record(
            owner,
            [recorded(shop, "comment", person_id=PersonId("1"), event=said, deliveries=(owed,))],
        )
        key = keys.contact(shop.instagram_id, PersonId("1"))
        async with redis.asyncio.Redis.from_url(redis_url) as memory:
            await memory.set(key, "1 {}")
            admin = await house.member(shop, "admin")
            answer = await admin.call("DELETE", address(shop, "1"))
            again = await admin.call("DELETE", address(shop, "1"))
            remembered = await memory.get(key)

        everything = await owner.fetchrow(_EVERYTHING)
        assert (200, True, 2) == (answer.status, answer.body["done"], answer.body["events"])
        assert (200, 0) == (again.status, again.body["events"])
        assert remembered is None
        assert "cancelled" == await state_of(owner, owed.id)
        assert everything is not None
        assert "my secret" not in everything["all"]
        assert "Ann_1" not in everything["all"]
        assert 404 == (await admin.get(address(shop, "1"))).status

    async def test_without_redis(self, owner: Database, shop: Shop, api_url: str) -> None:
        """Nobody is told that it is done while Redis may remember them: ask again."""
        await meet_both(owner, shop)
        async with open_house(owner, api_url, "redis://127.0.0.1:1/0") as house:
            admin = await house.member(shop, "admin")
            answer = await admin.call("DELETE", address(shop, "1"))

        assert (503, "unavailable") == (answer.status, answer.code)

    async def test_taking_away(self, house: House, owner: Database, shop: Shop) -> None:
        """All that is stored of somebody is one file: what they said, what was said to them."""
        await meet_both(owner, shop)
        event = recorded(shop, "c", person_id=PersonId("1"), event='{"text": "hello"}')
        await ledger.record(owner, [event])
        admin = await house.member(shop, "admin")
        answer = await admin.get(address(shop, "1", "/export"))

        assert 200 == answer.status, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        assert ["vip", "press"] == answer.body["contact"]["tags"]
        assert "hello" in [one["event"].get("text") for one in answer.body["events"]]
        assert [{"text": "Here you are"}] == [one["content"] for one in answer.body["deliveries"]]


class TestWhoMay:
    async def test_by_role(self, house: House, owner: Database, shop: Shop) -> None:
        """Viewers look, editors change, admins erase and take away; nobody does more."""
        await meet_both(owner, shop)
        viewer, editor = await house.member(shop, "viewer"), await house.member(shop, "editor")
        statuses = [
            (await viewer.edit(address(shop, "1"), {"tags": []})).status,
            (await viewer.call("DELETE", address(shop, "1"))).status,
            (await editor.call("DELETE", address(shop, "1"))).status,
            (await editor.get(address(shop, "1", "/export"))).status,
        ]

        assert [403] * 4 == statuses

    async def test_strangers_and_others(self, house: House, owner: Database, shop: Shop) -> None:
        """Another tenant's people are not found, whatever one is at home."""
        other = await open_shop(owner)
        await meet_both(owner, other)
        own, stranger = await house.member(shop, "owner"), await house.newcomer()
        theirs = path(shop, f"/{other.account}/1")
        answers = [
            await own.get(theirs),
            await own.call("PATCH", theirs, {"tags": []}, if_match="*"),
            await own.call("DELETE", theirs),
            await own.get(f"{theirs}/export"),
            await stranger.get(path(other)),
            await stranger.get(address(other, "1")),
            await stranger.call("DELETE", address(other, "1")),
        ]
        timeline = await own.get(f"{theirs}/timeline")

        assert [404] * 7 == [answer.status for answer in answers]
        assert [] == timeline.body["items"]


# Every row there is, as text.
_EVERYTHING = """
select (select coalesce(string_agg(event::text, ''), '') from public.events event)
       || (select coalesce(string_agg(one::text, ''), '') from public.deliveries one)
       || (select coalesce(string_agg(one::text, ''), '') from public.contacts one)
       || (select coalesce(string_agg(one::text, ''), '') from public.audit_log one) as all
"""
