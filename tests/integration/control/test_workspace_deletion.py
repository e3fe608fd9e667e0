"""An owner ends a workspace by typing its name, and may think better of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from switchboard.db.pool import Database
from tests.integration.control.house import House
from tests.integration.db.town import Shop
from tests.integration.db.users import hire, log_out


@pytest.fixture
async def shop(shop: Shop, owner: Database) -> Shop:
    """A workspace that is called Hats."""
    await owner.execute("update public.workspaces set name = 'Hats' where id = $1", shop.workspace)
    return shop


def path(shop: Shop) -> str:
    """Return the address of a workspace's deletion."""
    return f"/v1/workspaces/{shop.workspace}/deletion"


async def test_asking(house: House, shop: Shop) -> None:
    """From then on it says until when that can be called off, wherever it is shown."""
    boss = await house.member(shop, "owner")
    before = await boss.get(f"/v1/workspaces/{shop.workspace}")
    asked = await boss.post(path(shop), {"name": "Hats"})
    again = await boss.post(path(shop), {"name": "Hats"})
    shown = await boss.get(f"/v1/workspaces/{shop.workspace}")
    mine = (await boss.get("/v1/me")).body["workspaces"]

    deletion = asked.body["deletion"]
    lasts = datetime.fromisoformat(deletion["due_at"]) - datetime.fromisoformat(
        deletion["asked_at"]
    )
    assert (200, None) == (before.status, before.body["deletion"])
    assert [200, 200] == [asked.status, again.status]
    assert (str(boss.id), timedelta(days=7)) == (deletion["asked_by"], lasts)
    assert [asked.body, asked.body] == [again.body, shown.body]
    assert [asked.body] == mine


async def test_what_it_stops(house: House, shop: Shop) -> None:
    """Its accounts are disconnected and its campaigns paused; none begins again meanwhile."""
    boss = await house.member(shop, "owner")
    await boss.post(path(shop), {"name": "Hats"})
    account = await boss.get(f"/v1/accounts/{shop.account}")
    campaign = await boss.get(f"/v1/campaigns/{shop.campaign}")
    resumed = await boss.post(f"/v1/campaigns/{shop.campaign}/resume")
    kept = await boss.call("DELETE", path(shop))
    then = await boss.post(f"/v1/campaigns/{shop.campaign}/resume")

    assert ("disconnected", "paused") == (account.body["status"], campaign.body["status"])
    assert (409, "The workspace is to be deleted. Call that off first.") == (
        resumed.status,
        resumed.body["detail"],
    )
    assert (200, None) == (kept.status, kept.body["deletion"])
    assert (200, "live") == (then.status, then.body["status"])


async def test_another_name(house: House, shop: Shop) -> None:
    """A name that is not its own ends nothing, and says so."""
    boss = await house.member(shop, "owner")
    refused = [await boss.post(path(shop), {"name": name}) for name in ("hats", "Hats ", "Caps")]
    empty = await boss.post(path(shop), {})

    assert [409, 409, 409, 422] == [one.status for one in (*refused, empty)]
    assert (await boss.get(f"/v1/workspaces/{shop.workspace}")).body["deletion"] is None


async def test_nobody_but_an_owner(house: House, shop: Shop) -> None:
    """No admin, no program, nobody from elsewhere, and no owner who has signed out."""
    admin, boss = await house.member(shop, "admin"), await house.member(shop, "owner")
    made = await admin.post(
        f"/v1/workspaces/{shop.workspace}/api-keys", {"name": "ERP", "role": "admin"}
    )
    program = replace(admin, id=made.body["id"], token=made.body["key"])
    asked = await boss.post(path(shop), {"name": "Hats"})
    some = (
        admin,
        program,
        await house.newcomer(),
        house.of(await hire(house.owner, shop, "owner")),
    )
    await log_out(house.owner, some[-1].id)
    refused = [
        (await one.post(path(shop), {"name": "Hats"}), await one.call("DELETE", path(shop)))
        for one in some
    ]

    assert 200 == asked.status
    assert [(403, 403), (403, 403), (404, 404), (401, 401)] == [
        (ask.status, keep.status) for ask, keep in refused
    ]
    assert asked.body == (await boss.get(f"/v1/workspaces/{shop.workspace}")).body


async def test_calling_off_what_nobody_asked(house: House, shop: Shop) -> None:
    """The workspace is as it was."""
    boss = await house.member(shop, "owner")
    before = await boss.get(f"/v1/workspaces/{shop.workspace}")
    kept = await boss.call("DELETE", path(shop))

    assert (200, before.body) == (kept.status, kept.body)


async def test_who_asked_is_in_the_log(house: House, shop: Shop) -> None:
    """That it was asked and called off, when, and by whom."""
    boss = await house.member(shop, "owner")
    await boss.post(path(shop), {"name": "Hats"})
    await boss.call("DELETE", path(shop))
    log = (await boss.get(f"/v1/workspaces/{shop.workspace}/audit")).body["items"]
    about = [one for one in log if one["subject"] == "workspaces" and one["action"] == "update"]

    assert [(str(boss.id), None), (str(boss.id), str(boss.id))] == [
        (one["actor_id"], one["after"].get("deletion_asked_by")) for one in about[:2]
    ]


async def test_the_key_of_a_request(house: House, shop: Shop) -> None:
    """Sent again under its key it is answered the same, though it was called off since."""
    boss = await house.member(shop, "owner")
    asked = await boss.post(path(shop), {"name": "Hats"}, idempotency_key="k")
    await boss.call("DELETE", path(shop))
    again = await boss.post(path(shop), {"name": "Hats"}, idempotency_key="k")

    assert asked.body == again.body
    assert (await boss.get(f"/v1/workspaces/{shop.workspace}")).body["deletion"] is None
