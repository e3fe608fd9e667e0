"""What a workspace's own programs call with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from switchboard.db import ledger
from switchboard.db.pool import Database
from tests.integration.control.house import House, Person, open_house
from tests.integration.control.streams import watching
from tests.integration.db.town import Shop, now, open_shop, recorded
from tests.integration.db.users import Role


def path(shop: Shop, rest: str = "") -> str:
    """Return the address of a workspace's keys."""
    return f"/v1/workspaces/{shop.workspace}/api-keys{rest}"


async def program(house: House, shop: Shop, role: str = "viewer") -> Person:
    """Return a program that calls with a key of `shop`'s."""
    admin = await house.member(shop, "admin")
    made = await admin.post(path(shop), {"name": "program", "role": role})
    assert 201 == made.status, made.text
    return replace(admin, id=made.body["id"], token=made.body["key"])


class TestMaking:
    async def test_it_is_shown_once(self, house: House, owner: Database, shop: Shop) -> None:
        """The key is in the answer that made it, and nowhere else afterwards."""
        admin = await house.member(shop, "admin")
        made = await admin.post(path(shop), {"name": "ERP", "role": "editor"}, idempotency_key="k")
        again = await admin.post(path(shop), {"name": "ERP", "role": "editor"}, idempotency_key="k")
        listed = await admin.get(path(shop))
        stored = await owner.fetchrow(_STORED)

        key = made.body["key"]
        assert (201, "ERP", "editor") == (made.status, made.body["name"], made.body["role"])
        assert key.startswith(made.body["prefix"])
        assert {**made.body, "key": None} == again.body
        assert [made.body["id"]] == [one["id"] for one in listed.body["items"]]
        assert key not in listed.text
        assert stored is not None
        assert key not in stored["all"]

    @pytest.mark.parametrize(
        ("wanted", "pointer"),
        [
            ({"name": ""}, "/name"),
            ({"name": "x", "role": "owner"}, "/role"),
            ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ],
    )
    async def test_what_is_no_key(
        self, house: House, shop: Shop, wanted: dict[str, str], pointer: str
    ) -> None:
        """No key owns a workspace, or is over before it begins."""
        admin = await house.member(shop, "admin")
        answer = await admin.post(path(shop), wanted)

        assert (422, pointer) == (answer.status, answer.body["errors"][0]["pointer"])


class TestCalling:
    async def test_as_its_role(self, house: House, owner: Database, shop: Shop) -> None:
        """It sees its workspace and does what its role may, and the log says which key it was."""
        await ledger.record(owner, [recorded(shop, "a", answered=False)])
        viewer, admin = await program(house, shop), await program(house, shop, "admin")
        mine = await viewer.get("/v1/workspaces")
        seen = await viewer.get(f"/v1/workspaces/{shop.workspace}/activity")
        accounts = await viewer.get(f"/v1/workspaces/{shop.workspace}/accounts")
        log = f"/v1/workspaces/{shop.workspace}/audit"
        refused, allowed = await viewer.get(log), await admin.get(log)

        assert [(str(shop.workspace), "viewer")] == [
            (one["id"], one["role"]) for one in mine.body["items"]
        ]
        assert (200, 1) == (seen.status, len(seen.body["items"]))
        assert (200, 1) == (accounts.status, len(accounts.body["items"]))
        assert (403, 200) == (refused.status, allowed.status)

    async def test_its_deeds_have_its_name(self, house: House, owner: Database, shop: Shop) -> None:
        """What it changed is told as the key's."""
        editor, admin = await program(house, shop, "admin"), await house.member(shop, "admin")
        other = (await admin.post(path(shop), {"name": "other"})).body["id"]
        revoked = await editor.call("DELETE", path(shop, f"/{other}"))
        log = f"/v1/workspaces/{shop.workspace}/audit?subject=api_keys&action=update"
        (deed,) = (await admin.get(log)).body["items"]

        assert 204 == revoked.status
        assert ("api_key", str(editor.id), other) == (
            deed["actor"],
            deed["actor_id"],
            deed["subject_id"],
        )

    async def test_elsewhere(self, house: House, owner: Database, shop: Shop) -> None:
        """In another workspace it is a stranger."""
        other = await open_shop(owner)
        admin = await program(house, shop, "admin")
        answers = [
            await admin.get(f"/v1/workspaces/{other.workspace}/{what}")
            for what in ("activity", "contacts", "deliveries", "audit", "api-keys", "jobs")
        ]

        assert [404] * 6 == [answer.status for answer in answers]

    async def test_it_makes_no_other(self, house: House, shop: Shop) -> None:
        """A key that could would survive its own revocation."""
        admin = await program(house, shop, "admin")
        answer = await admin.post(path(shop), {"name": "mine"})

        assert (403, "forbidden") == (answer.status, answer.code)

    async def test_revoked(self, house: House, shop: Shop) -> None:
        """It opens nothing from then on, and what it watches ends; revoking twice is once."""
        admin, reader = await house.member(shop, "admin"), await program(house, shop)
        live = f"/v1/workspaces/{shop.workspace}/activity/live"
        async with watching(reader, live) as stream:
            await stream.next()
            first = await admin.call("DELETE", path(shop, f"/{reader.id}"))
            await stream.ended()
        second = await admin.call("DELETE", path(shop, f"/{reader.id}"))
        answer = await reader.get("/v1/workspaces")

        assert (204, 204) == (first.status, second.status)
        assert (401, "unauthenticated") == (answer.status, answer.code)

    async def test_over(self, house: House, owner: Database, shop: Shop) -> None:
        """After its last moment it opens nothing."""
        reader = await program(house, shop)
        await owner.execute(
            """
            update public.api_keys
               set created_at = now() - interval '2 days', expires_at = now() - interval '1 day'
             where id = $1
            """,
            reader.id,
        )

        assert 401 == (await reader.get("/v1/workspaces")).status

    @pytest.mark.parametrize("key", ["sb_", "sb_" + "x" * 43, "sb_'; --", "sb_" + "x" * 4_000])
    async def test_nobodys(self, house: House, key: str) -> None:
        """What is no key of anybody's is told so, and shown nowhere."""
        answer = await house.call(
            "GET", "/v1/workspaces", headers={"Authorization": f"Bearer {key}"}
        )

        assert (401, "unauthenticated") == (answer.status, answer.code)
        assert key not in answer.text or key == "sb_"

    async def test_calls_are_limited(
        self, owner: Database, shop: Shop, api_url: str, redis_url: str
    ) -> None:
        """Each key has its own share; who made it keeps theirs."""
        limits = {"control_calls_burst": 2, "control_calls_per_s": 0.001}
        async with open_house(owner, api_url, redis_url, **limits) as house:
            one, other = await program(house, shop), await program(house, shop)
            statuses = [(await one.get("/v1/workspaces")).status for _ in range(3)]

            assert [200, 200, 429] == statuses
            assert 200 == (await other.get("/v1/workspaces")).status

    async def test_its_use_is_noted(self, house: House, shop: Shop) -> None:
        """Who looks at the keys sees which are used."""
        reader, admin = await program(house, shop), await house.member(shop, "admin")
        (before,) = (await admin.get(path(shop))).body["items"]
        await reader.get("/v1/workspaces")
        (after,) = (await admin.get(path(shop))).body["items"]

        assert before["last_used_at"] is None
        assert after["last_used_at"] is not None


class TestWhoMay:
    @pytest.mark.parametrize("role", ["viewer", "editor"])
    async def test_admins_alone(self, house: House, shop: Shop, role: Role) -> None:
        """Others neither see keys nor make nor revoke them, nor read the log or the jobs."""
        person, reader = await house.member(shop, role), await program(house, shop)
        workspace = f"/v1/workspaces/{shop.workspace}"
        answers = [
            await person.get(path(shop)),
            await person.post(path(shop), {"name": "mine"}),
            await person.call("DELETE", path(shop, f"/{reader.id}")),
            await person.get(f"{workspace}/audit"),
            await person.get(f"{workspace}/jobs"),
        ]

        assert [403] * 5 == [answer.status for answer in answers]
        assert 200 == (await reader.get("/v1/workspaces")).status

    async def test_keys_of_others(self, house: House, owner: Database, shop: Shop) -> None:
        """Another tenant's key is not found, let alone revoked."""
        reader = await program(house, await open_shop(owner))
        admin = await house.member(shop, "admin")
        answer = await admin.call("DELETE", path(shop, f"/{reader.id}"))

        assert 404 == answer.status
        assert 200 == (await reader.get("/v1/workspaces")).status


class TestAudit:
    async def test_narrowed(self, house: House, shop: Shop) -> None:
        """The newest line is first, and each filter narrows."""
        admin = await house.member(shop, "admin")
        for name in ("a", "b", "c"):
            await admin.post(path(shop), {"name": name})
        log = f"/v1/workspaces/{shop.workspace}/audit"
        soon = (now() + timedelta(hours=1)).isoformat().replace("+", "%2B")

        async def names(query: str) -> list[str]:
            items = (await admin.get(f"{log}?{query}")).body["items"]
            return [one["after"]["name"] for one in items if one["subject"] == "api_keys"]

        assert ["c", "b", "a"] == await names("")
        assert ["c", "b", "a"] == await names(f"subject=api_keys&actor_id={admin.id}&to={soon}")
        assert [] == await names(f"actor_id={uuid4()}")
        assert [] == await names(f"from={soon}")
        assert [] == await names("action=delete")
        page = (await admin.get(f"{log}?limit=2&subject=api_keys")).body
        rest = await names(f"limit=2&subject=api_keys&cursor={page['next_cursor']}")
        assert ["a"] == rest

    async def test_jobs(self, house: House, owner: Database, shop: Shop) -> None:
        """A workspace's admins see its jobs, and not those of others or of the installation."""
        other = await open_shop(owner)
        await owner.execute(
            """
            insert into private.jobs (name, subject, workspace_id)
            values ('b', '1', $1), ('a', '2', $1), ('a', '1', $1), ('c', '1', $2), ('d', '1', null)
            """,
            shop.workspace,
            other.workspace,
        )
        admin = await house.member(shop, "admin")
        jobs = f"/v1/workspaces/{shop.workspace}/jobs?limit=2"
        first = (await admin.get(jobs)).body
        second = (await admin.get(f"{jobs}&cursor={first['next_cursor']}")).body

        assert [("a", "1"), ("a", "2"), ("b", "1")] == [
            (one["name"], one["subject"]) for one in first["items"] + second["items"]
        ]
        assert second["next_cursor"] is None


# Whatever may have kept a key.
_STORED = """
select (select coalesce(string_agg(one::text, ''), '') from public.api_keys one)
       || (select coalesce(string_agg(one::text, ''), '') from public.audit_log one)
       || (select coalesce(string_agg(convert_from(body, 'UTF8'), ''), '')
             from private.idempotency_keys) as all
"""
