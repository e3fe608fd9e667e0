"""`switchboard alerts` and `try-again`."""

from __future__ import annotations

import json

from switchboard.db.alerts import raise_alert, resolve
from switchboard.db.pool import Database
from tests.integration.cli.conftest import Switchboard
from tests.integration.db.town import Shop, hold, open_shop


async def raised(owner: Database) -> tuple[Shop, Shop]:
    """Return two shops: Meta holds one of them, and the other must be connected again."""
    held, dead = await open_shop(owner), await open_shop(owner)
    detail = {"reason": "policy_block", "until": "2026-11-02T13:00:00+00:00"}
    await raise_alert(owner, held.account, "account_held", detail=detail)
    await raise_alert(owner, dead.account, "reconnect_needed", detail={"reason": "app_removed"})
    return held, dead


async def test_everything_that_is_open(owner: Database, switchboard: Switchboard) -> None:
    """Each alert is told with its account, what has happened, and what to do."""
    held, dead = await raised(owner)

    ended = await switchboard("alerts")

    assert 1 == ended.code
    assert f"{held.username}: account_held, since 2" in ended.out
    assert "Nothing is sent until 2026-11-02 13:00 UTC." in ended.out
    assert f"{dead.username}: reconnect_needed, since 2" in ended.out
    assert "the app was removed at Instagram" in ended.out
    assert "Connect the account again." in ended.out


async def test_one_account_as_json(owner: Database, switchboard: Switchboard) -> None:
    """A program gets what is stored, with the sentences beside it, of the account it named."""
    _, dead = await raised(owner)

    ended = await switchboard("alerts", "--account", dead.username, "--json")

    (alert,) = json.loads(ended.out)
    assert 1 == ended.code
    assert (str(dead.account), dead.instagram_id, dead.username) == (
        alert["account"],
        alert["instagram_id"],
        alert["username"],
    )
    assert ("reconnect_needed", "", {"reason": "app_removed"}) == (
        alert["kind"],
        alert["subject"],
        alert["detail"],
    )
    assert ("Connect the account again.", "owner") == (alert["do"], alert["audience"])


async def test_nothing_is_open(owner: Database, switchboard: Switchboard) -> None:
    """What is over is not told; a program gets an empty list."""
    held, dead = await raised(owner)
    await resolve(owner, held.account, "account_held")

    told = await switchboard("alerts", "--account", held.username)
    as_json = await switchboard("alerts", "--account", held.username, "--json")

    assert (0, "No alert is open.\n") == (told.code, told.out)
    assert (0, []) == (as_json.code, json.loads(as_json.out))
    assert 1 == (await switchboard("alerts", "--account", dead.username)).code


async def test_an_account_nobody_knows(switchboard: Switchboard) -> None:
    """One line says so."""
    ended = await switchboard("alerts", "--account", "nobody")

    assert 2 == ended.code
    assert "no account 'nobody'" in ended.err


async def test_trying_again(owner: Database, switchboard: Switchboard) -> None:
    """The hold is over at once, and the account is on probation."""
    shop = await open_shop(owner)
    free = await switchboard("try-again", "--account", shop.username)
    await hold(owner, shop)
    held = await switchboard("try-again", "--account", shop.username)

    assert (0, "The account is not held.\n") == (free.code, free.out)
    assert 0 == held.code
    assert "tried at once" in held.out
    row = await owner.fetchrow(
        "select holds, held_until <= now() as over from public.instagram_accounts"
    )
    assert row is not None
    assert (1, True) == (row["holds"], row["over"])
