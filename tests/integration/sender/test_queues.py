"""A crowd that waits for private replies: pacers, senders and limits together, and the forecast."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from services.sender.backlogs import WILL_MISS
from switchboard.contracts import DeliveryId
from switchboard.db.alerts import open_alerts
from tests.integration.db.queues import crowd, reason_of
from tests.integration.db.town import now
from tests.integration.sender.stage import RECEIPT, Stage


async def allow(stage: Stage, an_hour: int) -> None:
    """Let the account send so many private replies an hour; one in 24 of them may go at once."""
    await stage.owner.execute(
        "update public.instagram_accounts set private_replies_per_hour = $1", an_hour
    )


async def turns(stage: Stage, *, pacers: int = 1) -> list[DeliveryId]:
    """Let pacers make a round at once, and senders do what they say; return what they said."""
    await asyncio.gather(*(stage.pacer().round() for _ in range(pacers)))
    due, stage.outbound.published = stage.outbound.published, []
    await asyncio.gather(*(stage.sender()(one, RECEIPT) for one in due))
    return [one.delivery_id for one in due]


async def told(stage: Stage) -> dict[str, Any]:
    """Return the open alerts about who will be late, by their subject."""
    found = await open_alerts(stage.owner, stage.shop.account)
    return {one.subject: one.detail for one in found if one.kind == WILL_MISS}


async def test_as_many_go_as_have_a_turn(stage: Stage) -> None:
    """However many wait and however many pacers run, nobody is tried who has no turn."""
    await allow(stage, 96)
    waiting = [
        await stage.owe(
            person=str(number), state="parked", deadline=now() + timedelta(hours=1 + number)
        )
        for number in range(12)
    ]

    first = await turns(stage, pacers=3)
    then = await turns(stage, pacers=3)

    assert (waiting[:4], []) == (sorted(first, key=waiting.index), then)
    assert 4 == len(stage.meta.calls)
    rows = [await stage.row(one) for one in waiting]
    assert ["sent"] * 4 + ["parked"] * 8 == [row["state"] for row in rows]
    assert (3, 0) == (rows[0]["moves"], rows[11]["moves"])


async def test_what_the_limit_refuses_keeps_its_place(stage: Stage) -> None:
    """One that was ready when the hour was used up waits in the queue, and not for a moment."""
    await allow(stage, 24)
    first, second = await stage.owe(), await stage.owe()
    await stage.send(first)
    await stage.send(second)

    row = await stage.row(second)
    assert ("parked", "queued", 0) == (row["state"], row["reason"], row["attempts"])
    assert row["not_before"] <= now()


async def test_an_emptied_redis_tries_a_burst_and_no_more(stage: Stage) -> None:
    """After a flush as many are tried as may go at once; then it is known that none may."""
    await allow(stage, 48)
    await turns(stage)
    for number in range(8):
        await stage.owe(person=str(number))
    for due in [await stage.owe(person=str(number)) for number in (8, 9)]:
        await stage.send(due)
    await stage.owner.execute(
        "update public.deliveries set state = 'parked', reason = 'queued' where state = 'ready'"
    )
    calls = len(stage.meta.calls)
    await stage.redis.flushall()

    tried = [len(await turns(stage)) for _ in range(3)]

    assert ([2, 0, 0], calls) == (tried, len(stage.meta.calls))


async def test_a_message_is_not_behind_a_crowd(stage: Stage) -> None:
    """Whoever writes is answered at once, though thousands wait for private replies."""
    await allow(stage, 1)
    await crowd(stage.owner, stage.shop, 3_000)
    message = await stage.owe("message", person="7", state="parked")
    live = await stage.owe(person="8", lane="live", state="parked")

    released = await turns(stage)

    assert {message, live} <= set(released)
    assert ["sent"] * 2 == [(await stage.row(one))["state"] for one in (message, live)]


async def test_who_will_be_late_is_told_and_over_when_it_is(stage: Stage) -> None:
    """An alert says how many, of the account and of the campaign, until nobody is late."""
    await allow(stage, 24)
    for number in range(4):
        await stage.owe(person=str(number), state="parked", deadline=now() + timedelta(minutes=9))
    await stage.owe(person="9", state="parked", deadline=now() + timedelta(days=6))

    await stage.forecaster().next()
    late = await told(stage)
    await allow(stage, 720)
    await stage.forecaster().next()

    campaign = str(stage.shop.campaign)
    assert {"": (5, 2), campaign: (5, 2)} == {
        subject: (detail["waiting"], detail["missed"]) for subject, detail in late.items()
    }
    assert {} == await told(stage)


async def test_a_queue_that_is_empty_has_a_forecast_that_says_so(stage: Stage) -> None:
    """Once everybody was sent, the stored forecast is zero, and then nobody looks any more."""
    waiting = [await stage.owe(person=str(number), state="parked") for number in range(2)]
    assert await stage.forecaster().next()
    for one in waiting:
        await stage.paced_until("sent", one)

    again = [await stage.forecaster().next() for _ in range(2)]

    rows = await stage.owner.fetch("select waiting, missed from public.delivery_forecasts")
    assert [(0, 0)] * 2 == [(row["waiting"], row["missed"]) for row in rows]
    assert [True, False] == again
    assert await reason_of(stage.owner, waiting[0]) is None
