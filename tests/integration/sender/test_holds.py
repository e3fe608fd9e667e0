"""A restricted account: held, probed, let free; and who is told, on real servers."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
import structlog
from aiohttp import web

from switchboard.contracts import DeliveryId
from switchboard.db import alerts, connections, holds
from tests.integration.db.town import now
from tests.integration.sender.stage import RECEIPT, TOKEN, VAULT, Stage, silence
from tests.support.builders import comment

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
EVENT = comment().model_dump(mode="json", exclude_none=True)


async def told(stage: Stage) -> list[tuple[str, str]]:
    """Return the kinds and subjects of what is open."""
    found = await alerts.open_alerts(stage.owner, stage.shop.account)
    return [(one.kind, one.subject) for one in found]


async def hold_over(stage: Stage) -> None:
    """Let the hold come to its end, and what was said of it be forgotten in Redis."""
    await stage.owner.execute("update public.instagram_accounts set held_until = now()")
    await stage.redis.flushall()


async def lasts(stage: Stage) -> timedelta:
    """Return for how long the account is held from now, to the minute."""
    account = await stage.account()
    return timedelta(minutes=round((account["held_until"] - now()) / MINUTE))


async def paced(stage: Stage) -> list[DeliveryId]:
    """Let a pacer make a round; return what it tells senders of."""
    await stage.pacer().round()
    due, stage.outbound.published = stage.outbound.published, []
    return [one.delivery_id for one in due]


# How each class of refusal ends: what is told, and for how long the account is held at first.
HELD: list[tuple[int, int | None, str, timedelta]] = [
    (4, 2207051, "account_held", 2 * HOUR),
    (10, 1893063, "account_held", 30 * MINUTE),
    (200, None, "account_held", 15 * MINUTE),
    (368, None, "account_held", HOUR),
    (508, 2534122, "link_restricted", 30 * MINUTE),
    (25, 2207050, "account_restricted", 4 * HOUR),
    (100, 2534029, "account_blocked", 4 * HOUR),
    (190, 459, "account_checkpointed", HOUR),
    (190, 464, "account_unconfirmed", HOUR),
    (190, 492, "role_missing", HOUR),
    (200, 2534041, "message_access_off", HOUR),
    (10904, 1893050, "messages_disabled", HOUR),
    (100, None, "app_role_missing", 15 * MINUTE),
]


@pytest.mark.parametrize(("code", "subcode", "kind", "first"), HELD)
async def test_a_restriction_from_beginning_to_end(
    stage: Stage, code: int, subcode: int | None, kind: str, first: timedelta
) -> None:
    """Held for its time, told once; the probe doubles it, the next one ends it and all follows."""
    stage.meta.refuse(code, subcode)
    deliveries = [await stage.owe("message", person=str(n)) for n in range(4)]
    await stage.send(deliveries[0])
    await stage.send(deliveries[1])

    assert 1 == len(stage.meta.calls)
    assert {"parked"} == {(await stage.row(one))["state"] for one in deliveries[:2]}
    assert (first, [(kind, "")]) == (await lasts(stage), await told(stage))
    assert [] == await paced(stage)

    await hold_over(stage)
    await stage.send(deliveries[2])

    assert 2 == len(stage.meta.calls)
    assert (2 * first, [(kind, "")]) == (await lasts(stage), await told(stage))

    stage.meta.answer = None
    await hold_over(stage)
    (probe,) = await paced(stage)
    await stage.send(deliveries[3])
    assert "probe_under_way" == (await stage.row(deliveries[3]))["reason"]
    assert [] == await paced(stage)
    await stage.send(probe)

    assert 3 == len(stage.meta.calls)
    assert (0, []) == ((await stage.account())["holds"], await told(stage))
    for delivery in deliveries:
        await stage.paced_until("sent", delivery)


@pytest.mark.parametrize(
    ("code", "subcode", "kind", "subject"),
    [
        (190, 460, "reconnect_needed", ""),
        (10, None, "reconnect_needed", ""),
        (102, None, "reconnect_needed", ""),
        (200, 2534066, "reconnect_needed", ""),
        (4, None, "app_limited", ""),
        (341, None, "app_limited", ""),
        (613, 1996, "app_limited", ""),
        (10, 2018300, "thread_taken", ""),
        (3, None, "our_bug", "3/-"),
        (1, 99, "our_bug", "1/99"),
        (200, 2018028, "our_bug", "200/2018028"),
        (31337, 7, "unknown_error", "31337/7"),
    ],
)
async def test_what_else_is_told(
    stage: Stage, code: int, subcode: int | None, kind: str, subject: str
) -> None:
    """Each class of answer that somebody must hear of raises its alert, and is a line once."""
    stage.meta.refuse(code, subcode)
    first, second = await stage.owe("public_reply"), await stage.owe("public_reply")
    with structlog.testing.capture_logs() as lines:
        await stage.send(first)
        await stage.send(second)

    assert [(kind, subject)] == await told(stage)
    raised = [line for line in lines if line["event"] == "alert.raised"]
    assert [(kind, subject)] == [(line["kind"], line["subject"]) for line in raised]


@pytest.mark.parametrize(
    ("code", "subcode"),
    [(613, None), (80002, None), (1, None), (10, 2534022), (551, 1545041), (100, 2534025)],
)
async def test_what_nobody_need_hear_of(stage: Stage, code: int, subcode: int | None) -> None:
    """A limit, a closed window, a person who cannot be written to: nothing to do for anybody."""
    stage.meta.refuse(code, subcode)
    await stage.send(await stage.owe("message"))

    assert [] == await told(stage)
    assert 0 == (await stage.account())["holds"]


async def test_a_crowd_that_is_refused_is_one_hold(stage: Stage) -> None:
    """Twenty calls that were under way together hold the account once, for the first time."""
    all_there = asyncio.Event()

    async def refuse_together(_request: web.Request) -> web.Response:
        if len(stage.meta.calls) >= 5:
            all_there.set()
        await all_there.wait()
        return web.json_response({"error": {"code": 368}}, status=400)

    stage.meta.answer = refuse_together
    deliveries = [await stage.owe("message", person=str(n)) for n in range(20)]
    await asyncio.gather(*(stage.send(delivery) for delivery in deliveries))

    account = await stage.account()
    assert (1, HOUR) == (account["holds"], await lasts(stage))
    assert {"parked"} == {(await stage.row(one))["state"] for one in deliveries}


async def test_what_had_claimed_before_the_refusal_is_not_called(stage: Stage) -> None:
    """Who read a free account, and whose turn comes after another was refused, does not call."""
    stage.meta.refuse(368)
    first, second = await stage.owe("message"), await stage.owe("message", person="78")
    sender = stage.sender()
    claimed = await sender.ledger.claim(second, owner="late", lease=MINUTE)
    assert claimed is not None
    await stage.send(first)
    ending = await sender.speaking.attempt(claimed, lease_ends_at=float("inf"))

    assert "cooling" == ending.reason
    assert 1 == len(stage.meta.calls)


@pytest.mark.parametrize("kind", ["refused", "uncertain", "lookup"])
async def test_a_probe_that_says_nothing(stage: Stage, kind: str) -> None:
    """Another outcome neither ends the hold nor prolongs it: the next one is tried."""
    stage.meta.refuse(368)
    await stage.send(await stage.owe("message"))
    await hold_over(stage)
    if kind == "lookup":
        stage.meta.answer = None
        content = json.dumps({"about": "follower", "event": EVENT})
        await stage.send(await stage.owe("lookup", content=content))
    else:
        stage.meta.refuse(*((551, 1545041) if kind == "refused" else (2, None)))
        await stage.send(await stage.owe("message", person="78"))
    between = await stage.account()
    stage.meta.answer = None
    await stage.send(await stage.owe("message", person="79"))

    assert (1, None) == (between["holds"], between["probe_id"])
    assert 0 == (await stage.account())["holds"]


async def test_a_probe_whose_sender_died(stage: Stage) -> None:
    """Its place is free when its lease is over, and it is uncertain, as any other would be."""
    stage.meta.refuse(368)
    await stage.send(await stage.owe("message"))
    await hold_over(stage)
    stage.meta.answer, stage.lease = silence, timedelta(seconds=0.8)
    probe = await stage.owe("message", person="78")
    dying = asyncio.create_task(stage.send(probe))
    stage.meta.called.clear()
    await stage.meta.called.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    next_one = await stage.owe("message", person="79")
    await stage.send(next_one)
    assert "probe_under_way" == (await stage.row(next_one))["reason"]

    stage.meta.answer = None
    await stage.paced_until("uncertain", probe)
    await stage.paced_until("sent", next_one)
    assert 0 == (await stage.account())["holds"]


async def test_many_senders_and_one_probe(stage: Stage) -> None:
    """What comes straight from the router, to many senders at once, is one call until it ends."""
    stage.meta.refuse(368)
    await stage.send(await stage.owe("message"))
    await hold_over(stage)
    answered = asyncio.Event()

    async def wait_and_take(_request: web.Request) -> web.Response:
        await answered.wait()
        return web.json_response({"message_id": f"mid.{len(stage.meta.calls)}"})

    stage.meta.answer = wait_and_take
    stage.meta.calls.clear()
    deliveries = [await stage.owe("message", person=str(n)) for n in range(12)]
    sending = [asyncio.create_task(stage.send(delivery)) for delivery in deliveries]
    done, under_way = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    while len(under_way) > 1:
        done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)

    assert done
    assert 1 == len(stage.meta.calls)
    answered.set()
    await asyncio.gather(*under_way)
    for delivery in deliveries:
        await stage.paced_until("sent", delivery)
    assert 13 == len(stage.meta.calls)  # with the one that was refused


async def test_many_pacers_and_one_probe(stage: Stage) -> None:
    """Of messages and of the queue of private replies together, one goes out after a hold."""
    stage.meta.refuse(368)
    first = await stage.owe("message")
    await stage.send(first)
    await hold_over(stage)
    owed = [first] + [
        await stage.owe(kind, person=f"{kind}{n}", state="parked", not_before=now())
        for kind in ("message", "private_reply")
        for n in range(6)
    ]
    for _ in range(4):
        await asyncio.gather(*(stage.pacer().round() for _ in range(4)))
    due, stage.outbound.published = stage.outbound.published, []
    waiting = [one for one in owed if (await stage.row(one))["state"] == "parked"]
    probe = (await stage.account())["probe_id"]

    assert (1, len(owed) - 1) == (len(due), len(waiting))
    assert probe == due[0].delivery_id
    stage.meta.answer = None
    await stage.send(probe)
    for delivery in owed:
        await stage.paced_until("sent", delivery)


@pytest.mark.parametrize("outcome", ["freed", "held"])
async def test_the_queue_after_a_probe(stage: Stage, outcome: str) -> None:
    """A private reply can be the probe; the others of its queue wait for what comes of it."""
    stage.meta.refuse(10, 1893063)
    first = await stage.owe()
    await stage.send(first)
    await hold_over(stage)
    owed = [
        await stage.owe(person=f"p{n}", state="parked", not_before=now(), deadline=now() + n * HOUR)
        for n in (3, 1, 2)
    ]
    (probe,) = await paced(stage)
    if outcome == "freed":
        stage.meta.answer = None
    await stage.send(probe)

    rest = await paced(stage)
    assert owed[1] == probe
    assert ([owed[2], owed[0], first] if outcome == "freed" else []) == rest


async def test_other_accounts_go_on(stage: Stage) -> None:
    """One account is held, and its timers go off, its owner's server is told, others send."""
    stage.meta.refuse(368)
    await stage.send(await stage.owe("message"))
    stage.meta.answer = None
    timer = await stage.owe("timer", step="2.timer", state="parked", not_before=now())

    assert [timer] == await paced(stage)
    await stage.send(timer)
    assert "sent" == (await stage.row(timer))["state"]
    assert 1 == (await stage.account())["holds"]


async def test_somebody_says_it_is_mended(stage: Stage) -> None:
    """What was parked until the hold's end need not wait for it: one goes, and all follow."""
    stage.meta.refuse(200, 2534041)
    deliveries = [await stage.owe("message", person=str(n)) for n in range(3)]
    for delivery in deliveries:
        await stage.send(delivery)
    stage.meta.answer = None
    await stage.redis.flushall()
    await holds.try_now(stage.owner, stage.shop.account)

    (probe,) = await paced(stage)
    await stage.send(probe)
    for delivery in deliveries:
        await stage.paced_until("sent", delivery)


async def test_a_permission_that_stays_away_is_a_login(stage: Stage) -> None:
    """Twice it may pass; the third time in a row the owner is asked, and the hold is over."""
    stage.meta.refuse(200)
    deliveries = [await stage.owe("message", person=str(n)) for n in range(3)]
    for delivery in deliveries:
        await stage.send(delivery)
        await hold_over(stage)

    account = await stage.account()
    assert ("reconnect_needed", 0) == (account["status"], account["holds"])
    assert [("reconnect_needed", "")] == await told(stage)
    assert {"parked"} == {(await stage.row(one))["state"] for one in deliveries}


async def test_a_permission_that_came_back_counts_anew(stage: Stage) -> None:
    """A success in between, and two more are no third."""
    for _ in range(2):
        for answers in (2, 1):
            for number in range(answers):
                stage.meta.refuse(200)
                await stage.send(await stage.owe("message", person=f"{answers}{number}"))
                await hold_over(stage)
            stage.meta.answer = None
            await stage.send(await stage.owe("message", person=f"{answers}9"))

    assert "connected" == (await stage.account())["status"]


async def test_a_dead_token_wakes_up_in_order(stage: Stage) -> None:
    """What still fits goes out by its deadline, the first one first; what does not says why."""
    stage.meta.refuse(190, 460)
    hours = (30, 10, 20)
    deliveries = [
        await stage.owe("message", person=str(n), deadline=now() + n * HOUR) for n in hours
    ]
    for delivery in deliveries:
        await stage.send(delivery)
    late = await stage.owe("message", person="1", deadline=now() + HOUR)
    await stage.send(late)
    rows = [await stage.row(one) for one in (*deliveries, late)]
    assert ["parked"] * 4 == [row["state"] for row in rows]
    assert 1 == len(stage.meta.calls)

    await stage.owner.execute("update public.deliveries set deadline = deadline - interval '2 h'")
    assert [] == await paced(stage)
    stage.meta.answer = None
    sealed = VAULT.seal(TOKEN, stage.shop.account)
    assert await connections.reconnect(stage.owner, stage.shop.account, sealed, None)

    assert [deliveries[1], deliveries[2], deliveries[0]] == await paced(stage)
    assert ("expired", "not_reconnected_in_time") == await _ended(stage, late)
    assert [] == await told(stage)


async def test_a_late_refusal_of_the_old_token(stage: Stage) -> None:
    """A call that was under way with the old token does not undo the login."""
    reconnected = asyncio.Event()

    async def refuse_later(_request: web.Request) -> web.Response:
        await reconnected.wait()
        return web.json_response({"error": {"code": 190, "error_subcode": 460}}, status=400)

    stage.meta.answer = refuse_later
    delivery = await stage.owe("message")
    sending = asyncio.create_task(stage.send(delivery))
    await stage.meta.called.wait()
    sealed = VAULT.seal(TOKEN, stage.shop.account)
    await connections.reconnect(stage.owner, stage.shop.account, sealed, None)
    reconnected.set()
    await sending
    stage.meta.answer = None

    assert "connected" == (await stage.account())["status"]
    assert [] == await told(stage)
    await stage.paced_until("sent", delivery)


async def test_no_token_and_one_that_does_not_open(stage: Stage) -> None:
    """The owner hears of the first, whoever runs Switchboard of the second."""
    await stage.owner.execute("update private.instagram_credentials set ciphertext = $1", b"x" * 40)
    await stage.send(await stage.owe("message"))
    unreadable = await told(stage)
    await stage.owner.execute("delete from private.instagram_credentials")
    await stage.send(await stage.owe("message", person="78"))

    ours = ("our_bug", "credential_unreadable")
    assert [ours] == unreadable
    assert [ours, ("reconnect_needed", "")] == await told(stage)


async def test_a_wrong_parameter_of_a_proven_account(stage: Stage) -> None:
    """Once Meta has taken something, the same answer is our mistake, and holds nobody."""
    await stage.send(await stage.owe("message"))
    stage.meta.refuse(100)
    wrong = await stage.owe("message", person="78")
    await stage.send(wrong)

    assert ("refused", "invalid_parameter") == await _ended(stage, wrong)
    assert (0, [("our_bug", "100/-")]) == ((await stage.account())["holds"], await told(stage))


async def test_one_wrong_delivery_does_not_keep_a_new_account(stage: Stage) -> None:
    """It is tried twice; then the next one proves that the account is good."""
    stage.meta.refuse(100)
    wrong = await stage.owe("message")
    later = now() + timedelta(days=8)
    right = await stage.owe("message", person="78", state="parked", deadline=later)
    await stage.send(wrong)
    await hold_over(stage)
    assert [wrong] == await paced(stage)
    await stage.send(wrong)
    stage.meta.answer = None
    await stage.redis.flushall()

    assert ("refused", "app_role_missing") == await _ended(stage, wrong)
    await stage.paced_until("sent", right)
    assert (await stage.account())["proved_at"] is not None


async def test_a_file_that_meta_cannot_fetch(stage: Stage) -> None:
    """A message with it is tried a few times, a private reply may have gone out."""
    stage.meta.refuse(-2, 2207003)
    message, reply = await stage.owe("message"), await stage.owe("private_reply", person="78")
    await stage.send(reply)
    for _ in range(5):
        await stage.send(message)
        await stage.due_now(message)
        await paced(stage)

    assert ("uncertain", "media_timeout") == await _ended(stage, reply)
    assert ("refused", "media_timeout") == await _ended(stage, message)
    assert 6 == len(stage.meta.calls)


async def test_alerts_are_lines_and_figures(stage: Stage) -> None:
    """Raised and resolved once each, with the account as searchable field and no tenant counted."""
    stage.meta.refuse(368)
    sender = stage.sender()
    with structlog.testing.capture_logs() as lines:
        await sender(stage.due(await stage.owe("message")), RECEIPT)
        await hold_over(stage)
        stage.meta.answer = None
        await sender(stage.due(await stage.owe("message", person="78")), RECEIPT)

    told_of: dict[str, Any] = {
        line["event"]: line for line in lines if line["event"].startswith(("alert.", "account."))
    }
    assert {"account.held", "alert.raised", "account.freed", "alert.resolved"} == set(told_of)
    assert "policy_block" == told_of["alert.raised"]["reason"]
    assert {stage.shop.instagram_id} == {line["account_id"] for line in told_of.values()}
    totals = sender.meter.totals()
    assert 1 == totals["AlertsRaised{kind=account_held}"]
    assert 1 == totals["AlertsResolved{kind=account_held}"]


async def test_a_detail_says_until_when(stage: Stage) -> None:
    """An alert's detail is what its sentence needs, renewed when the hold is."""
    stage.meta.refuse(10, 1893063)
    await stage.send(await stage.owe("message"))
    (before,) = await alerts.open_alerts(stage.owner, stage.shop.account)
    await hold_over(stage)
    await stage.send(await stage.owe("message", person="78"))
    (after,) = await alerts.open_alerts(stage.owner, stage.shop.account)

    assert before.id == after.id
    until = (await stage.account())["held_until"].isoformat()
    assert {"reason": "sending_restricted", "until": until} == after.detail


async def _ended(stage: Stage, delivery: DeliveryId) -> tuple[str, str | None]:
    row = await stage.row(delivery)
    return row["state"], row["reason"]
