"""The media picker: posts as Instagram shows them, for those who may see the account."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from switchboard.contracts import MediaId, WorkspaceId
from switchboard.db import coverage
from tests.integration.control.house import Person
from tests.integration.control.instagram.owners import Owners


async def connected(owners: Owners, posts: int) -> tuple[Person, WorkspaceId, str, str]:
    """Return an admin with an account that has so many posts; its workspace, id, Meta's id."""
    person, workspace = await owners.person()
    instagram_id = await owners.account()
    for number in range(1, posts + 1):
        told = {"caption": f"hat {number}"}
        path = f"/accounts/{instagram_id}/media/{instagram_id}{number}"
        await owners.meta.sim("PUT", path, told)
    answer = await owners.connect(person, workspace, instagram_id)
    return person, workspace, answer.body["id"], instagram_id


async def test_page_by_page(owners: Owners) -> None:
    """Each post once, with its link; and what is known of its comments, if anything is."""
    person, workspace, account, instagram_id = await connected(owners, 5)
    path = f"/v1/accounts/{account}/media"
    known = MediaId(f"{instagram_id}3")
    await coverage.keep_count(
        owners.house.owner, UUID(account), workspace, known, readable=9, stored=7
    )
    listed: list[dict[str, Any]] = []
    sizes, cursor = [], ""
    while cursor is not None:
        page = await person.get(f"{path}?limit=2{cursor and f'&cursor={cursor}'}")
        assert 200 == page.status
        sizes.append(len(page.body["items"]))
        listed += page.body["items"]
        cursor = page.body["next_cursor"]
    by_caption = {one["caption"]: one for one in listed}

    assert [2, 2, 1] == sizes
    assert {f"hat {number}" for number in range(1, 6)} == set(by_caption)
    assert all(one["permalink"].startswith("https://www.instagram.com/p/") for one in listed)
    assert (9, 7) == (
        by_caption["hat 3"]["coverage"]["readable"],
        by_caption["hat 3"]["coverage"]["stored"],
    )
    assert [None] * 4 == [one["coverage"] for one in listed if one["media_id"] != known]


async def test_of_others(owners: Owners) -> None:
    """Another's account is not found, nor one of nobody's; nobody sees any."""
    _, _, account, _ = await connected(owners, 1)
    stranger, _ = await owners.person("owner")
    answers = [
        await stranger.get(f"/v1/accounts/{account}/media"),
        await stranger.get(f"/v1/accounts/{uuid4()}/media"),
    ]
    nobody = await owners.house.call("GET", f"/v1/accounts/{account}/media")

    assert [404, 404, 401] == [one.status for one in (*answers, nobody)]


async def test_a_dead_token(owners: Owners) -> None:
    """Who asks is told to connect again, the first time and while it is so; so is everybody."""
    person, _, account, instagram_id = await connected(owners, 1)
    leaving = {"account_id": instagram_id, "tell": False}
    await owners.meta.sim("POST", "/deauthorizations", leaving)
    first = await person.get(f"/v1/accounts/{account}/media")
    again = await person.get(f"/v1/accounts/{account}/media")
    health = await person.get(f"/v1/accounts/{account}/health")

    assert [(409, "conflict")] * 2 == [(one.status, one.code) for one in (first, again)]
    assert all("connect it again" in one.body["detail"] for one in (first, again))
    assert "reconnect_needed" == health.body["status"]
    assert ["reconnect_needed"] == [one["kind"] for one in health.body["alerts"]]


@pytest.mark.parametrize(
    ("preset", "status", "word"),
    [("account_limited", 503, "just now"), ("account_restricted", 409, "Instagram refuses")],
)
async def test_meta_refuses(owners: Owners, preset: str, status: int, word: str) -> None:
    """What passes says when; what does not says what Instagram has against it."""
    person, _, account, _ = await connected(owners, 1)
    await owners.meta.sim("PUT", "/config", {"faults": [{"preset": preset, "on": "any"}]})
    answer = await person.get(f"/v1/accounts/{account}/media")

    assert status == answer.status, answer.text
    assert word in answer.body["detail"]
    assert (status == 503) == ("retry-after" in answer.headers)


async def test_no_cursor_of_ours(owners: Owners) -> None:
    """It is told where the fault is, and Meta is not asked."""
    person, _, account, _ = await connected(owners, 1)
    answer = await person.get(f"/v1/accounts/{account}/media?cursor=nonsense")

    assert (422, "/cursor") == (answer.status, answer.body["errors"][0]["pointer"])
