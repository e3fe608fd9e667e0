"""The forecast on the command line: numbers, and names where they are asked for."""

from __future__ import annotations

import json

import pytest

from switchboard.db.pool import Database
from tests.integration.cli.conftest import Switchboard
from tests.integration.db.queues import add_campaign, crowd, wait
from tests.integration.db.town import Shop, open_shop, owe


@pytest.fixture
async def shop(owner: Database) -> Shop:
    """A tenant whose account may send 24 private replies an hour, one of them at once."""
    shop = await open_shop(owner)
    await owner.execute("update public.instagram_accounts set private_replies_per_hour = 24")
    return shop


async def test_nobody_waits(shop: Shop, switchboard: Switchboard) -> None:
    """An account without a queue has nothing to foresee."""
    told = await switchboard("forecast", "--account", shop.username)

    assert (0, "Nobody waits for a private reply.\n") == (told.code, told.out)


async def test_each_campaign_and_all(owner: Database, shop: Shop, switchboard: Switchboard) -> None:
    """Numbers by campaign in the owner's order, and of all; who is too late only if asked for."""
    other = await add_campaign(owner, shop, rank=2)
    for hours in (1, 24):
        await wait(owner, shop, hours=hours)
    late = [await wait(owner, shop, hours=0.1, campaign_id=other) for _ in range(2)]

    told = await switchboard("forecast", "--account", shop.username)
    named = await switchboard("forecast", "--account", shop.username, "--missing")

    lines = [line.split() for line in told.out.splitlines()]
    assert "With at most 24 private replies an hour, in UTC" == told.out.splitlines()[0]
    assert [("link", "2", "0"), ("rank", "2", "2", "1"), ("all", "4", "1")] == [
        (lines[2][0], lines[2][1], lines[2][4]),
        (*lines[3][:3], lines[3][5]),
        (lines[4][0], lines[4][1], lines[4][4]),
    ]
    assert named.out.startswith(told.out.rstrip("\n"))
    assert 1 == sum(str(one) in named.out for one in late)
    assert not any(str(one) in told.out for one in late)


async def test_as_json(owner: Database, shop: Shop, switchboard: Switchboard) -> None:
    """Programs get the same, with what the forecast takes for granted."""
    await crowd(owner, shop, 5_000)
    await owner.execute("update public.instagram_accounts set status = 'reconnect_needed'")

    told = await switchboard("forecast", "--account", shop.username, "--json", "--missing")

    found = json.loads(told.out)
    assert ("reconnect_needed", None, 24) == (found["status"], found["opens"], found["an_hour"])
    assert found["account"] == found["campaigns"][str(shop.campaign)]
    # The first one is out; of 23 an hour 3,864 go in 7 days, less a margin.
    assert 5_001 == found["account"]["waiting"]
    assert 5_001 - 3_865 <= found["account"]["missed"] == len(found["missing"]) <= 5_001 - 3_862
    assert {"delivery_id", "comment_id", "campaign_id", "deadline"} == set(found["missing"][0])


async def test_turns_that_were_taken(owner: Database, shop: Shop, switchboard: Switchboard) -> None:
    """What was begun within the hour has used its turns, as the limits would say."""
    await wait(owner, shop, hours=0.1)
    before = json.loads((await switchboard("forecast", "--account", shop.username, "--json")).out)
    begun = await owe(owner, shop, state="parked")
    for state in ("ready", "sending", "sent"):
        await owner.execute(_MOVE[state], begun)
    after = json.loads((await switchboard("forecast", "--account", shop.username, "--json")).out)

    assert (0, 1) == (before["account"]["missed"], after["account"]["missed"])


_MOVE = {
    "ready": "update public.deliveries set state = 'ready', published_at = now() where id = $1",
    "sending": "update public.deliveries set state = 'sending', lease_owner = 'me',"
    " lease_until = now() where id = $1",
    "sent": "update public.deliveries set state = 'sent', sent_at = now() where id = $1",
}
