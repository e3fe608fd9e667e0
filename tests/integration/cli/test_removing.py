"""`switchboard workspaces`: which there are, who owns them, and the end of one."""

from __future__ import annotations

import json

import pytest

from switchboard.db import removals
from switchboard.db.pool import Database
from tests.integration.cli.conftest import Switchboard
from tests.integration.db.town import Shop, open_shop
from tests.integration.db.users import sign_up


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A workspace that is called Hats."""
    shop = await open_shop(owner)
    await owner.execute("update public.workspaces set name = 'Hats' where id = $1", shop.workspace)
    return shop


async def test_from_first_to_last(owner: Database, switchboard: Switchboard, shop: Shop) -> None:
    """It is asked for by name or id, is seen in the list, can be called off, and is logged."""
    asked = await switchboard(
        "workspaces", "delete", "Hats", "--after-days", "3", "--yes", "--json"
    )
    (listed,) = json.loads((await switchboard("workspaces", "list", "--json")).out)
    shown = await switchboard("workspaces", "list")
    kept = await switchboard("workspaces", "keep", shop.workspace)
    twice = await switchboard("workspaces", "keep", shop.workspace)
    await switchboard("workspaces", "delete", shop.workspace, "--yes")
    await owner.execute(
        "update public.workspaces set deletion_asked_at = now() - interval '8 days',"
        " deletion_due_at = now() - interval '1 day'"
    )
    await removals.begin(owner, shop.workspace)
    late = await switchboard("workspaces", "keep", shop.workspace)
    await removals.remove(owner, shop.workspace, most=1_000)
    (gone,) = json.loads((await switchboard("workspaces", "list", "--removed", "--json")).out)
    told = await switchboard("workspaces", "list", "--removed")
    none = await switchboard("workspaces", "list")

    assert [0, 0, 0, 2, 2, 0, 0] == [
        one.code for one in (asked, shown, kept, twice, late, told, none)
    ]
    assert json.loads(asked.out)["deletion_due_at"] == listed["deletion_due_at"]
    assert ("Hats", 1, 0) == (listed["name"], listed["accounts"], listed["members"])
    assert "nobody" in shown.out  # owns it: it was made without a user
    assert "too late" in late.err
    assert (str(shop.workspace), None, 1) == (
        gone["workspace_id"],
        gone["asked_by"],
        gone["counts"]["public.instagram_accounts"],
    )
    assert gone["finished_at"] is not None
    assert str(shop.workspace) in told.out
    assert "There are none." in none.out


async def test_a_new_owner(owner: Database, switchboard: Switchboard, shop: Shop) -> None:
    """A user who has signed up is made an owner, by id or address; anybody else is not."""
    await sign_up(owner, "ada@shop.example")
    none = await switchboard("workspaces", "owner", "Hats", "nobody@shop.example")
    made = await switchboard("workspaces", "owner", "Hats", "ADA@shop.example")
    (listed,) = json.loads((await switchboard("workspaces", "list", "--json")).out)

    assert (2, 0) == (none.code, made.code)
    assert "there is no user" in none.err
    assert ["ada@shop.example"] == listed["owners"]


async def test_what_is_not_there(switchboard: Switchboard) -> None:
    """A workspace that is not there is told in one line, whatever is wanted of it."""
    nobodys = "00000000-0000-0000-0000-000000000001"
    ended = [
        await switchboard("workspaces", "delete", nobodys, "--yes"),
        await switchboard("workspaces", "keep", nobodys),
        await switchboard("workspaces", "owner", nobodys, "ada@shop.example"),
        await switchboard("workspaces", "delete", "no such name", "--yes"),
    ]

    assert [2, 2, 2, 2] == [one.code for one in ended]
    assert all(1 == one.err.count("\n") for one in ended)
