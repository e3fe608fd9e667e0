"""
What the strongest open-source rival lost or did twice when it was measured: here it must be nobody.

Each test does to us what was done to it; `docs/failures.md` has both figures side by side.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from redis.asyncio import Redis

from tests.journeys.test_failures import crowd
from tests.journeys.test_walk import LINK
from tests.support.builders import on_comment, private_reply
from tests.support.installation import Business, Scene
from tests.support.waiting import until

SECRET = {"trigger": on_comment("link"), "steps": [private_reply("Here it is")]}
ONE = {"private_reply": 1}
PATIENCE_S = 90.0
UNDER_WAY = frozenset({"waiting", "parked", "ready", "sending", "uncertain"})


async def states(scene: Scene, shops: Sequence[Business]) -> Counter[str]:
    """Return how many deliveries of `shops` there are, by state."""
    total: Counter[str] = Counter()
    for shop in shops:
        total.update(await scene.states(shop))
    return total


async def comments(scene: Scene, shop: Business, people: int, *, who: str = "p") -> None:
    """Have `people` comment the keyword, and Meta tell of all of it in a webhook or two."""
    at_once = asyncio.Semaphore(20)

    async def comment(number: int) -> None:
        async with at_once:
            await scene.simulator.comment(
                shop.account_id,
                shop.media_id,
                "link",
                username=f"{who}{number}",
                expect=ONE,
                webhook={"hold": True},
            )

    await asyncio.gather(*(comment(number) for number in range(people)))
    await scene.simulator.call("POST", "/sim/flush", {"batch": True})


async def test_a_worker_killed_mid_send_doubles_nobody(scene: Scene) -> None:
    """Calls are under way when the sender dies; each is looked up, and all are answered once."""
    shops = [await scene.business(SECRET) for _ in range(4)]
    slow = {"on": "private_replies", "kind": "delay", "delay_s": 1.0}
    await scene.simulator.call("PUT", "/sim/config", {"faults": [slow]})
    first = asyncio.gather(
        *(comments(scene, shop, 20, who=f"s{n}") for n, shop in enumerate(shops))
    )
    await until(
        lambda: states(scene, shops), lambda found: found["sending"] > 0, within_s=PATIENCE_S
    )
    await scene.installation.end("sender", signal.SIGKILL)
    in_flight = (await states(scene, shops))["sending"]
    await scene.installation.start("sender")
    await first

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert in_flight > 0
    assert [] == judgement["twice"] == judgement["refused"]
    await until(lambda: states(scene, shops), lambda found: found == {"sent": 80})


async def test_meta_accepting_then_failing_doubles_nobody(scene: Scene) -> None:
    """One call in ten is done and then fails: 300 are answered once, and none is said to fail."""
    shops = [await scene.business(SECRET) for _ in range(12)]
    fails = {"on": "private_replies", "kind": "accept_then_500", "probability": 0.1}
    await scene.simulator.call("PUT", "/sim/config", {"faults": [fails], "seed": 7})

    await asyncio.gather(*(comments(scene, shop, 25) for shop in shops))

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    found = await until(
        lambda: states(scene, shops), lambda found: not UNDER_WAY & set(found), within_s=PATIENCE_S
    )
    assert judgement["ok"]
    assert [] == judgement["refused"]
    assert {"sent": 300} == found
    assert 10 <= await _once_uncertain(scene, shops)


async def test_meta_refusing_for_twenty_minutes_gives_nobody_up(scene: Scene) -> None:
    """Each is told to wait, again and again, until twenty minutes are over; then all go out."""
    shops = [await scene.business(SECRET) for _ in range(4)]
    refuses = {"on": "private_replies", "kind": "throttle", "times": None}
    await scene.simulator.call("PUT", "/sim/config", {"faults": [refuses]})
    await asyncio.gather(*(comments(scene, shop, 10) for shop in shops))
    waited, rounds = timedelta(), 0
    while waited < timedelta(minutes=20):
        rounds += 1
        await until(lambda: states(scene, shops), lambda found: found == {"parked": 40})
        waited += await _skip_the_wait(scene, shops)
        await _refused(scene, at_least=rounds * len(shops))
    await scene.simulator.call("PUT", "/sim/config", {"faults": []})
    await until(lambda: states(scene, shops), lambda found: found == {"parked": 40})
    await _skip_the_wait(scene, shops)

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert [] == judgement["lost"] == judgement["twice"]
    await until(lambda: states(scene, shops), lambda found: found == {"sent": 40})


async def test_redis_flushed_with_200_waiting_loses_nobody(scene: Scene) -> None:
    """200 replies wait for an account to be connected again; Redis is emptied; all 200 go out."""
    shops = [await scene.business(SECRET) for _ in range(8)]
    for shop in shops:
        await _status(scene, shop, "reconnect_needed")
        await comments(scene, shop, 25)
    await until(lambda: states(scene, shops), lambda found: found == {"parked": 200})

    async with Redis.from_url(scene.installation.stack.backing.redis_url) as redis:
        await redis.flushall()
    for shop in shops:
        await _status(scene, shop, "connected")

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert judgement["ok"]
    assert [] == judgement["refused"]
    await until(lambda: states(scene, shops), lambda found: found == {"sent": 200})


async def test_two_thousand_comments_at_once_skip_nobody(scene: Scene) -> None:
    """An hour has room for 720: those go as it allows, and all others wait with days to spare."""
    shop = await scene.business(SECRET)

    await comments(scene, shop, 2_000)
    found = await until(
        lambda: states(scene, [shop]),
        lambda found: found.total() == 2_000 and set(found) == {"sent", "parked"},
        within_s=PATIENCE_S,
    )

    judgement = await scene.simulator.judgement()
    assert [] == judgement["twice"] == judgement["over_limit"] == judgement["refused"]
    assert found["sent"] == judgement["sent"]
    assert 0 == await _waiting_too_long(scene, shop)


async def test_redis_down_the_webhook_answers(scene: Scene) -> None:
    """Redis is gone: every webhook is accepted all the same, and answered once it is back."""
    shops = [await scene.business(LINK) for _ in range(4)]
    await scene.installation.end("redis", signal.SIGKILL)
    try:
        await crowd(scene, shops)
        accepted = (await scene.simulator.judgement())["webhooks"]
    finally:
        await scene.installation.start("redis")

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert {"delivered": 80, "refused": 0, "failed": 0, "pending": 0} == accepted
    assert judgement["ok"]


async def _once_uncertain(scene: Scene, shops: Sequence[Business]) -> int:
    """Return how many deliveries of `shops` nobody knew the outcome of for a while."""
    rows = await scene.db.fetch(_DOUBTED, [shop.account for shop in shops])
    return int(rows[0]["n"])


async def _refused(scene: Scene, *, at_least: int) -> None:
    """Return once so many calls were refused."""

    async def ask() -> int:
        judgement = await scene.simulator.judgement()
        return len(judgement["over_limit"]) + len(judgement["refused"])

    await until(ask, lambda refused: refused >= at_least, within_s=PATIENCE_S)


async def _skip_the_wait(scene: Scene, shops: Sequence[Business]) -> timedelta:
    """Let the moment come that all of `shops` wait for; return how far away it was."""
    accounts = [shop.account for shop in shops]
    (row,) = await scene.db.fetch(_WAIT, accounts)
    async with Redis.from_url(scene.installation.stack.backing.redis_url) as redis:
        cooling = [f"cooldown:{{{shop.account_id}}}" for shop in shops]
        longest_ms = max([await redis.pttl(key) for key in cooling])
        await redis.flushall()
    await scene.db.execute(_COME, accounts)
    wait: timedelta = row["wait"]
    return max(wait, timedelta(milliseconds=longest_ms))


async def _status(scene: Scene, shop: Business, status: str) -> None:
    await scene.db.execute(
        "update public.instagram_accounts set status = $2 where id = $1", shop.account, status
    )


async def _waiting_too_long(scene: Scene, shop: Business) -> int:
    """Return how many would be late even at an eighth of the pace of Meta's hour."""
    rows = await scene.db.fetch(_LATE, shop.account)
    return int(rows[0]["n"])


_LATE = """
select count(*) as n
  from (select deadline, row_number() over (order by deadline, id) as place
          from public.deliveries
         where account_id = $1 and state = 'parked') waiting
 where deadline < now() + place * interval '40 s'
"""
_DOUBTED = """
select count(distinct step.delivery_id) as n
  from public.delivery_transitions step
  join public.deliveries delivery on delivery.id = step.delivery_id
 where delivery.account_id = any ($1::uuid[]) and step.after = 'uncertain'
"""
_WAIT = """
select greatest(max(not_before) - now(), interval '0') as wait
  from public.deliveries
 where account_id = any ($1::uuid[]) and state = 'parked'
"""
_COME = """
update public.deliveries
   set not_before = least(not_before, now())
 where account_id = any ($1::uuid[]) and state = 'parked'
"""
