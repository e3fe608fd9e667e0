"""Accounts: who sees them, how they are, and who sets what."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from switchboard.db import alerts
from switchboard.db.pool import Database
from tests.integration.control.house import House
from tests.integration.db.town import Shop, hold, lose_token, open_shop, owe
from tests.integration.db.users import Role


async def test_a_workspaces_accounts(house: House, shop: Shop, owner: Database) -> None:
    """Its members see its accounts and no others."""
    other = await open_shop(owner)
    viewer = await house.member(shop, "viewer")
    listed = await viewer.get(f"/v1/workspaces/{shop.workspace}/accounts")
    read = await viewer.get(f"/v1/accounts/{shop.account}")
    others = [
        await viewer.get(path)
        for path in (
            f"/v1/workspaces/{other.workspace}/accounts",
            f"/v1/accounts/{other.account}",
            f"/v1/accounts/{other.account}/health",
            f"/v1/accounts/{uuid4()}",
        )
    ]

    assert [read.body] == listed.body["items"]
    assert (shop.username, "connected", None) == (
        read.body["username"],
        read.body["status"],
        read.body["hold"],
    )
    assert [(404, "not_found")] * 4 == [(one.status, one.code) for one in others]


async def test_health(house: House, shop: Shop, owner: Database) -> None:
    """What is open is told in sentences, what is owed is counted, a hold says until when."""
    await owe(owner, shop)
    await owe(owner, shop, state="parked")
    await hold(owner, shop)
    await alerts.raise_alert(owner, shop.account, "account_held", detail={"reason": "policy_block"})
    viewer = await house.member(shop, "viewer")
    health = (await viewer.get(f"/v1/accounts/{shop.account}/health")).body

    assert {"ready": 1, "parked": 1} == health["owed"]
    assert ("policy_block", 1) == (health["hold"]["reason"], health["hold"]["times"])
    assert "account_held" in [one["kind"] for one in health["alerts"]]
    assert all(one["says"] and "{" not in one["says"] for one in health["alerts"])


async def test_a_dead_token(house: House, shop: Shop, owner: Database) -> None:
    """The account says that it must be connected again."""
    await lose_token(owner, shop)
    viewer = await house.member(shop, "viewer")
    read = await viewer.get(f"/v1/accounts/{shop.account}")

    assert "reconnect_needed" == read.body["status"]


class TestSettings:
    async def test_changing_some(self, house: House, shop: Shop) -> None:
        """What is said changes, the rest stays, and the router's rules have another version."""
        admin = await house.member(shop, "admin")
        before = (await admin.get(f"/v1/accounts/{shop.account}")).body["settings"]
        wanted = {
            "time_zone": "Europe/Lisbon",
            "takeover_s": 3_600,
            "paused_until": "2030-01-01T00:00:00Z",
            "intent_threshold": None,
        }
        path = f"/v1/accounts/{shop.account}"
        changed = await admin.edit(f"{path}/settings", wanted, over=path)

        assert (200, before | wanted) == (changed.status, changed.body["settings"])
        assert changed.headers["etag"] == f'"{changed.body["revision"]}"'

    async def test_two_at_once(self, house: House, shop: Shop) -> None:
        """The later one is told what differs, in what they sent alone."""
        one, other = await house.member(shop, "admin"), await house.member(shop, "admin")
        path = f"/v1/accounts/{shop.account}"
        etag = (await one.get(path)).headers["etag"]
        first = await one.call("PATCH", f"{path}/settings", {"sends_per_second": 10}, if_match=etag)
        second = await other.call(
            "PATCH",
            f"{path}/settings",
            {"sends_per_second": 20, "time_zone": "UTC"},
            if_match=etag,
        )

        assert (200, 409) == (first.status, second.status)
        assert [{"pointer": "/sends_per_second", "stored": 10, "yours": 20}] == second.body[
            "differences"
        ]

    @pytest.mark.parametrize("role", ["viewer", "editor"])
    async def test_not_theirs(self, house: House, shop: Shop, role: Role) -> None:
        """Only an admin sets an account."""
        person, path = await house.member(shop, role), f"/v1/accounts/{shop.account}"
        answer = await person.edit(f"{path}/settings", {"sends_per_second": 1}, over=path)

        assert (403, "forbidden") == (answer.status, answer.code)

    @pytest.mark.parametrize(
        "wanted",
        [
            {"time_zone": "X5"},
            {"takeover_s": 0},
            {"takeover_s": 10**20},
            {"reply_delay_min_s": 20, "reply_delay_max_s": 10},
            {"reply_delay_min_s": 20},
            {"private_replies_per_hour": 751},
            {"sends_per_second": 0},
            {"intent_threshold": 1.1},
            {"first_served": "nobody"},
            {"paused_until": "9999-12-31T23:59:59-12:00"},
            {"paused_until": "2030-01-01T00:00:00"},
        ],
    )
    async def test_what_cannot_be(self, house: House, shop: Shop, wanted: dict[str, Any]) -> None:
        """Whoever notices, we or the database, it is told and nothing is changed."""
        admin, path = await house.member(shop, "admin"), f"/v1/accounts/{shop.account}"
        before = await admin.get(path)
        answer = await admin.edit(f"{path}/settings", wanted, over=path)

        assert answer.status in {409, 422}, answer.text
        assert before.body == (await admin.get(path)).body
