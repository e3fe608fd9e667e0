"""The sender as it is assembled, with its queue."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from typing import Any

import pytest
from aiohttp import ClientSession

from services.sender.app import assemble
from services.sender.settings import Settings
from switchboard.contracts import ANSWER, INBOUND_EVENT, DeliveryId, FlowDue, FollowerRead
from switchboard.lifecycle import run_until
from switchboard.queues import Address, Outgoing, Publisher, create_queues, open_sqs
from switchboard.topology import CLASSIFIED, EVENTS, OUTBOUND
from tests.integration.sender.stage import Meta, Stage, serving
from tests.support.builders import comment
from tests.support.waiting import until


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings(**fields: Any) -> Settings:
    """Settings with a key, a quick pacer and a health port of their own."""
    common: dict[str, Any] = {
        "token_keys": "k:" + base64.b64encode(bytes(32)).decode(),
        "sender_pacer_s": 0.1,
        "health_port": free_port(),
        "redis_url": "redis://127.0.0.1:1/0",
        "database_url": "postgresql://nobody:word@127.0.0.1:1/none",
        "aws_endpoint_url": "http://127.0.0.1:1",
        "drain_s": 5,
    }
    return Settings(**common | fields)


async def health(port: int, what: str) -> tuple[int, set[str]]:
    """Return the status and the faults that a health check answers."""
    async with ClientSession() as http, http.get(f"http://127.0.0.1:{port}/health/{what}") as said:
        return said.status, set((await said.json())["faults"])


async def test_it_starts_while_everything_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to talk to is no reason to die: live, not ready, and it stops when told."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    chosen, stop = settings(), asyncio.Event()
    async with assemble(chosen) as workers:
        running = asyncio.create_task(run_until(stop, *workers, drain_s=10))
        live = await health(chosen.health_port, "live")
        ready = await health(chosen.health_port, "ready")
        stop.set()
        await running

    assert (200, set()) == live
    assert (503, {"sqs", "postgres", "redis"}) == ready


@pytest.fixture
async def prefix(sqs_endpoint_url: str, queue_prefix: str) -> str:
    """A set of queues."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region="us-east-1") as client:
        await create_queues(client, queue_prefix, [OUTBOUND, EVENTS, CLASSIFIED])
    return queue_prefix


async def tell(stage: Stage, endpoint: str, prefix: str, *deliveries: DeliveryId) -> None:
    """Put messages on the queue that say these are due."""
    async with (
        open_sqs(endpoint_url=endpoint, region="us-east-1") as client,
        Publisher.open(client, Address(client, OUTBOUND.physical(prefix))) as outbound,
    ):
        due = [stage.due(delivery) for delivery in deliveries]
        await outbound.publish([Outgoing(one.to_json(), one.account_id) for one in due])


async def test_from_the_queue_to_meta(
    stage: Stage, prefix: str, sqs_endpoint_url: str, pipeline_url: str, redis_url: str
) -> None:
    """What a message says is due is sent once; what is parked, the pacer brings; both end."""
    meta, stop = Meta(), asyncio.Event()
    told, parked = await stage.owe(person="1"), await stage.owe(person="2", state="parked")
    await tell(stage, sqs_endpoint_url, prefix, told, told, told)
    async with serving(meta) as url:
        chosen = settings(
            redis_url=redis_url,
            database_url=pipeline_url,
            aws_endpoint_url=sqs_endpoint_url,
            queue_prefix=prefix,
            meta_graph_url=url,
        )
        async with assemble(chosen) as workers:
            running = asyncio.create_task(run_until(stop, *workers, drain_s=10))
            await until(lambda: _all_sent(stage, told, parked), bool)
            ready = await health(chosen.health_port, "ready")
            stop.set()
            await running

    assert 2 == len(meta.calls)
    assert (200, set()) == ready


async def _all_sent(stage: Stage, *deliveries: DeliveryId) -> bool:
    states = [(await stage.row(delivery))["state"] for delivery in deliveries]
    return states == ["sent"] * len(deliveries)


async def received(endpoint: str, name: str) -> list[str]:
    """Take what is on a queue."""
    async with open_sqs(endpoint_url=endpoint, region="us-east-1") as client:
        url = (await client.get_queue_url(QueueName=name))["QueueUrl"]
        answer = await client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", ())]


async def test_timers_and_lookups_reach_their_queues(
    stage: Stage, prefix: str, sqs_endpoint_url: str, pipeline_url: str, redis_url: str
) -> None:
    """A timer that goes off is an event; what Meta was asked is an answer; both on real queues."""
    meta, stop = Meta(), asyncio.Event()
    asked = comment().model_dump(mode="json", exclude_none=True)
    content = json.dumps({"about": "follower", "event": asked})
    timer = await stage.owe("timer", step="2.timer", content="{}", state="parked")
    lookup = await stage.owe("lookup", content=content)
    await tell(stage, sqs_endpoint_url, prefix, lookup)
    async with serving(meta) as url:
        chosen = settings(
            redis_url=redis_url,
            database_url=pipeline_url,
            aws_endpoint_url=sqs_endpoint_url,
            queue_prefix=prefix,
            meta_graph_url=url,
        )
        async with assemble(chosen) as workers:
            running = asyncio.create_task(run_until(stop, *workers, drain_s=10))
            await until(lambda: _all_sent(stage, timer, lookup), bool)
            stop.set()
            await running
    (event,) = await received(sqs_endpoint_url, EVENTS.physical(prefix))
    (answer,) = await received(sqs_endpoint_url, CLASSIFIED.physical(prefix))

    due = INBOUND_EVENT.validate_json(event)
    assert isinstance(due, FlowDue)
    assert (timer, 2) == (due.delivery_id, due.step)
    read = ANSWER.validate_json(answer)
    assert isinstance(read, FollowerRead)
    assert "not_told" == read.because
