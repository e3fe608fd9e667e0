"""Two routers decide about the same people at once, and Redis is emptied meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest

from services.router.router import Router
from switchboard.contracts import InboundEvent, PersonId
from switchboard.db import rules
from switchboard.rules import replaying
from switchboard.rules.rulebook import compile_rules
from tests.integration.router.stage import Stage, received

ONCE = {
    "trigger": {"kind": "comment", "keywords": {"include": ["link"]}},
    "conditions": {"once": {"per": "campaign"}},
    "steps": [{"kind": "private_reply", "variants": [{"text": "Here it is"}]}],
}
PEOPLE = [PersonId(str(number)) for number in range(1, 6)]
EACH = 40


async def worked_off(
    router: Router, queue: list[InboundEvent], stage: Stage, chance: random.Random, flush: float
) -> None:
    """Handle a queue ten at a time, putting back what must come again, and flush Redis at times."""
    while queue:
        batch = [queue.pop() for _ in range(min(10, len(queue)))]
        if chance.random() < flush:
            await stage.redis.flushdb()
        ended = await router.events(received(*batch))
        again = [one for one, failure in zip(batch, ended, strict=True) if failure is not None]
        queue[:0] = again


@pytest.mark.parametrize(("seed", "flush"), [(1, 0.0), (2, 0.3), (3, 1.0)])
async def test_one_answer_for_each_person(stage: Stage, seed: int, flush: float) -> None:
    """Of 200 comments, each given to both routers, exactly one of each person is answered."""
    await stage.publish(ONCE)
    chance = random.Random(seed)
    begun = stage.now() - timedelta(minutes=5)
    comments: list[InboundEvent] = [
        stage.comment(author_id=person, occurred_at=begun + timedelta(seconds=number))
        for person in PEOPLE
        for number in range(EACH)
    ]
    queues = [chance.sample(comments, len(comments)) for _ in range(2)]
    repeated = [one.model_copy(update={"trace_id": f"{n:032x}"}) for n, one in enumerate(queues[1])]

    await asyncio.gather(
        worked_off(stage.another_router(), queues[0], stage, chance, flush),
        worked_off(stage.another_router(), repeated, stage, chance, flush),
    )

    ledger, deliveries = await stage.ledger(), await stage.deliveries()
    assert {one.event_id for one in comments} == {row["event_id"] for row in ledger}
    answered = Counter(row["person_id"] for row in ledger if row["outcome"] == "matched")
    assert Counter(PEOPLE) == answered
    assert Counter(PEOPLE) == Counter(row["person_id"] for row in deliveries)
    assert {row["id"] for row in deliveries} == set(stage.outbound.due())
    assert [1] * 5 == [(await stage.contact(person)).revision for person in PEOPLE]
    await _every_decision_can_be_made_again(stage)


async def _every_decision_can_be_made_again(stage: Stage) -> None:
    (account,) = await rules.load(stage.db, [stage.shop.instagram_id])
    book = compile_rules(
        account.version, account.campaigns, account.intents, account.settings, account.posts
    )
    for row in await stage.ledger():
        stored = row["decision"]
        assert [] == replaying.differences(stored, replaying.again(row["event"], stored, book))


async def test_two_routers_with_one_event(stage: Stage) -> None:
    """The same event in both routers at the same moment is one row, and one delivery."""
    await stage.publish(ONCE)
    comment = stage.comment()
    repeated = comment.model_copy(update={"trace_id": "f" * 32})
    routers = [stage.another_router() for _ in range(2)]
    for _ in range(20):
        await stage.redis.flushdb()
        await asyncio.gather(
            routers[0].events(received(comment)), routers[1].events(received(repeated))
        )

    assert ["matched"] == [row["outcome"] for row in await stage.ledger()]
    assert 1 == len(await stage.deliveries())
    assert 1 == (await stage.contact()).revision
