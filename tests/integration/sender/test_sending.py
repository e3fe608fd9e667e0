"""One call for each delivery, and every ending in its row."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest

from switchboard.contracts import DeliveryId
from switchboard.db import connections
from switchboard.db.pool import open_pool
from switchboard.errors import Unavailable
from switchboard.state import keys
from tests.integration.db.town import now
from tests.integration.sender.stage import (
    RECEIPT,
    TOKEN,
    VAULT,
    Answer,
    Stage,
    garbage,
    hang_up,
    server_error,
    silence,
    token_stored,
)


async def test_a_private_reply_is_sent_and_recorded(stage: Stage) -> None:
    """The row ends as sent, with Meta's id of the message and the person it made known."""
    delivery = await stage.owe()
    await stage.send(delivery)

    row = await stage.row(delivery)
    assert ("sent", "mid.1", "77") == (row["state"], row["message_id"], row["recipient_id"])
    path, body = stage.meta.calls[0]
    assert f"/v26.0/{stage.shop.instagram_id}/messages" == path
    assert {"comment_id": row["comment_id"]} == body["recipient"]


async def test_a_public_reply_and_a_message_are_sent(stage: Stage) -> None:
    """Each kind goes to its own address."""
    public, message = await stage.owe("public_reply"), await stage.owe("message")
    await stage.send(public)
    await stage.send(message)

    row = await stage.row(public)
    assert ("sent", "181") == (row["state"], row["message_id"])
    assert f"/v26.0/{row['comment_id']}/replies" == stage.meta.calls[0][0]
    assert {"id": "77"} == stage.meta.calls[1][1]["recipient"]


async def test_twenty_senders_and_one_delivery(stage: Stage) -> None:
    """A message delivered twenty times at once leads to one call."""
    delivery = await stage.owe()

    await asyncio.gather(*(stage.send(delivery) for _ in range(20)))
    await stage.send(delivery)

    assert 1 == len(stage.meta.calls)
    assert "sent" == (await stage.row(delivery))["state"]


async def test_twenty_deliveries_at_once(stage: Stage) -> None:
    """Each of many deliveries is sent, in any order, once; the account's own limits allow ten."""
    deliveries = [await stage.owe("message", person=str(n)) for n in range(20)]

    await asyncio.gather(*(stage.send(delivery) for delivery in deliveries))
    for delivery in deliveries:
        await stage.paced_until("sent", delivery)

    people = [body["recipient"]["id"] for _, body in stage.meta.calls]
    assert sorted(map(str, range(20))) == sorted(people)


@pytest.mark.parametrize("answer", [silence, hang_up, server_error, garbage])
@pytest.mark.parametrize("kind", ["private_reply", "public_reply", "message"])
async def test_an_unclear_call_is_uncertain_for_good(
    stage: Stage, answer: Answer, kind: str
) -> None:
    """Whatever leaves the outcome open is uncertain; no message and no pacer sends it again."""
    stage.meta.answer = answer
    delivery = await stage.owe(kind)

    await stage.send(delivery)
    stage.meta.answer = None
    await stage.send(delivery)
    await stage.pacer().round()

    assert "uncertain" == (await stage.row(delivery))["state"]
    assert (1, []) == (len(stage.meta.calls), stage.outbound.published)


@pytest.mark.parametrize(
    ("code", "subcode", "state", "reason"),
    [
        (1, None, "uncertain", "unknown_failure"),
        (2, None, "uncertain", "service_failure"),
        (20, 1772107, "uncertain", "created_then_failed"),
        (613, None, "parked", "rate_limited"),
        (80002, None, "parked", "budget_spent"),
        (368, None, "parked", "policy_block"),
        (190, None, "parked", "token_invalid"),
        (200, 2534041, "parked", "message_access_off"),
        (10, 2534022, "expired", "window_closed"),
        (551, 1545041, "refused", "person_unreachable"),
        (100, 2534025, "refused", "comment_not_answerable"),
        (100, None, "parked", "app_role_missing"),
        (31337, 1, "refused", "unknown_error"),
    ],
)
async def test_a_refusal_ends_in_its_state(
    stage: Stage, code: int, subcode: int | None, state: str, reason: str
) -> None:
    """Meta's two numbers decide the row's state; its trace is kept where it ended or is unclear."""
    stage.meta.refuse(code, subcode)
    delivery = await stage.owe()

    await stage.send(delivery)

    row = await stage.row(delivery)
    assert (state, reason) == (row["state"], row["reason"])
    if state in {"refused", "uncertain"}:
        assert (code, subcode, "Abc") == (
            row["graph_code"],
            row["graph_subcode"],
            row["fbtrace_id"],
        )


async def test_waiting_our_turn_costs_no_attempt(stage: Stage) -> None:
    """A limit of Meta's is not a failure of the delivery."""
    stage.meta.refuse(613)
    delivery = await stage.owe()
    await stage.send(delivery)

    assert 0 == (await stage.row(delivery))["attempts"]


async def test_a_throttled_account_is_quiet(stage: Stage) -> None:
    """After Meta said slow down, no other delivery of the account is tried."""
    stage.meta.refuse(613, 2534040)
    first, second = await stage.owe(), await stage.owe()
    await stage.send(first)
    await stage.send(second)

    assert 1 == len(stage.meta.calls)
    assert "cooling" == (await stage.row(second))["reason"]


async def test_a_throttled_app_is_quiet(stage: Stage) -> None:
    """After Meta told the app to slow down, no delivery of any account is tried."""
    stage.meta.refuse(4)
    first, second = await stage.owe(), await stage.owe()
    await stage.send(first)
    await stage.send(second)

    assert 1 == len(stage.meta.calls)
    assert "app_cooling" == (await stage.row(second))["reason"]
    assert 1 == await stage.redis.exists(keys.brake())


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"X-App-Usage": '{"call_count": 96}'}, "app_cooling"),
        ({"X-Business-Use-Case-Usage": '{"1": [{"call_count": 96}]}'}, "cooling"),
        ({"X-Business-Use-Case-Usage": '{"1": [{"call_count": 79}]}'}, None),
    ],
)
async def test_a_budget_nearly_spent_is_not_spent(
    stage: Stage, header: dict[str, str], reason: str | None
) -> None:
    """What was taken is sent; the next one waits if its budget, or the app's, is nearly spent."""
    stage.meta.headers = header
    first, second = await stage.owe(), await stage.owe()
    await stage.send(first)
    await stage.send(second)

    assert "sent" == (await stage.row(first))["state"]
    assert reason == (await stage.row(second))["reason"]


async def test_an_error_nobody_knows_is_met_twice_at_most(stage: Stage) -> None:
    """A message is tried once more, and then a person must look."""
    stage.meta.refuse(31337)
    delivery = await stage.owe("message")
    await stage.send(delivery)
    await stage.due_now(delivery)
    await stage.paced_until("refused", delivery)

    assert 2 == len(stage.meta.calls)


async def test_a_restricted_account_is_held(stage: Stage) -> None:
    """Nothing of a held account is called or released before its time."""
    stage.meta.refuse(10, 1893063)
    first, second = await stage.owe(), await stage.owe()
    await stage.send(first)
    await stage.send(second)
    await stage.due_now(first)
    await stage.pacer().round()

    account = await stage.account()
    assert "sending_restricted" == account["hold_reason"]
    assert now() + timedelta(minutes=29) < account["held_until"]
    assert (1, []) == (len(stage.meta.calls), stage.outbound.published)
    assert "sending_restricted" == (await stage.row(second))["reason"]


async def test_a_dead_token_parks_and_a_new_one_resumes(stage: Stage) -> None:
    """Outbound waits while the owner must reconnect; afterwards it goes out."""
    stage.meta.refuse(190, 460)
    first, second = await stage.owe(), await stage.owe()
    await stage.send(first)
    await stage.send(second)
    await stage.pacer().round()

    assert "reconnect_needed" == (await stage.account())["status"]
    assert (1, []) == (len(stage.meta.calls), stage.outbound.published)

    stage.meta.answer = None
    sealed = VAULT.seal(TOKEN, stage.shop.account)
    await connections.reconnect(stage.owner, stage.shop.account, sealed, None)
    await stage.paced_until("sent", first)
    await stage.paced_until("sent", second)


async def test_an_account_without_a_token_must_reconnect(stage: Stage) -> None:
    """A connected account whose token is gone is told to its owner, not tried."""
    await stage.owner.execute("delete from private.instagram_credentials")
    delivery = await stage.owe()
    await stage.send(delivery)

    assert "token_missing" == (await stage.row(delivery))["reason"]
    assert "reconnect_needed" == (await stage.account())["status"]


async def test_a_token_of_another_account_does_not_open(stage: Stage) -> None:
    """A sealed token that was moved is not used; the row waits for somebody to mend it."""
    other = stage.shop.account
    await stage.owner.execute("update private.instagram_credentials set ciphertext = $1", b"x" * 40)
    delivery = await stage.owe()
    await stage.send(delivery)
    await token_stored(stage.owner, stage.shop)

    assert "credential_unreadable" == (await stage.row(delivery))["reason"]
    assert other == stage.shop.account
    assert [] == stage.meta.calls


@pytest.mark.parametrize(("left_s", "state"), [(320, "sent"), (299, "expired"), (-10, "expired")])
async def test_a_window_about_to_close_is_closed(stage: Stage, left_s: float, state: str) -> None:
    """Five minutes before Meta's deadline ours has passed: no call is made."""
    delivery = await stage.owe("message", deadline=now() + timedelta(seconds=left_s))

    await stage.send(delivery)

    assert state == (await stage.row(delivery))["state"]
    assert (state == "sent") == bool(stage.meta.calls)


async def test_killed_between_call_and_record(stage: Stage) -> None:
    """A sender that dies during its call leaves an uncertain row and no second call."""
    stage.meta.answer, stage.lease = silence, timedelta(seconds=0.8)
    delivery = await stage.owe()
    sending = asyncio.create_task(stage.send(delivery))
    await stage.meta.called.wait()
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending

    await stage.send(delivery)
    assert "sending" == (await stage.row(delivery))["state"]

    stage.meta.answer = None
    await stage.paced_until("uncertain", delivery)
    assert "lease_expired" == (await stage.row(delivery))["reason"]
    assert 1 == len(stage.meta.calls)


async def test_the_limiter_parks_and_the_pacer_brings_back(stage: Stage) -> None:
    """Beyond the account's rate a delivery waits its turn in its row, and then is sent."""
    await stage.owner.execute("update public.instagram_accounts set sends_per_second = 2")
    deliveries = [await stage.owe("message", person=str(n)) for n in range(3)]
    await asyncio.gather(*(stage.send(delivery) for delivery in deliveries))
    waiting = [one for one in deliveries if (await stage.row(one))["state"] == "parked"]

    assert ["limit_sends"] * 2 == [(await stage.row(one))["reason"] for one in waiting]
    for delivery in deliveries:
        await stage.paced_until("sent", delivery)
    assert 3 == len(stage.meta.calls)


async def test_redis_away_parks_everything(stage: Stage) -> None:
    """Without limits nothing is sent and nothing is lost; when Redis is back, it goes out."""
    delivery = await stage.owe()
    await stage.server.stop()
    await stage.send(delivery)
    await stage.due_now(delivery)
    with pytest.raises(Unavailable):
        await stage.pacer().round()

    assert "parked" == (await stage.row(delivery))["state"]
    assert [] == stage.meta.calls

    await stage.server.start()
    await stage.paced_until("sent", delivery)
    assert 1 == len(stage.meta.calls)


async def test_redis_flushed_grants_no_more_private_replies(stage: Stage) -> None:
    """An emptied Redis does not renew the hour: what was begun in it is counted from its rows."""
    await stage.owner.execute("update public.instagram_accounts set private_replies_per_hour = 48")
    deliveries = [await stage.owe(person=str(n)) for n in range(6)]
    for delivery in deliveries[:2]:
        await stage.send(delivery)
    await stage.redis.flushall()
    for delivery in deliveries[2:]:
        await stage.send(delivery)

    assert 2 == len(stage.meta.calls)


async def test_postgres_away_claims_nothing(stage: Stage) -> None:
    """What cannot be claimed is not sent; the queue shows the message again."""
    delivery = await stage.owe()
    async with open_pool("postgresql://nobody@127.0.0.1:1/none", name="away") as away:
        with pytest.raises(Unavailable):
            await stage.sender(away)(stage.due(delivery), RECEIPT)

    assert [] == stage.meta.calls
    assert "ready" == (await stage.row(delivery))["state"]


async def test_lost_messages_are_published_again(stage: Stage) -> None:
    """A ready row nobody heard of is told of again by a pacer."""
    delivery = await stage.owe()
    await stage.owner.execute("update public.deliveries set published_at = now() - interval '1 h'")

    await stage.paced_until("sent", delivery)

    assert 1 == len(stage.meta.calls)


async def test_what_is_overdue_ends(stage: Stage) -> None:
    """A parked delivery whose deadline passes is over without a call."""
    delivery: DeliveryId = await stage.owe(
        state="parked", deadline=now() - timedelta(seconds=1), not_before=now()
    )

    await stage.paced_until("expired", delivery)

    assert [] == stage.meta.calls


async def test_a_crowd_at_a_cold_limit_is_not_counted_twice(stage: Stage) -> None:
    """When all ask at once what was begun, none counts the others that are about to be."""
    deliveries = [await stage.owe(person=str(n)) for n in range(20)]
    await asyncio.gather(*(stage.send(delivery) for delivery in deliveries))
    waits_for = {(await stage.row(delivery))["reason"] for delivery in deliveries}

    assert waits_for <= {None, "limit_sends"}  # a second's worth may be too much for a slow machine
