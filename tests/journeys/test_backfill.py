"""Meta does not tell of a fifth of the comments: they are found, and everybody is answered once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.control.caretaker.backfilling import Backfilling
from services.control.caretaker.budget import CallBudget
from services.control.caretaker.covering import Covering
from services.control.caretaker.shelf import Shelf
from services.control.caretaker.sifting import Sifting
from services.control.caretaker.watching import Rhythm
from switchboard.clock import utc_now
from switchboard.db import care, coverage
from switchboard.db.care import Cared
from switchboard.graph import AccountClient, open_http
from switchboard.queues import Address, Publisher, open_sqs
from switchboard.state import Limits, open_redis
from switchboard.telemetry import Meter
from switchboard.topology import EVENTS
from tests.support.builders import on_comment, private_reply
from tests.support.installation import Business, Scene

LINK = {"trigger": on_comment("link"), "steps": [private_reply("Here it is")]}
ANSWERED = LINK | {"trigger": on_comment("link", include_replies=True)}
# As many private replies as go at once; and what else people write.
ASKING, OTHERS = 28, 92
PEOPLE = ASKING + OTHERS


@pytest.fixture
async def jobs(scene: Scene) -> AsyncIterator[tuple[Backfilling, Covering]]:
    """The two jobs that read comments, at the installation's own servers."""
    around, backing = scene.installation.stack.around, scene.installation.stack.backing
    async with (
        open_redis(backing.redis_url) as redis,
        open_sqs(endpoint_url=backing.aws_endpoint_url, region=around.region) as sqs,
        Publisher.open(sqs, Address(sqs, EVENTS.physical(around.queue_prefix))) as events,
        open_http() as http,
    ):
        meta = AccountClient(
            http, url=scene.installation.metasim_url, version="v26.0", call_budget_s=10
        )
        budget = CallBudget(Limits(redis), an_hour=1_000)
        shelf = Shelf(db=scene.db, meta=meta, budget=budget, vault=scene.installation.vault)
        sifting = Sifting(
            db=scene.db,
            meta=meta,
            budget=budget,
            events=events,
            meter=Meter("control", "test"),
            now=utc_now,
            on_its_way=timedelta(),
        )
        rhythm = Rhythm(usual=timedelta(minutes=10), soon=timedelta(minutes=1))
        yield (
            Backfilling(shelf=shelf, sifting=sifting, rhythm=rhythm, now=utc_now),
            Covering(shelf=shelf, sifting=sifting, now=utc_now, deep=1_000),
        )


async def cared_for(scene: Scene, shop: Business) -> Cared:
    account = await care.connected(scene.db, shop.account)
    assert account is not None
    return account


async def burst(scene: Scene, shop: Business, text: str, count: int, *, replies: int) -> int:
    """Let `count` people write `text`; return of how many nobody is told."""
    body = {
        "account_id": shop.account_id,
        "media_id": shop.media_id,
        "username": text.lower(),
        "text": text,
        "count": count,
        "expect": {"private_reply": replies, "public_reply": 0},
    }
    told = await scene.simulator.call("POST", "/sim/bursts", body)
    lost: int = told["webhooks"].get("lost", 0)
    return lost


async def test_a_fifth_of_the_webhooks_never_come(
    scene: Scene, jobs: tuple[Backfilling, Covering]
) -> None:
    """Without backfill some would never be answered; with it, all are, nobody twice."""
    backfilling, covering = jobs
    shop = await scene.business(LINK)
    loss = {"share": 0.2, "seed": 7}
    await scene.simulator.call("PUT", "/sim/config", {"webhook_loss": loss})
    lost = await burst(scene, shop, "LINK", ASKING, replies=1)
    lost += await burst(scene, shop, "lovely", OTHERS, replies=0)
    await scene.decided(shop, events=PEOPLE - lost)

    account = await cared_for(scene, shop)
    found = await backfilling.run(account)
    await scene.decided(shop, events=PEOPLE)
    again = await backfilling.run(account)
    counted = await covering.run(account)
    judged = await scene.simulator.all_answered(timeout_s=60)
    (post,) = await coverage.of_account(scene.db, shop.account)

    assert 10 < lost < 40
    assert lost == found.detail["missed"]
    assert (0, 0) == (again.detail["missed"], counted.detail["missed"])
    assert (PEOPLE, PEOPLE) == (post.readable, post.stored)
    assert judged["ok"]
    assert {"matched": ASKING, "no_match": OTHERS} == await scene.outcomes(shop)
    assert {"sent": ASKING} == await scene.states(shop)
    assert [] == (await scene.simulator.judgement())["twice"]


async def test_an_answer_beyond_the_fiftieth(
    scene: Scene, jobs: tuple[Backfilling, Covering]
) -> None:
    """A viral comment's oldest answer, which no webhook told of, gets its private reply, once."""
    backfilling, covering = jobs
    shop = await scene.business(ANSWERED)
    await scene.simulator.call("PUT", "/sim/config", {"webhook_loss": {"share": 1}})
    under = {"account_id": shop.account_id, "media_id": shop.media_id}
    told = {"username": "top", "text": "what a view"}
    top = await scene.simulator.call("POST", "/sim/comments", under | told)
    under["parent_id"] = top["comment_id"]
    asked = {"username": "first", "text": "LINK", "expect": {"private_reply": 1, "public_reply": 0}}
    await scene.simulator.call("POST", "/sim/comments", under | asked)
    for n in range(60):
        told = {"username": f"p{n}", "text": "so true"}
        await scene.simulator.call("POST", "/sim/comments", under | told)

    account = await cared_for(scene, shop)
    found = await backfilling.run(account)
    await scene.decided(shop, events=62)
    counted = await covering.run(account)
    judged = await scene.simulator.all_answered(timeout_s=60)
    (post,) = await coverage.of_account(scene.db, shop.account)

    assert (62, 0) == (found.detail["missed"], counted.detail["missed"])
    assert (62, 62) == (post.readable, post.stored)
    assert judged["ok"]
    assert {"matched": 1, "no_match": 61} == await scene.outcomes(shop)
    assert {"sent": 1} == await scene.states(shop)
