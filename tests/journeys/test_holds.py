"""Accounts that Meta restricts or lets in no more: what is owed waits, and none of it is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from switchboard.db import alerts, connections, holds
from tests.journeys.test_walk import BOTH, LINK, PRICE
from tests.support.installation import Business, Scene
from tests.support.waiting import until

PEOPLE = 8
DAYS = timedelta(days=3)


async def restrict(scene: Scene, shop: Business, preset: str, **more: Any) -> None:
    """Let the simulator refuse the shop's next call so."""
    fault = {"preset": preset, "account_id": shop.account_id, "times": 1, **more}
    await scene.simulator.call("PUT", "/sim/config", {"faults": [fault]})


async def crowd(scene: Scene, shop: Business, name: str = "p") -> None:
    """Let people comment the keyword, all at once."""
    await asyncio.gather(
        *(
            scene.simulator.comment(
                shop.account_id, shop.media_id, "link", username=f"{name}{n}", expect=BOTH
            )
            for n in range(PEOPLE)
        )
    )


async def resting(scene: Scene, shop: Business, deliveries: int) -> dict[str, int]:
    """Return the states of the shop's deliveries once all are there and none is on its way."""
    return await until(
        lambda: scene.states(shop),
        lambda states: (
            sum(states.values()) == deliveries and not states.keys() & {"ready", "sending"}
        ),
        within_s=60,
    )


async def told(scene: Scene, shop: Business) -> list[str]:
    """Return the kinds of alert that are open."""
    return [one.kind for one in await alerts.open_alerts(scene.db, shop.account)]


async def three_days_pass(scene: Scene, shop: Business) -> None:
    """Let time pass at the simulator, and bring nearer what our rows say of the future."""
    shift = {"clock": {"offset_s": DAYS.total_seconds()}}
    await scene.simulator.call("PUT", "/sim/config", shift)
    for statement in (_NEARER, _CLOSING):
        await scene.db.execute(statement, shop.account, DAYS)


async def test_a_token_that_died_three_days_ago(scene: Scene) -> None:
    """
    People go on commenting and writing, and are decided; nobody hears anything.

    When the owner has connected again, comments are answered, within their seven days; messages,
    whose day is over, say why they were not. Another account notices nothing of it.
    """
    shop, other = await scene.business(LINK, PRICE), await scene.business(PRICE)
    await restrict(scene, shop, "token_revoked")
    await crowd(scene, shop)
    for name in ("ana", "bo"):
        await scene.simulator.message(shop.account_id, "price?", username=name)
    await scene.simulator.message(other.account_id, "price?", expect={"message": 1})

    owed = 2 * PEOPLE + 2
    assert {"parked": owed} == await resting(scene, shop, owed)
    assert {"matched": PEOPLE + 2} == await scene.outcomes(shop)
    assert ["reconnect_needed"] == await told(scene, shop)

    await three_days_pass(scene, shop)
    late = await until(
        lambda: scene.states(shop), lambda states: states.get("expired", 0) == 2, within_s=30
    )
    assert {"parked": 2 * PEOPLE, "expired": 2} == late

    account = f"/sim/accounts/{shop.account_id}"
    username = f"shop{shop.account_id[-4:]}"
    await scene.simulator.call("PUT", account, {"username": username, "token": "another"})
    sealed = scene.installation.vault.seal("another", shop.account)
    assert await connections.reconnect(scene.db, shop.account, sealed, None)
    judgement = await scene.simulator.all_answered(60)

    assert judgement["ok"]
    assert {"sent": 2 * PEOPLE, "expired": 2} == await resting(scene, shop, owed)
    assert Counter({"not_reconnected_in_time": 2}) == await reasons(scene, shop)
    assert [] == await told(scene, shop)
    assert {"sent": 1} == await scene.states(other)
    assert [] == await told(scene, other)


async def test_a_crowd_at_a_restricted_account(scene: Scene) -> None:
    """
    A crowd meets the restriction, and another comes while it lasts: not one call is made.

    When it is over somebody says so; one answer goes out, and then everybody has theirs.
    """
    shop = await scene.business(LINK)
    await restrict(scene, shop, "policy_block", hold_s=3600)
    await crowd(scene, shop)
    await resting(scene, shop, 2 * PEOPLE)
    await crowd(scene, shop, "q")
    held = await resting(scene, shop, 4 * PEOPLE)
    await scene.simulator.call("DELETE", "/sim/holds", account_id=shop.account_id)
    before = await told(scene, shop)
    await holds.try_now(scene.db, shop.account)
    judgement = await scene.simulator.all_answered(90)

    assert held.keys() <= {"parked", "sent"}
    assert ["account_held"] == before
    assert judgement["ok"]
    assert {"sent": 4 * PEOPLE} == await resting(scene, shop, 4 * PEOPLE)
    assert [] == await told(scene, shop)


async def reasons(scene: Scene, shop: Business) -> Counter[str]:
    """Return why deliveries of the shop were not sent."""
    rows = await scene.db.fetch(_REASONS, shop.account)
    return Counter({row["reason"]: row["n"] for row in rows})


_NEARER = """
update public.deliveries
   set deadline = deadline - $2::interval, not_before = not_before - $2::interval
 where account_id = $1
"""
_CLOSING = """
update public.contacts set window_closes_at = window_closes_at - $2::interval where account_id = $1
"""
_REASONS = """
select reason, count(*)::int as n from public.deliveries
 where account_id = $1 and reason is not null
 group by reason
"""
