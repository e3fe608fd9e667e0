"""Accounts: who sees them, how they are, and who sets what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from switchboard.db import alerts, care, credentials
from switchboard.db.credentials import Vault
from switchboard.db.pool import Database
from switchboard.rules.alerts import AlertKind
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
    ends_at = datetime(2027, 1, 1, tzinfo=UTC)
    sealed = Vault({"k": bytes(32)}).seal("token", shop.account)
    await credentials.store(owner, shop.account, sealed, ends_at)
    await care.probed(owner, shop.account, permissions=["a"], subscribed_fields=["comments"])
    await alerts.raise_alert(owner, shop.account, "account_held", detail={"reason": "policy_block"})
    viewer = await house.member(shop, "viewer")
    health = (await viewer.get(f"/v1/accounts/{shop.account}/health")).body

    assert {"ready": 1, "parked": 1} == health["owed"]
    assert ("policy_block", 1) == (health["hold"]["reason"], health["hold"]["times"])
    assert "account_held" in [one["kind"] for one in health["alerts"]]
    assert ends_at == datetime.fromisoformat(health["token_ends_at"])
    assert (["a"], ["comments"]) == (health["permissions"], health["subscribed_fields"])
    assert health["last_event_at"]
    assert all(one["says"] and "{" not in one["says"] for one in health["alerts"])


async def test_a_dead_token(house: House, shop: Shop, owner: Database) -> None:
    """The account says that it must be connected again."""
    await lose_token(owner, shop)
    viewer = await house.member(shop, "viewer")
    read = await viewer.get(f"/v1/accounts/{shop.account}")

    assert "reconnect_needed" == read.body["status"]


async def test_a_workspaces_alerts(house: House, shop: Shop, owner: Database) -> None:
    """What is open of all its accounts, raised last first; what is over on request; by pages."""
    other = await open_shop(owner)
    kinds: tuple[AlertKind, ...] = ("account_held", "thread_taken", "app_limited")
    for kind in kinds:
        await alerts.raise_alert(owner, shop.account, kind, detail={"reason": "policy_block"})
    await alerts.raise_alert(owner, other.account, "app_limited", detail={})
    await alerts.resolve(owner, shop.account, "thread_taken")
    viewer, path = await house.member(shop, "viewer"), f"/v1/workspaces/{shop.workspace}/alerts"
    open_ = (await viewer.get(path)).body
    first = (await viewer.get(f"{path}?with_over=true&limit=2")).body
    rest = (await viewer.get(f"{path}?with_over=true&cursor={first['next_cursor']}")).body
    elsewhere = (await viewer.get(f"{path}?account_id={other.account}")).body
    refused = await viewer.get(f"/v1/workspaces/{other.workspace}/alerts")

    assert ["app_limited", "account_held"] == [one["kind"] for one in open_["items"]]
    assert 2 * [str(shop.account)] == [one["account_id"] for one in open_["items"]]
    assert [("app_limited", True), ("thread_taken", False), ("account_held", True)] == [
        (one["kind"], one["resolved_at"] is None) for one in (*first["items"], *rest["items"])
    ]
    assert ([], 404) == (elsewhere["items"], refused.status)


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


class TestTryingAgain:
    async def test_a_held_account(self, house: House, owner: Database, shop: Shop) -> None:
        """Its wait is over at once, which is in the audit log; what it was held for stays."""
        editor, admin = await house.member(shop, "editor"), await house.member(shop, "admin")
        await hold(owner, shop)
        tried = await editor.post(f"/v1/accounts/{shop.account}/try-again")
        [deed] = (
            await admin.get(f"/v1/workspaces/{shop.workspace}/audit?actor_id={editor.id}")
        ).body["items"]

        assert 200 == tried.status
        assert datetime.fromisoformat(tried.body["hold"]["until"]) <= datetime.now(UTC)
        assert ("instagram_accounts", ["held_until"]) == (deed["subject"], list(deed["after"]))

    async def test_one_that_is_not_held(self, house: House, shop: Shop) -> None:
        """Nothing changes."""
        editor, path = await house.member(shop, "editor"), f"/v1/accounts/{shop.account}"
        before = await editor.get(path)
        tried = await editor.post(f"{path}/try-again")

        assert (200, before.body) == (tried.status, tried.body)

    async def test_who_may(self, house: House, owner: Database, shop: Shop) -> None:
        """A viewer may not, and nobody else hears of the account; it stays held."""
        viewer, stranger = await house.member(shop, "viewer"), await house.newcomer()
        await hold(owner, shop)
        path = f"/v1/accounts/{shop.account}"
        refused = await viewer.post(f"{path}/try-again")
        unseen = await stranger.post(f"{path}/try-again")
        read = await viewer.get(path)

        assert (403, 404) == (refused.status, unseen.status)
        assert datetime.fromisoformat(read.body["hold"]["until"]) > datetime.now(UTC)
