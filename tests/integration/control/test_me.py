"""Who calls, as they are told themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from switchboard.db.pool import Database
from tests.integration.control.house import House
from tests.integration.db.town import Shop, open_shop


async def test_somebody_new(house: House) -> None:
    """Whoever has just signed up is in no workspace, and runs nothing."""
    person = await house.newcomer("ada@example.com")

    me = await person.get("/v1/me")

    assert 200 == me.status, me.text
    assert {
        "kind": "user",
        "id": str(person.id),
        "email": "ada@example.com",
        "is_operator": False,
        "workspaces": [],
        "has_more": False,
    } == me.body


async def test_somebody_with_workspaces(house: House, owner: Database, shop: Shop) -> None:
    """A user sees each workspace they are in, with what they are there, and no other."""
    person = await house.member(shop, "editor")
    await open_shop(owner)
    begun = await person.post("/v1/workspaces", {"name": "of their own"})

    me = await person.get("/v1/me")

    listed = (await person.get("/v1/workspaces")).body["items"]
    assert listed == me.body["workspaces"]
    assert [(str(shop.workspace), "editor"), (begun.body["id"], "owner")] == [
        (one["id"], one["role"]) for one in me.body["workspaces"]
    ]


async def test_more_workspaces_than_are_told(house: House, owner: Database) -> None:
    """Of somebody who is in very many the first are told, and that there are more."""
    person = await house.newcomer()
    await owner.execute(_MANY, person.id)

    me = await person.get("/v1/me")

    assert (100, True) == (len(me.body["workspaces"]), me.body["has_more"])


async def test_an_operator(house: House, owner: Database) -> None:
    """Whoever runs the installation is told so."""
    person = await house.newcomer()
    await owner.execute("insert into private.operators (user_id) values ($1)", person.id)

    assert (await person.get("/v1/me")).body["is_operator"] is True


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
async def test_a_program(house: House, shop: Shop, role: str) -> None:
    """A key of any role is told its name, role and workspace, and not who made it."""
    program, made = await _program(house, shop, role)

    me = await program.get("/v1/me")

    assert 200 == me.status, me.text
    shown = {name: made[name] for name in ("id", "name", "prefix", "role", "expires_at")}
    told = me.body
    workspace = told.pop("workspace")
    assert {"kind": "api_key", **shown} == told
    assert (str(shop.workspace), role) == (workspace["id"], workspace["role"])


async def test_a_program_whose_key_is_revoked(house: House, owner: Database, shop: Shop) -> None:
    """It is nobody."""
    program, _ = await _program(house, shop, "viewer")
    await owner.execute("update public.api_keys set revoked_at = now()")

    assert (401, "unauthenticated") == ((me := await program.get("/v1/me")).status, me.code)


async def _program(house: House, shop: Shop, role: str) -> tuple[Any, dict[str, Any]]:
    admin = await house.member(shop, "admin")
    wanted = {"name": "ERP", "role": role}
    made = await admin.post(f"/v1/workspaces/{shop.workspace}/api-keys", wanted)
    assert 201 == made.status, made.text
    return replace(admin, id=made.body["id"], token=made.body["key"]), made.body


_MANY = """
with made as (
  insert into public.workspaces (name)
  select 'client ' || number from generate_series(1, 101) number
  returning id
)
insert into public.memberships (workspace_id, user_id, role)
select id, $1, 'viewer' from made
"""
