"""Lookups, timers and webhooks on real rows; what dies in between happens again, harmlessly."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.sender.endings import Ending
from services.sender.sender import Ledger
from switchboard.contracts import DeliveryId, FlowDue, FollowerRead, PersonId
from switchboard.db import credentials
from switchboard.db.deliveries import Claimed
from switchboard.errors import Unavailable
from switchboard.hooks import new_secret
from tests.integration.db.town import now
from tests.integration.sender.stage import RECEIPT, VAULT, Stage
from tests.support.builders import comment

EVENT = comment()


def asks(about: str = "follower") -> str:
    """A lookup's content."""
    return json.dumps({"about": about, "event": EVENT.model_dump(mode="json", exclude_none=True)})


@dataclass
class Dying:
    """A ledger that nobody comes back from."""

    ledger: Ledger
    acted: asyncio.Event = field(default_factory=asyncio.Event)

    async def claim(
        self, delivery_id: DeliveryId, *, owner: str, lease: timedelta
    ) -> Claimed | None:
        return await self.ledger.claim(delivery_id, owner=owner, lease=lease)

    async def record(self, delivery: Claimed, ending: Ending, *, owner: str) -> None:
        self.acted.set()
        await asyncio.Event().wait()


async def killed_before_recording(stage: Stage, delivery: DeliveryId) -> None:
    """Let a sender do the delivery and die before it can say so."""
    stage.lease = timedelta(seconds=0.7)
    sender = stage.sender()
    dying = Dying(sender.ledger)
    task = asyncio.create_task(replace(sender, ledger=dying)(stage.due(delivery), RECEIPT))
    await asyncio.wait_for(dying.acted.wait(), 10)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert "sending" == (await stage.row(delivery))["state"]


async def test_a_lookup_is_answered_and_done(stage: Stage) -> None:
    """What Meta says of following goes back with the event that asked."""
    stage.meta.profile = {"is_user_follow_business": True, "id": "77"}
    delivery = await stage.owe("lookup", content=asks())

    await stage.send(delivery)

    (answer,) = stage.classified.published
    assert isinstance(answer, FollowerRead)
    assert (EVENT, True, "read") == (answer.event, answer.follows, answer.because)
    assert ["/v26.0/77"] == stage.meta.asked
    row = await stage.row(delivery)
    assert ("sent", None) == (row["state"], row["message_id"])


async def test_posts_are_looked_up_for_the_account(stage: Stage) -> None:
    """Which posts there are is asked of the account itself."""
    stage.meta.profile = {"data": [{"id": "9", "timestamp": "2026-01-02T03:04:05+0000"}]}
    delivery = await stage.owe("lookup", content=asks("posts"))

    await stage.send(delivery)

    (answer,) = stage.classified.published
    assert ["9"] == [post.media_id for post in answer.posts]
    assert [f"/v26.0/{stage.shop.instagram_id}/media"] == stage.meta.asked


async def test_without_consent_the_answer_says_so(stage: Stage) -> None:
    """Meta's refusal is an answer, and its numbers are kept with the row."""
    stage.meta.refuse(230)
    delivery = await stage.owe("lookup", content=asks())

    await stage.send(delivery)

    assert ["no_consent"] == [answer.because for answer in stage.classified.published]
    row = await stage.row(delivery)
    assert ("sent", 230) == (row["state"], row["graph_code"])


async def test_a_lookup_that_died_is_made_again(stage: Stage) -> None:
    """Killed between its answer and its record: it is ready again, and answered the same."""
    delivery = await stage.owe("lookup", content=asks())
    await killed_before_recording(stage, delivery)

    stage.lease = timedelta(seconds=5)
    await stage.paced_until("sent", delivery)

    assert 2 == len(stage.classified.published)
    assert 1 == len({answer.event.event_id for answer in stage.classified.published})


async def test_a_lookup_waits_out_a_hiccup(stage: Stage) -> None:
    """Meta without an answer: the row waits, and the event is answered when Meta is back."""

    async def away(_request: web.Request) -> web.Response:
        return web.Response(status=503)

    stage.meta.answer = away
    delivery = await stage.owe("lookup", content=asks())
    await stage.send(delivery)
    row = await stage.row(delivery)
    assert ("parked", "unavailable") == (row["state"], row["reason"])

    stage.meta.answer = None
    await stage.due_now(delivery)
    await stage.paced_until("sent", delivery)
    assert ["not_told"] == [answer.because for answer in stage.classified.published]


async def test_a_lookup_nobody_made_in_time_is_answered(stage: Stage) -> None:
    """Parked for a dead token until its time is over: the pacer answers it, then closes it."""
    stage.meta.refuse(190)
    deadline = now() + timedelta(seconds=1)
    delivery = await stage.owe("lookup", content=asks(), deadline=deadline)
    await stage.send(delivery)
    await stage.paced_until("expired", delivery)

    assert ["too_late"] == [answer.because for answer in stage.classified.published]
    assert "not_reconnected_in_time" == (await stage.row(delivery))["reason"]


async def test_a_late_answer_is_not_lost_with_its_queue(stage: Stage) -> None:
    """SQS away: the lookup stays open until its answer is stored."""
    stage.classified.failure = Unavailable("SQS")
    delivery = await stage.owe(
        "lookup", content=asks(), state="parked", deadline=now() - timedelta(seconds=1)
    )
    with pytest.raises(Unavailable):
        await stage.pacer().round()
    assert "parked" == (await stage.row(delivery))["state"]

    stage.classified.failure = None
    await stage.paced_until("expired", delivery)
    assert ["too_late"] == [answer.because for answer in stage.classified.published]


async def test_a_timer_goes_off(stage: Stage) -> None:
    """When its moment has come, the flow of its person goes on."""
    delivery = await stage.owe(
        "timer", step="4.timer", content="{}", state="parked", not_before=now()
    )

    await stage.paced_until("sent", delivery)

    (event,) = stage.events.published
    assert isinstance(event, FlowDue)
    assert (stage.shop.instagram_id, PersonId("77"), delivery, 4) == (
        event.account_id,
        event.person_id,
        event.delivery_id,
        event.step,
    )
    assert [] == stage.meta.calls


async def test_a_timer_that_died_is_the_same_event_again(stage: Stage) -> None:
    """Killed between its event and its record: it goes off again, and is the same happening."""
    delivery = await stage.owe("timer", step="4.timer", content="{}")
    await killed_before_recording(stage, delivery)

    stage.lease = timedelta(seconds=5)
    await stage.paced_until("sent", delivery)

    assert 2 == len(stage.events.published)
    assert 1 == len({event.event_id for event in stage.events.published})


@dataclass
class Receiver:
    """An owner's server; it answers `statuses` first, then 204."""

    secret: str
    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[str, Any]] = field(default_factory=list)

    async def post(self, request: web.Request) -> web.Response:
        """Check the signature by hand, as the standard says, and keep what was said."""
        body = await request.read()
        name, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
        expected = f"v1,{base64.b64encode(digest).decode()}"
        assert hmac.compare_digest(expected, request.headers["webhook-signature"])
        assert abs(now().timestamp() - int(at)) < 60
        self.heard.append((name, json.loads(body)))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)


@contextlib.asynccontextmanager
async def receiving(stage: Stage, *statuses: int) -> AsyncIterator[tuple[Receiver, str]]:
    """Serve a receiver that shares a secret with the shop; yield it and its address."""
    receiver = Receiver(new_secret(), list(statuses))
    sealed = VAULT.seal(receiver.secret, stage.shop.account, "webhook")
    await credentials.store_webhook_secret(stage.owner, stage.shop.account, sealed)
    app = web.Application()
    app.router.add_post("/hook", receiver.post)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        yield receiver, str(server.make_url("/hook"))


def tells(url: str) -> str:
    """A webhook's content."""
    return json.dumps({"url": url, "body": {"type": "lead", "data": {"email": "ana@a.example"}}})


async def test_a_webhook_is_signed_and_told_once(stage: Stage) -> None:
    """The receiver finds the signature right, and hears each thing once."""
    async with receiving(stage) as (receiver, url):
        delivery = await stage.owe("webhook", content=tells(url))
        await stage.send(delivery)
        await stage.send(delivery)

    assert [(str(delivery), json.loads(tells(url))["body"])] == receiver.heard
    assert "sent" == (await stage.row(delivery))["state"]


async def test_a_webhook_is_told_again_until_it_is_heard(stage: Stage) -> None:
    """A receiver that stumbles hears it later, under the same id; every try is counted."""
    async with receiving(stage, 503, 429) as (receiver, url):
        delivery = await stage.owe("webhook", content=tells(url))
        await stage.send(delivery)
        for _ in range(2):
            row = await stage.row(delivery)
            assert ("parked", "webhook_failed") == (row["state"], row["reason"])
            await stage.due_now(delivery)
            await stage.pacer().round()
            await stage.send(delivery)

    row = await stage.row(delivery)
    assert ("sent", 3) == (row["state"], row["attempts"])
    assert [str(delivery)] * 3 == [name for name, _ in receiver.heard]


@pytest.mark.parametrize("status", [410, 404, 301])
async def test_a_webhook_that_is_not_wanted_ends(stage: Stage, status: int) -> None:
    """A receiver that says no, or points elsewhere, is not asked again."""
    async with receiving(stage, status) as (receiver, url):
        delivery = await stage.owe("webhook", content=tells(url))
        await stage.send(delivery)

    row = await stage.row(delivery)
    assert ("refused", "webhook_refused") == (row["state"], row["reason"])
    assert 1 == len(receiver.heard)


async def test_a_webhook_without_a_secret_ends(stage: Stage) -> None:
    """Nothing is told unsigned."""
    delivery = await stage.owe("webhook", content=tells("http://127.0.0.1:1/"))
    await stage.send(delivery)

    row = await stage.row(delivery)
    assert ("refused", "webhook_secret_missing") == (row["state"], row["reason"])


async def test_the_next_of_a_chain_is_told_of(stage: Stage) -> None:
    """What waits for a message is published when that is sent, and then sent itself."""
    first = await stage.owe("message")
    second = await stage.owe("message", state="waiting", after_id=first)
    await stage.send(second)
    assert "waiting" == (await stage.row(second))["state"]

    await stage.send(first)
    assert [second] == [due.delivery_id for due in stage.outbound.published]
    await stage.send(second)

    assert "sent" == (await stage.row(second))["state"]
    assert 2 == len(stage.meta.calls)


async def test_nothing_follows_what_was_refused(stage: Stage) -> None:
    """What waits for a message that Meta refuses is cancelled, and nobody is told of it."""
    stage.meta.refuse(551)
    first = await stage.owe("message")
    second = await stage.owe("message", state="waiting", after_id=first)

    await stage.send(first)

    row = await stage.row(second)
    assert ("cancelled", "earlier_not_sent") == (row["state"], row["reason"])
    assert [] == stage.outbound.published


async def test_a_name_is_asked_for_once_and_kept(stage: Stage) -> None:
    """The first message by name asks Meta; the second knows."""
    await stage.known(first_seen_at=now())
    content = json.dumps({"text": "Hi {{first_name|there}}"})
    for _ in range(2):
        await stage.send(await stage.owe("message", content=content))

    assert ["Hi Ana"] * 2 == [body["message"]["text"] for _, body in stage.meta.calls]
    assert ["/v26.0/77"] == stage.meta.asked
    contact = await stage.contact()
    assert ("Ana Lima", "ana") == (contact["name"], contact["username"])


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"opted_out_at": now()}, "opted_out"),
        ({"paused_until": now() + timedelta(hours=1)}, "taken_over"),
    ],
)
@pytest.mark.parametrize("kind", ["message", "private_reply", "public_reply"])
async def test_who_is_not_to_be_written_to(
    stage: Stage, kind: str, known: dict[str, Any], reason: str
) -> None:
    """What was owed before somebody said stop, or a human took over, is not sent after."""
    await stage.known(first_seen_at=now(), **known)
    delivery = await stage.owe(kind)

    await stage.send(delivery)

    row = await stage.row(delivery)
    assert ("refused", reason) == (row["state"], row["reason"])
    assert [] == stage.meta.calls


async def test_what_began_a_pause_is_sent(stage: Stage) -> None:
    """A handover's own last message goes out, though it silences the rest."""
    delivery = await stage.owe("message")
    event = (await stage.row(delivery))["event_id"]
    await stage.known(first_seen_at=now(), paused_until=now() + timedelta(hours=1), paused_by=event)

    await stage.send(delivery)

    assert "sent" == (await stage.row(delivery))["state"]


async def test_a_window_that_moved_on(stage: Stage) -> None:
    """Who wrote again in the meantime gets what would have come too late."""
    await stage.known(first_seen_at=now(), window_closes_at=now() + timedelta(hours=20))
    delivery = await stage.owe("message", deadline=now() + timedelta(seconds=60))

    await stage.send(delivery)

    assert "sent" == (await stage.row(delivery))["state"]
