"""The walk while something is being broken: it may take longer, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from switchboard.queues import Address, open_sqs
from switchboard.topology import EVENTS
from tests.journeys.test_walk import BOTH, LINK, PRICE
from tests.support.installation import Business, Scene
from tests.support.waiting import until

# An account may send some thirty private replies at once; a crowd stays under that at each.
SHOPS, PEOPLE = 4, 20
CROWD = SHOPS * PEOPLE
PATIENCE_S = 60.0


async def open_shops(scene: Scene) -> list[Business]:
    """Open the shops a crowd writes to."""
    return [await scene.business(LINK) for _ in range(SHOPS)]


async def crowd(scene: Scene, shops: Sequence[Business]) -> None:
    """Have people comment the keyword at all `shops`, some at a time."""
    at_once = asyncio.Semaphore(10)

    async def comment(shop: Business, number: int) -> None:
        async with at_once:
            await scene.simulator.comment(
                shop.account_id, shop.media_id, "link", username=f"p{number}", expect=BOTH
            )

    await asyncio.gather(*(comment(shop, number) for number in range(PEOPLE) for shop in shops))


@pytest.mark.parametrize("name", ["ingress", "router", "sender"])
async def test_a_service_told_to_stop_under_load_finishes(scene: Scene, name: str) -> None:
    """SIGTERM under load ends a service cleanly; its successor does the rest, and nothing twice."""
    shops = await open_shops(scene)
    first = asyncio.create_task(crowd(scene, shops))
    await scene.simulator.under_way()
    code = await scene.installation.end(name, signal.SIGTERM)
    await scene.installation.start(name)
    await first

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert 0 == code
    assert judgement["ok"]
    assert [] == judgement["refused"]


@pytest.mark.parametrize("name", ["ingress", "router", "classifier"])
async def test_a_killed_service_loses_nothing(scene: Scene, name: str) -> None:
    """SIGKILL takes a service in the middle of its work; everyone is answered all the same."""
    shops = await open_shops(scene)
    first = asyncio.create_task(crowd(scene, shops))
    await scene.simulator.under_way()
    code = await scene.installation.end(name, signal.SIGKILL)
    await scene.installation.start(name)
    await first

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert -signal.SIGKILL == code
    assert judgement["ok"]
    assert [{"matched": PEOPLE}] * SHOPS == [await scene.outcomes(shop) for shop in shops]


async def test_a_killed_sender_sends_nothing_twice(scene: Scene) -> None:
    """What a killed sender may have sent is found out: everyone is answered, nobody twice."""
    shops = await open_shops(scene)
    first = asyncio.create_task(crowd(scene, shops))
    await scene.simulator.under_way()
    await scene.installation.end("sender", signal.SIGKILL)
    await scene.installation.start("sender")
    await first
    states = await sent(scene, shops)

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert {"sent": 2 * CROWD} == states
    assert judgement["ok"]
    assert [] == judgement["refused"]


@pytest.mark.parametrize("echoes", [True, False])
async def test_answers_that_never_come_are_found_out(
    scene: Scene,
    echoes: bool,  # noqa: FBT001  a table's column
) -> None:
    """Meta acts and says nothing, or says nothing and does not act: each is told from the other."""
    shops = await open_shops(scene)
    faults = [
        {"on": on, "kind": kind, "times": 3, "accepts": accepts}
        for on in ("private_replies", "replies")
        for kind, accepts in (
            ("drop_connection", True),
            ("drop_connection", False),
            ("accept_then_500", True),
            ("accept_then_code_1", True),
        )
    ]
    own = {"echoes": echoes, "own_reply_webhooks": echoes}
    await scene.simulator.call("PUT", "/sim/config", {"faults": faults, **own})
    await crowd(scene, shops)
    states = await sent(scene, shops)

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert {"sent": 2 * CROWD} == states
    assert judgement["ok"]
    assert [] == judgement["refused"]
    assert [0] * SHOPS == [await scene.paused(shop) for shop in shops]


async def sent(scene: Scene, shops: Sequence[Business]) -> Counter[str]:
    """Return the states of the deliveries of `shops` once all are sent; fail if time runs out."""

    async def ask() -> Counter[str]:
        states: Counter[str] = Counter()
        for shop in shops:
            states.update(await scene.states(shop))
        return states

    return await until(ask, lambda states: states == {"sent": 2 * CROWD}, within_s=2 * PATIENCE_S)


async def test_poison_is_buried_and_blocks_nobody(scene: Scene) -> None:
    """A message no contract describes lies among the dead letters at once, with its reason."""
    shop = await scene.business(PRICE)
    around = scene.installation.stack.around
    endpoint = scene.installation.stack.backing.aws_endpoint_url
    async with open_sqs(endpoint_url=endpoint, region=around.region) as sqs:
        events = await Address(sqs, EVENTS.physical(around.queue_prefix)).url()
        dead = await Address(sqs, EVENTS.dead_letters(around.queue_prefix)).url()
        await sqs.send_message(QueueUrl=events, MessageBody=json.dumps({"kind": "comment.v99"}))
        await scene.simulator.message(shop.account_id, "price", expect={"message": 1})
        found = await sqs.receive_message(
            QueueUrl=dead, WaitTimeSeconds=20, MessageAttributeNames=["All"]
        )

    letter = found["Messages"][0]
    assert {"kind": "comment.v99"} == json.loads(letter["Body"])
    assert "comment.v99" in letter["MessageAttributes"]["Reason"]["StringValue"]
    assert (await scene.simulator.all_answered())["ok"]


async def test_a_queue_that_does_not_answer_makes_meta_repeat(scene: Scene) -> None:
    """While SQS hangs, ingress says 503 within Meta's patience; afterwards nobody is missing."""
    shop = await scene.business(LINK)
    await scene.simulator.call(
        "PUT", "/sim/config", {"webhook_retry": {"attempts": 20, "base_delay_s": 0.5}}
    )
    scene.installation.send("sqs", signal.SIGSTOP)
    try:
        told = await scene.simulator.comment(
            shop.account_id, shop.media_id, "link", expect=BOTH, username="p"
        )
    finally:
        scene.installation.send("sqs", signal.SIGCONT)

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert 503 == told["webhook"][0]["status"]
    assert judgement["ok"]
    assert [] == judgement["refused"]


@pytest.mark.parametrize("server", ["postgres", "redis"])
async def test_a_server_that_is_away_is_waited_for(scene: Scene, server: str) -> None:
    """PostgreSQL or Redis ends; webhooks are accepted, and once it is back all are answered."""
    shops = await open_shops(scene)
    await scene.installation.end(server, signal.SIGINT)
    await crowd(scene, shops)
    accepted = await scene.simulator.judgement()
    await scene.installation.start(server)

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert 0 == accepted["sent"]
    assert CROWD == accepted["webhooks"]["delivered"]
    assert judgement["ok"]
    assert [] == judgement["refused"]


async def test_redis_emptied_costs_nothing(scene: Scene) -> None:
    """Redis is emptied in the middle of a crowd: nobody is forgotten, nobody answered twice."""
    shops = await open_shops(scene)
    first = asyncio.create_task(crowd(scene, shops))
    await scene.simulator.under_way()
    async with Redis.from_url(scene.installation.stack.backing.redis_url) as redis:
        await redis.flushall()
    await first

    judgement = await scene.simulator.all_answered(PATIENCE_S)
    assert judgement["ok"]
    assert [] == judgement["refused"]
