"""What happened in a workspace, as its members look at it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from switchboard.contracts import PersonId
from switchboard.db import history, ledger
from switchboard.db.pool import Database
from tests.integration.cli.past import Past, open_past
from tests.integration.control.house import House, Person, open_house
from tests.integration.control.streams import watching
from tests.integration.db.town import Shop, now, open_shop, recorded
from tests.integration.db.users import hire
from tests.support.waiting import until


def path(shop: Shop, rest: str = "") -> str:
    """Return the address of what happened in a workspace."""
    return f"/v1/workspaces/{shop.workspace}/activity{rest}"


async def happen(owner: Database, shop: Shop, count: int, **fields: Any) -> list[str]:
    """Let `count` things happen, a second apart; return their ids, the newest first."""
    events = []
    for number in range(count):
        at = now() - timedelta(seconds=count - number)
        usual: dict[str, Any] = {"answered": False, "received_at": at}
        events.append(recorded(shop, uuid4().hex, **usual | fields))
    await ledger.record(owner, events)
    return [str(one.event_id) for one in reversed(events)]


async def listed(person: Person, address: str) -> list[str]:
    """Return the ids of what is listed."""
    answer = await person.get(address)
    assert 200 == answer.status, answer.text
    return [one["id"] for one in answer.body["items"]]


class TestList:
    async def test_page_by_page(self, house: House, owner: Database, shop: Shop) -> None:
        """What came last is first, and each event comes once, also where moments are the same."""
        at = now()
        first = await happen(owner, shop, 3, received_at=at)
        ids = await happen(owner, shop, 4, received_at=at + timedelta(seconds=1)) + first
        viewer = await house.member(shop, "viewer")

        seen: list[str] = []
        address = path(shop, "?limit=3")
        while address:
            page = (await viewer.get(address)).body
            seen += [one["id"] for one in page["items"]]
            following = page["next_cursor"]
            address = path(shop, f"?limit=3&cursor={following}") if following else ""

        assert sorted(ids) == sorted(seen)
        assert set(seen[:4]) == set(ids[:4])

    async def test_an_event_in_the_list(self, house: House, owner: Database, shop: Shop) -> None:
        """It has what was written, what was decided and how what came of it stands."""
        one = recorded(
            shop,
            "a",
            event='{"text": "LINK please", "author_username": "ann", "media_id": "7"}',
            decision='{"because": "keyword"}',
        )
        await ledger.record(owner, [one])
        viewer = await house.member(shop, "viewer")
        (told,) = (await viewer.get(path(shop))).body["items"]

        assert ("LINK please", "ann", "7") == (told["text"], told["username"], told["media_id"])
        assert ("matched", "keyword", "A keyword was found in the text.", "link") == (
            told["outcome"],
            told["because"],
            told["why"],
            told["campaign"],
        )
        assert [("private_reply", "ready")] == [
            (owed["kind"], owed["state"]) for owed in told["deliveries"]
        ]

    async def test_filters(self, house: House, owner: Database, shop: Shop) -> None:
        """Each narrows, and what is left is what all of them let through."""
        ann = recorded(shop, "a", person_id=PersonId("1"), event='{"text": "The LINK"}')
        bob = recorded(
            shop,
            "b",
            answered=False,
            person_id=PersonId("2"),
            kind="message.v1",
            received_at=now() - timedelta(hours=1),
        )
        await ledger.record(owner, [ann, bob])
        viewer = await house.member(shop, "viewer")
        recently = (now() - timedelta(minutes=1)).isoformat().replace("+", "%2B")

        for query, found in (
            (f"account_id={shop.account}", [ann, bob]),
            (f"account_id={uuid4()}", []),
            (f"campaign_id={shop.campaign}", [ann]),
            ("kind=message.v1", [bob]),
            ("outcome=matched", [ann]),
            ("person_id=2", [bob]),
            (f"from={recently}", [ann]),
            (f"to={recently}", [bob]),
            (f"from={recently}&text=e+link", [ann]),
            (f"from={recently}&text=100%25", []),
            ("outcome=matched&person_id=2", []),
        ):
            ids = [str(one.event_id) for one in found]
            assert ids == await listed(viewer, path(shop, f"?{query}")), query

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("text=hello", "/from"),
            ("outcome=won", "/outcome"),
            ("from=yesterday", "/from"),
            ("from=2026-01-01T00:00:00", "/from"),
            ("cursor=AAAA", "/cursor"),
        ],
    )
    async def test_what_is_no_filter(
        self, house: House, shop: Shop, query: str, pointer: str
    ) -> None:
        """It is told by its place; to look for words one says from when on."""
        viewer = await house.member(shop, "viewer")
        answer = await viewer.get(path(shop, f"?{query}"))

        assert (422, pointer) == (answer.status, answer.body["errors"][0]["pointer"])


class TestOne:
    async def test_it_is_explained(self, house: House, owner: Database) -> None:
        """What the command line prints is what is told, with deliveries and their steps."""
        past = await open_past(owner)
        await past.play(80, datetime.now(UTC) - timedelta(hours=2))
        viewer = house.of(await hire(owner, _shop(past), "viewer"))
        one = next(one for one in past.decided if one.decision.because == "keyword")
        stored = await history.event(owner, one.event.event_id)
        assert stored is not None
        answer = await viewer.get(f"/v1/workspaces/{past.workspace}/activity/{one.event.event_id}")

        assert 200 == answer.status
        assert [(told.title, list(told.lines)) for told in stored.explanation()] == [
            (told["title"], told["lines"]) for told in answer.body["explanation"]
        ]
        assert "Decided" in [told["title"] for told in answer.body["explanation"]]
        assert stored.past.decision == answer.body["decision"]
        assert [str(made.id) for made in stored.deliveries] == [
            made["id"] for made in answer.body["deliveries"]
        ]

    async def test_every_kind_can_be_read(self, house: House, owner: Database) -> None:
        """Whatever happened is listed, and told one by one."""
        past = await open_past(owner)
        await past.play(200, datetime.now(UTC) - timedelta(hours=2))
        viewer = house.of(await hire(owner, _shop(past), "viewer"))
        address = f"/v1/workspaces/{past.workspace}/activity"
        items = (await viewer.get(f"{address}?limit=100")).body["items"]
        kinds = {one["kind"]: one["id"] for one in items}
        answers = [await viewer.get(f"{address}/{event}") for event in kinds.values()]

        assert len(kinds) > 10
        assert {200} == {answer.status for answer in answers}


class TestWhoMay:
    @pytest.mark.parametrize("rest", ["", "/live", "/{event}"])
    async def test_strangers(self, house: House, owner: Database, shop: Shop, rest: str) -> None:
        """To whoever is no member there is nothing, whatever they ask for."""
        (event,) = await happen(owner, shop, 1)
        stranger = await house.newcomer()
        answer = await stranger.get(path(shop, rest.format(event=event)))

        assert (404, "not_found") == (answer.status, answer.code)

    async def test_events_of_others(self, house: House, owner: Database, shop: Shop) -> None:
        """Another tenant's event is not found here, not even by somebody who is in both."""
        other = await open_shop(owner)
        (event,) = await happen(owner, other, 1)
        viewer = await house.member(shop, "viewer")
        await owner.execute(
            "insert into public.memberships (workspace_id, user_id, role) values ($1, $2, 'owner')",
            other.workspace,
            viewer.id,
        )
        there = await viewer.get(path(other, f"/{event}"))
        here = await viewer.get(path(shop, f"/{event}"))

        assert (200, 404) == (there.status, here.status)
        assert [] == await listed(viewer, path(shop))


class TestLive:
    async def test_as_it_comes(self, house: House, owner: Database, shop: Shop) -> None:
        """What is recorded from now on is told, once, as the list has it."""
        await happen(owner, shop, 2)
        viewer = await house.member(shop, "viewer")
        async with watching(viewer, path(shop, "/live")) as stream:
            ready = await _ready(stream)
            new = await happen(owner, shop, 1) + await happen(owner, shop, 1)
            said = [await stream.next(), await stream.next()]

        items = (await viewer.get(path(shop, "?limit=2"))).body["items"]
        assert "ready" == ready
        assert ["happened", "happened"] == [one.name for one in said]
        assert sorted(new) == sorted(one.data["id"] for one in said)
        assert {one["id"]: one for one in items} == {one.data["id"]: one.data for one in said}

    async def test_going_on(self, house: House, owner: Database, shop: Shop) -> None:
        """Who comes back with the last id is told all that happened meanwhile."""
        viewer = await house.member(shop, "viewer")
        async with watching(viewer, path(shop, "/live")) as stream:
            await _ready(stream)
            (first,) = await happen(owner, shop, 1)
            last = await stream.next()
        missed = await happen(owner, shop, 120)
        told: set[str] = set()
        async with watching(viewer, path(shop, "/live"), last_event_id=last.id) as stream:
            while not told >= set(missed):
                told.add((await stream.next()).data.get("id"))

        assert first == last.data["id"]

    async def test_what_was_recorded_slowly(
        self, house: House, owner: Database, shop: Shop
    ) -> None:
        """What shows after something later was told is told, too."""
        viewer = await house.member(shop, "viewer")
        async with watching(viewer, path(shop, "/live")) as stream:
            await _ready(stream)
            async with owner.transaction() as slow:
                await slow.execute("select 1")
                (quick,) = await happen(owner, shop, 1)
                first = await stream.next()
                late = recorded(shop, "late", answered=False)
                await ledger.record(slow, [late])
            second = await stream.next()

        assert [quick, str(late.event_id)] == [first.data["id"], second.data["id"]]
        assert first.data["recorded_at"] > second.data["recorded_at"]

    async def test_how_questions_ended(self, house: House, owner: Database, shop: Shop) -> None:
        """An event about which something was asked is told again when that is answered."""
        viewer = await house.member(shop, "viewer")
        asked = recorded(shop, "a", answered=False, outcome="asked")
        async with watching(viewer, path(shop, "/live")) as stream:
            await _ready(stream)
            await ledger.record(owner, [asked])
            first = await stream.next()
            await ledger.record(owner, [recorded(shop, "a")])
            second = await stream.next()

        assert ("happened", "asked") == (first.name, first.data["outcome"])
        assert ("decided", "matched") == (second.name, second.data["outcome"])
        assert first.data["id"] == second.data["id"]

    async def test_narrowed(self, house: House, owner: Database, shop: Shop) -> None:
        """Only what is asked for is told."""
        viewer = await house.member(shop, "viewer")
        async with watching(viewer, path(shop, "/live?outcome=matched")) as stream:
            await _ready(stream)
            await happen(owner, shop, 2)
            matched = recorded(shop, "m")
            await ledger.record(owner, [matched])
            said = await stream.next()

        assert str(matched.event_id) == said.data["id"]

    async def test_it_ends_with_the_token(self, house: House, shop: Shop) -> None:
        """Nobody watches for longer than they are logged in."""
        viewer = await house.member(shop, "viewer")
        soon = int(datetime.now(UTC).timestamp()) + 2
        async with watching(house.of(viewer.id, exp=soon), path(shop, "/live")) as stream:
            await stream.ended()

        assert datetime.now(UTC).timestamp() >= soon

    async def test_it_ends_with_the_membership(
        self, house: House, owner: Database, shop: Shop
    ) -> None:
        """Whoever is sent away sees nothing more, although their token still holds."""
        viewer = await house.member(shop, "viewer")
        async with watching(viewer, path(shop, "/live")) as stream:
            await _ready(stream)
            await owner.execute("delete from public.memberships where user_id = $1", viewer.id)
            await stream.ended()

    async def test_so_many_at_once(
        self, owner: Database, shop: Shop, api_url: str, redis_url: str
    ) -> None:
        """One more than a user may have is refused; one that was closed makes room."""
        async with open_house(owner, api_url, redis_url, control_live_most=1) as house:
            viewer, other = await house.member(shop, "viewer"), await house.member(shop, "viewer")
            async with watching(viewer, path(shop, "/live")) as stream:
                await _ready(stream)
                refused = await viewer.get(path(shop, "/live"))
                async with watching(other, path(shop, "/live")) as others:
                    assert "ready" == await _ready(others)

            async def again() -> int:
                head = {"Authorization": f"Bearer {viewer.token}"}
                async with viewer.http.get(house.url + path(shop, "/live"), headers=head) as one:
                    return one.status

            assert (429, "too_many_calls") == (refused.status, refused.code)
            assert 200 == await until(again, lambda status: status == 200)

    async def test_it_ends_when_we_do(
        self, owner: Database, shop: Shop, api_url: str, redis_url: str
    ) -> None:
        """Being told to stop ends what is open at once, well before the drain budget is spent."""
        async with asyncio.timeout(25), open_house(owner, api_url, redis_url) as house:
            viewer = await house.member(shop, "viewer")
            head = {"Authorization": f"Bearer {viewer.token}"}
            answer = await viewer.http.get(house.url + path(shop, "/live"), headers=head)
            await answer.content.readline()

        assert 200 == answer.status


async def _ready(stream: Any) -> str:
    return str((await stream.next()).name)


def _shop(past: Past) -> Shop:
    """Return the workspace of `past` as a shop."""
    campaign = next(iter(past.campaigns.values()))
    return Shop(past.workspace, past.account, past.instagram_id, "shop", campaign)
