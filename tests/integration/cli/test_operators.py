"""`switchboard operators`: who runs the installation."""

from __future__ import annotations

import json

from switchboard.db.pool import Database
from tests.integration.cli.conftest import Switchboard
from tests.integration.db.users import sign_up


async def test_from_first_to_last(owner: Database, switchboard: Switchboard) -> None:
    """A user is one from when it is said, by address or id, until it is unsaid."""
    user = await sign_up(owner, "ops@shop.example")
    none = await switchboard("operators", "list")
    added = await switchboard("operators", "add", "OPS@shop.example")
    again = await switchboard("operators", "add", user)
    (listed,) = json.loads((await switchboard("operators", "list", "--json")).out)
    shown = await switchboard("operators", "list")
    removed = await switchboard("operators", "remove", user)
    gone = await switchboard("operators", "remove", user)

    assert [0, 0, 0, 0, 2] == [one.code for one in (none, added, again, removed, gone)]
    assert (str(user), "ops@shop.example", "postgres") == (
        listed["id"],
        listed["email"],
        listed["added_by"],
    )
    assert "ops@shop.example" in shown.out
    assert "is no operator" in gone.err


async def test_nobody_of_that_name(owner: Database, switchboard: Switchboard) -> None:
    """Who has not signed up cannot be one."""
    ended = await switchboard("operators", "add", "nobody@shop.example")

    assert (2, True) == (ended.code, "there is no user" in ended.err)
    assert [] == json.loads((await switchboard("operators", "list", "--json")).out)
