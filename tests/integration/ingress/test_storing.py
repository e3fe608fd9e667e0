"""What the queue's moods do to a webhook."""

from __future__ import annotations

import asyncio

from aiohttp import ClientResponse

from tests.integration.ingress.front import Front
from tests.integration.ingress.house import House, Shelf, open_house
from tests.unit.ingress.bodies import change, comment, entry, envelope


def commented(*numbers: int) -> object:
    """Return a body with a comment for each number."""
    return envelope(entry(changes=[change("comments", comment(id=str(n))) for n in numbers]))


async def test_concurrent_requests_share_their_calls(
    front: Front, shelf: Shelf, queue_prefix: str
) -> None:
    """Thirty requests with one event each cost SQS far fewer than thirty calls."""
    async with open_house(front.url, queue_prefix, ingress_publish_linger_s=0.05) as house:
        answers = await asyncio.gather(*(house.post(commented(n)) for n in range(30)))

    assert {200} == {answer.status for answer in answers}
    assert sum(front.batches) == 30
    assert len(front.batches) <= 10
    assert len(await shelf.events(at_least=30)) == 30


async def test_what_sqs_refused_of_a_batch_is_tried_again(
    front: Front, shelf: Shelf, queue_prefix: str
) -> None:
    """An entry that SQS could not take is stored by another call, and only then is it a 200."""
    front.refusals = 2

    async with open_house(front.url, queue_prefix) as house:
        answer = await house.post(commented(*range(20)))

    stored = await shelf.events(at_least=20)
    assert (200, 0) == (answer.status, front.refusals)
    assert len({event.identity() for event in stored}) == len(stored) == 20


async def test_while_sqs_is_away_it_is_a_503_and_then_it_recovers(
    front: Front, shelf: Shelf, queue_prefix: str
) -> None:
    """Started without SQS it runs, says that it is not ready, refuses, and recovers by itself."""
    await front.close()

    async with open_house(front.url, queue_prefix, ingress_publish_budget_s=0.3) as house:
        refused = await house.post(commented(1))
        alive = await house.send("GET", "/health/live")
        unready = await house.send("GET", "/health/ready")
        await front.open()
        taken = await house.post(commented(1))
        ready = await house.send("GET", "/health/ready")

    assert (503, "5") == (refused.status, refused.headers["Retry-After"])
    assert (200, 503) == (alive.status, unready.status)
    assert (200, 200) == (taken.status, ready.status)
    assert house.counted()["WebhooksNotStored{because=unavailable}"] == 1
    assert {event.identity() for event in await shelf.events(at_least=1)} == {
        "c:17841455500000007:1"
    }


async def test_sqs_may_go_and_come_back(front: Front, shelf: Shelf, queue_prefix: str) -> None:
    """An outage in the middle is a 503 for its length, and nothing after it."""
    async with open_house(front.url, queue_prefix, ingress_publish_budget_s=0.3) as house:
        before = await house.post(commented(1))
        await front.close()
        during = await house.post(commented(2))
        await front.open()
        after = await house.post(commented(2))

    assert [200, 503, 200] == [answer.status for answer in (before, during, after)]
    assert {"c:17841455500000007:1", "c:17841455500000007:2"} <= {
        event.identity() for event in await shelf.events(at_least=2)
    }


async def test_a_missing_queue_is_a_503(sqs_endpoint_url: str, queue_prefix: str) -> None:
    """A queue that nobody created is told as such, and Meta is asked to come again."""
    async with open_house(sqs_endpoint_url, queue_prefix, ingress_publish_budget_s=0.3) as house:
        answer = await house.post(commented(1))
        ready = await house.send("GET", "/health/ready")

    assert (503, 503) == (answer.status, ready.status)
    assert "sqs" in (await ready.json())["faults"]


async def test_a_silent_sqs_fills_no_memory(front: Front, shelf: Shelf, queue_prefix: str) -> None:
    """While SQS takes calls and answers none, what waits is limited; then it all goes through."""
    front.gate.clear()

    async with open_house(
        front.url,
        queue_prefix,
        ingress_publish_budget_s=0.5,
        ingress_max_pending_bytes=65_536,
    ) as house:
        slow, refused = await asyncio.gather(
            house.post(commented(*range(1_000))), _after(front, house, commented(1_001))
        )
        front.gate.set()
        recovered = await _until_taken(house, commented(1_002))

    assert [503, 503, 200] == [answer.status for answer in (slow, refused, recovered)]
    stored = {event.identity() for event in await shelf.events(at_least=1)}
    assert "c:17841455500000007:1002" in stored
    assert "c:17841455500000007:1001" not in stored  # it was refused at once, not put behind


async def test_a_request_under_way_is_finished_when_told_to_stop(
    front: Front, shelf: Shelf, queue_prefix: str
) -> None:
    """After SIGTERM no connection is taken any more, and what was begun ends in a 200."""
    front.gate.clear()

    async with open_house(front.url, queue_prefix) as house:
        begun = asyncio.create_task(house.post(commented(1)))
        await front.waiting.wait()
        house.stop.set()
        await _closed(house)
        front.gate.set()
        answer = await begun

    assert answer.status == 200
    assert len(await shelf.events(at_least=1)) == 1


async def _after(front: Front, house: House, body: object) -> ClientResponse:
    await front.waiting.wait()
    return await house.post(body)


async def _until_taken(house: House, body: object) -> ClientResponse:
    """Send `body` as Meta does: again until it is taken."""
    while (answer := await house.post(body)).status != 200:
        pass
    return answer


async def _closed(house: House) -> None:
    """Wait until no connection is taken any more."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", house.ingress.server.port)
        except ConnectionError:
            return
        writer.close()
        await writer.wait_closed()
