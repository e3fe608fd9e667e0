"""Uncertain deliveries against the simulator: what was done is found, what was not is done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from switchboard.contracts import DeliveryId
from switchboard.db.alerts import open_alerts
from switchboard.db.uncertain import UNRESOLVED as ASKED
from switchboard.errors import Unavailable
from switchboard.graph import open_graph
from tests.integration.metasim.stage import APP_SECRET, MEDIA, VERIFY_TOKEN, Meta
from tests.integration.sender.stage import PATIENCE, RECEIPT, TOKEN, Stage
from tests.support.waiting import until
from tools.metasim.app import create_app
from tools.metasim.settings import Settings

KINDS = ["message", "private_reply", "public_reply"]
TARGETS = {
    "any": "any",
    "message": "messages",
    "private_reply": "private_replies",
    "public_reply": "replies",
}
FOUND = {
    "message": ("conversation", "found", "found_in_conversation"),
    "private_reply": ("conversation", "found", "found_in_conversation"),
    "public_reply": ("replies", "found", "found_under_comment"),
}


@pytest.fixture
async def meta() -> AsyncIterator[Meta]:
    """A Meta that sends no webhooks: echoes are off, as they may be for weeks."""
    settings = Settings(
        webhook_url="http://127.0.0.1:1/",
        app_id="1000000000000001",
        app_secret=APP_SECRET,
        verify_token=VERIFY_TOKEN,
    )
    async with (
        TestServer(create_app(settings), shutdown_timeout=0.1) as server,
        ClientSession(server.make_url("/")) as http,
    ):
        yield Meta(http)


@pytest.fixture
async def town(stage: Stage, meta: Meta) -> AsyncIterator[Stage]:
    """The stage with the simulator for Meta."""
    us = stage.shop.instagram_id
    username = stage.shop.username
    await meta.sim("PUT", f"/accounts/{us}", {"username": username, "token": TOKEN})
    await meta.sim("PUT", f"/accounts/{us}/media/{MEDIA}", {"caption": "hats"})
    url = str(meta.http._base_url).rstrip("/")
    async with open_graph(url=url, version="v26.0", call_budget_s=1) as graph:
        yield replace(stage, graph=graph)


async def owed(
    town: Stage, meta: Meta, kind: str, username: str = "ana", **fields: Any
) -> DeliveryId:
    """Owe somebody who wrote and commented something of this kind."""
    us = town.shop.instagram_id
    told = await meta.write(account_id=us, username=username)
    comment = await meta.comment(account_id=us, username=username)
    addressee = {} if kind == "message" else {"comment_id": comment["comment_id"]}
    return await town.owe(kind, person=told["igsid"], **(addressee | fields))


async def misbehave(meta: Meta, kind: str, fault: str, **more: Any) -> None:
    """Let the next call of this kind go wrong."""
    order = {"on": TARGETS[kind], "kind": fault, "times": 1, **more}
    await meta.sim("PUT", "/config", {"faults": [order]})


async def said(town: Stage, meta: Meta, kind: str = "message", username: str = "ana") -> list[str]:
    """Return what the account has said, in the conversation or under comments."""
    us = town.shop.instagram_id
    if kind == "public_reply":
        listed = await meta.sim("GET", f"/accounts/{us}/media/{MEDIA}/comments")
        return [reply["text"] for comment in listed["comments"] for reply in comment["replies"]]
    talk = await meta.sim("GET", f"/conversations/{us}/{username}")
    return [one["text"] for one in talk["messages"] if one["from"] == "account"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "fault", ["accept_then_timeout", "accept_then_500", "accept_then_code_1", "drop_connection"]
)
async def test_what_was_sent_is_found(town: Stage, meta: Meta, kind: str, fault: str) -> None:
    """Meta did it and did not say so: it is found where it stands, and not said again."""
    delivery = await owed(town, meta, kind)
    await misbehave(meta, kind, fault)
    await town.send(delivery)
    before = (await town.row(delivery))["state"]
    await town.reconciled_until("sent", delivery)

    row = await town.row(delivery)
    assert "uncertain" == before
    assert FOUND[kind] == (await town.looks(delivery))[-1]
    assert ["Here you are"] == await said(town, meta, kind)
    assert row["message_id"]
    assert (kind == "public_reply") == (row["recipient_id"] is None)


@pytest.mark.parametrize(
    ("preset", "kind"),
    [
        ("done_then_answer_lost", "message"),
        ("done_then_service_failure", "message"),
        ("done_then_send_failure", "private_reply"),
        ("done_then_garbage", "private_reply"),
        ("comment_created_then_refused", "public_reply"),
        ("done_then_garbage", "public_reply"),
    ],
)
async def test_whatever_an_answer_leaves_open(
    town: Stage, meta: Meta, preset: str, kind: str
) -> None:
    """Each answer that does not tell whether Meta acted is a doubt, and what it did is found."""
    delivery = await owed(town, meta, kind)
    await meta.sim("PUT", "/config", {"faults": [{"preset": preset, "times": 1}]})
    await town.send(delivery)
    before = (await town.row(delivery))["state"]
    await town.reconciled_until("sent", delivery)

    assert "uncertain" == before
    assert FOUND[kind] == (await town.looks(delivery))[-1]
    assert ["Here you are"] == await said(town, meta, kind)


@pytest.mark.parametrize("preset", ["unknown_failure", "service_failure", "send_failure"])
async def test_a_failure_that_did_nothing(town: Stage, meta: Meta, preset: str) -> None:
    """The same codes when Meta did not act: it is not there, and is sent once."""
    delivery = await owed(town, meta, "message")
    await meta.sim("PUT", "/config", {"faults": [{"preset": preset, "times": 1}]})
    await town.send(delivery)
    before = (await town.row(delivery))["state"]
    await town.reconciled_until("sent", delivery)

    assert "uncertain" == before
    assert ["Here you are"] == await said(town, meta)


@pytest.mark.parametrize(
    ("lag_s", "again_s"),
    [
        (0.6, 0.2),  # shown before absence counts
        (1.8, 2.0),  # not shown to the first look that counts, but to the second
    ],
)
@pytest.mark.parametrize("kind", ["message", "private_reply"])
async def test_what_is_shown_late_is_not_sent_again(
    town: Stage, meta: Meta, kind: str, lag_s: float, again_s: float
) -> None:
    """What Meta did and shows only after a while is found then: one look proves no absence."""
    delivery = await owed(town, meta, kind)
    await meta.sim("PUT", "/config", {"read_lag_s": lag_s})
    await misbehave(meta, kind, "accept_then_500")
    await town.send(delivery)
    patient = replace(PATIENCE, again=timedelta(seconds=again_s))
    await town.reconciled_until("sent", delivery, patient)

    looks = await town.looks(delivery)
    assert "absent" in {outcome for _, outcome, _ in looks}
    assert FOUND[kind] == looks[-1]
    assert 1 == (await town.row(delivery))["attempts"]


async def test_a_conversation_that_is_too_much_is_read_in_parts(town: Stage, meta: Meta) -> None:
    """Where Meta refuses to show twenty messages at once, it is asked for fewer."""
    delivery = await owed(town, meta, "message")
    await meta.sim("PUT", "/config", {"limits": {"conversation_objects": 6}})
    await misbehave(meta, "message", "accept_then_500")
    await town.send(delivery)
    await town.reconciled_until("sent", delivery)

    assert [FOUND["message"]] == await town.looks(delivery)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_not_sent_is_sent(town: Stage, meta: Meta, kind: str) -> None:
    """The call left us and never arrived: seen twice not to be there, it is sent again, once."""
    delivery = await owed(town, meta, kind)
    await misbehave(meta, kind, "drop_connection", accepts=False)
    await town.send(delivery)
    await town.reconciled_until("sent", delivery)

    absences = [one for one in await town.looks(delivery) if one[1] == "absent"]
    assert len(absences) >= 2
    assert ["Here you are"] == await said(town, meta, kind)
    assert 2 == (await town.row(delivery))["attempts"]


async def test_what_is_never_taken_is_given_up(town: Stage, meta: Meta) -> None:
    """Each time it was shown not to be there; after the last time it is refused, and says why."""
    delivery = await owed(town, meta, "message")
    await misbehave(meta, "message", "drop_connection", accepts=False, times=None)
    await town.send(delivery)
    await town.reconciled_until("refused", delivery)

    row = await town.row(delivery)
    assert ("never_answered", PATIENCE.attempts) == (row["reason"], row["attempts"])
    assert [] == await said(town, meta)


async def test_what_is_too_late_by_then_is_over(town: Stage, meta: Meta) -> None:
    """Shown not to have been sent after its deadline, it is expired and never said."""
    delivery = await owed(town, meta, "private_reply")
    await misbehave(meta, "private_reply", "drop_connection", accepts=False)
    await town.send(delivery)
    await town.owner.execute("update public.deliveries set deadline = now()")
    await town.reconciled_until("expired", delivery)

    assert "deadline_passed" == (await town.row(delivery))["reason"]
    assert [] == await said(town, meta)


async def test_a_killed_sender_between_call_and_record(town: Stage, meta: Meta) -> None:
    """Meta has it, its sender died before it could write so: found once the lease is over."""
    killed = replace(town, lease=timedelta(seconds=2.5))
    delivery = await owed(town, meta, "message")
    await misbehave(meta, "message", "delay", delay_s=30)
    sending = asyncio.create_task(killed.send(delivery))
    await until(lambda: said(town, meta), bool)
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    await town.paced_until("uncertain", delivery)
    await town.reconciled_until("sent", delivery)

    assert ["Here you are"] == await said(town, meta)


async def test_what_was_told_of_in_vain_is_found_by_a_pacer(town: Stage, meta: Meta) -> None:
    """Whoever dies between making it ready and telling a sender leaves it to a pacer."""
    delivery = await owed(town, meta, "message")
    await misbehave(meta, "message", "drop_connection", accepts=False)
    await town.send(delivery)
    town.outbound.failure = Unavailable("SQS")
    await town.reconciled_until("ready", delivery)
    town.outbound.failure = None
    await town.owner.execute("update public.deliveries set published_at = now() - interval '1 h'")
    await town.paced_until("sent", delivery)

    assert ["Here you are"] == await said(town, meta)


async def test_what_waited_for_it_goes_on(town: Stage, meta: Meta) -> None:
    """The next of its chain is sent once it is found, and not before."""
    delivery = await owed(town, meta, "message")
    person = (await town.row(delivery))["person_id"]
    after = await town.owe(
        "message", person=person, after_id=delivery, content='{"text": "And this"}'
    )
    await misbehave(meta, "message", "accept_then_timeout")
    await town.send(delivery)
    waited = (await town.row(after))["state"]
    await town.reconciled_until("sent", delivery)
    await town.reconciled_until("sent", after)

    assert "waiting" == waited
    assert ["Here you are", "And this"] == await said(town, meta)


async def test_the_echo_is_enough(town: Stage, meta: Meta) -> None:
    """What our own webhooks told of is found without a call to Meta."""
    delivery = await owed(town, meta, "message")
    await misbehave(meta, "message", "accept_then_timeout")
    await town.send(delivery)
    talk = await meta.sim("GET", f"/conversations/{town.shop.instagram_id}/ana")
    message = talk["messages"][-1]
    await town.echoed(talk["igsid"], message["mid"], message["text"])
    await misbehave(meta, "any", "refuse", code=2, times=None)
    await town.reconciled_until("sent", delivery)

    assert [("ledger", "found", "found_as_echo")] == await town.looks(delivery)
    row = await town.row(delivery)
    assert (message["mid"], talk["igsid"]) == (row["message_id"], row["recipient_id"])


async def test_our_own_comment_is_enough(town: Stage, meta: Meta) -> None:
    """A public reply that came back as a comment is found without a call to Meta."""
    delivery = await owed(town, meta, "public_reply")
    comment_id = (await town.row(delivery))["comment_id"]
    await misbehave(meta, "public_reply", "accept_then_500")
    await town.send(delivery)
    await town.commented("18000", "Here you are", under=comment_id)
    await misbehave(meta, "any", "refuse", code=2, times=None)
    await town.reconciled_until("sent", delivery)

    assert [("ledger", "found", "found_under_comment")] == await town.looks(delivery)
    assert "18000" == (await town.row(delivery))["message_id"]


@pytest.mark.parametrize(("sent", "found"), [(2, 2), (1, 1), (0, 0)])
async def test_two_that_say_the_same(town: Stage, meta: Meta, sent: int, found: int) -> None:
    """One message is never taken for both: what is missing of the two is sent again."""
    first = await owed(town, meta, "message")
    person = (await town.row(first))["person_id"]
    second = await town.owe("message", person=person)
    for number, delivery in enumerate((first, second)):
        await misbehave(meta, "message", "drop_connection", accepts=number < sent)
        await town.send(delivery)
    before = len(await said(town, meta))
    await town.reconciled_until("sent", first)
    await town.reconciled_until("sent", second)

    ids = {(await town.row(one))["message_id"] for one in (first, second)}
    assert found == before
    assert ["Here you are"] * 2 == await said(town, meta)
    assert 2 == len(ids - {None})


async def test_two_different_ones_at_once(town: Stage, meta: Meta) -> None:
    """What one of them said is no other word to the other, once it is known whose it is."""
    first = await owed(town, meta, "message")
    person = (await town.row(first))["person_id"]
    second = await town.owe("message", person=person, content='{"text": "Another"}')
    for delivery in (first, second):
        await misbehave(meta, "message", "accept_then_timeout")
        await town.send(delivery)
    await town.reconciled_until("sent", second)
    await town.reconciled_until("sent", first)

    assert ["Here you are", "Another"] == await said(town, meta)


async def test_two_comments_of_one_person(town: Stage, meta: Meta) -> None:
    """Each comment has one answer at Meta, so it is not guessed which of two was given."""
    first = await owed(town, meta, "private_reply")
    second = await owed(town, meta, "private_reply")
    for delivery, accepts in ((first, True), (second, False)):
        await misbehave(meta, "private_reply", "drop_connection", accepts=accepts)
        await town.send(delivery)
    for delivery in (first, second):
        await until(lambda one=delivery: town.reconciled(one), lambda row: row["looks"] > 1)  # type: ignore[misc]  # bound per round

    assert {"several"} == {because for _, _, because in await town.looks(first)}
    assert {"several"} == {because for _, _, because in await town.looks(second)}


async def test_a_word_typed_by_hand_leaves_it_open(town: Stage, meta: Meta) -> None:
    """Something else was said just then: nobody can tell, so a person is asked, and never we."""
    delivery = await owed(town, meta, "message")
    us = town.shop.instagram_id
    await misbehave(meta, "message", "drop_connection", accepts=False)
    await town.send(delivery)
    typed = {"account_id": us, "username": "ana", "text": "One moment"}
    await meta.sim("POST", "/hand-typed", typed)
    impatient = replace(PATIENCE, give_up=timedelta(seconds=1.6))
    await until(lambda: town.reconciled(delivery, impatient), lambda row: row["reason"] == ASKED)
    asked = await open_alerts(town.db, town.shop.account)
    for _ in range(3):
        await town.reconciled(delivery, impatient)

    assert {"another"} == {because for _, _, because in await town.looks(delivery)}
    assert "uncertain" == (await town.row(delivery))["state"]
    assert [("unresolved_delivery", str(delivery))] == [(one.kind, one.subject) for one in asked]
    assert ["One moment"] == await said(town, meta)


async def test_evidence_that_comes_late_still_counts(town: Stage, meta: Meta) -> None:
    """What a person was asked about is found after all: it is sent, and nobody is asked now."""
    delivery = await owed(town, meta, "message")
    await misbehave(meta, "message", "accept_then_timeout")
    await town.send(delivery)
    await misbehave(meta, "any", "refuse", code=2, times=None)
    impatient = replace(PATIENCE, give_up=timedelta(seconds=1.4))
    await until(lambda: town.reconciled(delivery, impatient), lambda row: row["reason"] == ASKED)
    await meta.sim("PUT", "/config", {"faults": []})
    await town.reconciled(delivery, impatient)

    assert "sent" == (await town.row(delivery))["state"]
    assert [] == await open_alerts(town.db, town.shop.account)


async def test_what_was_asked_about_is_never_sent_by_itself(town: Stage, meta: Meta) -> None:
    """Shown not to be there only after a person was asked, it waits for them."""
    delivery = await owed(town, meta, "message")
    await misbehave(meta, "message", "drop_connection", accepts=False)
    await town.send(delivery)
    await misbehave(meta, "any", "refuse", code=2, times=None)
    impatient = replace(PATIENCE, give_up=timedelta(seconds=1.4))
    await until(lambda: town.reconciled(delivery, impatient), lambda row: row["reason"] == ASKED)
    await meta.sim("PUT", "/config", {"faults": []})

    async def absences() -> int:
        await town.reconciled(delivery, impatient)
        return sum(outcome == "absent" for _, outcome, _ in await town.looks(delivery))

    await until(absences, lambda n: n >= 4)

    assert "uncertain" == (await town.row(delivery))["state"]
    assert [] == await said(town, meta)


@pytest.mark.parametrize(
    ("fault", "because"),
    [
        ({"kind": "throttle"}, "messaging_limited"),
        ({"kind": "refuse", "code": 2}, "service_failure"),
    ],
)
async def test_a_read_that_fails_decides_nothing(
    town: Stage, meta: Meta, fault: dict[str, Any], because: str
) -> None:
    """It is made again, and what is sent meanwhile does not wait for it."""
    delivery = await owed(town, meta, "message")
    await misbehave(meta, "message", "accept_then_timeout")
    await town.send(delivery)
    await meta.sim("PUT", "/config", {"faults": [{"on": "reads", "times": None, **fault}]})
    await town.reconciler().round()
    other = await town.owe("message", person=(await town.row(delivery))["person_id"])
    await town.send(other)
    await meta.sim("PUT", "/config", {"faults": []})
    await town.owner.execute("update public.deliveries set look_at = now()")
    await town.reconciled_until("sent", delivery)

    assert ("conversation", "failed", because) == (await town.looks(delivery))[0]
    assert "sent" == (await town.row(other))["state"]


async def test_an_account_that_is_held_is_not_read(town: Stage, meta: Meta) -> None:
    """While Meta restricts the account, or it is not connected, only our own ledger is asked."""
    delivery = await owed(town, meta, "message")
    await misbehave(meta, "message", "accept_then_timeout")
    await town.send(delivery)
    await town.owner.execute("update public.instagram_accounts set status = 'reconnect_needed'")
    await town.reconciler().round()
    await town.owner.execute(
        """
        update public.instagram_accounts
           set status = 'connected', held_until = now() + interval '0.5 s', hold_reason = 'spam'
        """
    )
    await until(lambda: town.reconciled(delivery), lambda row: row["looks"] > 1)
    await town.reconciled_until("sent", delivery)

    looks = await town.looks(delivery)
    assert ("ledger", "failed", "account_reconnect_needed") == looks[0]
    assert ("ledger", "failed", "spam") == looks[1]


async def test_somebody_known_by_a_comment_alone(town: Stage, meta: Meta) -> None:
    """Whom a private reply went to is found among the latest conversations, and then known."""
    us = town.shop.instagram_id
    comment = await meta.comment(account_id=us)
    delivery = await town.owe(person_id=None, comment_id=comment["comment_id"])
    await misbehave(meta, "private_reply", "accept_then_timeout")
    await town.send(delivery)
    await town.reconciled_until("sent", delivery)

    assert ("conversations", "found", "found_in_conversation") == (await town.looks(delivery))[-1]
    assert comment["igsid"] == (await town.row(delivery))["recipient_id"]


async def test_two_known_by_their_comments_alone(town: Stage, meta: Meta) -> None:
    """The same words to two people we cannot tell apart: neither is taken for the other's."""
    us, deliveries = town.shop.instagram_id, []
    for username in ("ana", "bo"):
        comment = await meta.comment(account_id=us, username=username)
        delivery = await town.owe(person_id=None, comment_id=comment["comment_id"])
        await misbehave(meta, "private_reply", "accept_then_timeout")
        await town.send(delivery)
        deliveries.append(delivery)
    for delivery in deliveries:
        await until(lambda one=delivery: town.reconciled(one), lambda row: row["looks"] > 2)  # type: ignore[misc]  # bound per round

    for delivery in deliveries:
        assert "uncertain" == (await town.row(delivery))["state"]
        assert ("conversations", "unclear", "several") in await town.looks(delivery)


async def test_a_reply_to_a_reply_stands_under_the_first_comment(town: Stage, meta: Meta) -> None:
    """Meta puts it under the comment that was answered, so it is looked for there, too."""
    us = town.shop.instagram_id
    top = await meta.comment(account_id=us)
    answer = await meta.comment(account_id=us, parent_id=top["comment_id"], username="bo")
    delivery = await town.owe_for_comment(answer["comment_id"], parent=top["comment_id"])
    await misbehave(meta, "public_reply", "accept_then_timeout")
    await town.send(delivery)
    await town.reconciled_until("sent", delivery)

    assert ("replies", "found", "found_under_comment") == (await town.looks(delivery))[-1]


async def test_many_reconcilers_at_once(town: Stage, meta: Meta) -> None:
    """However many look, each delivery is looked for by one at a time, and decided once."""
    deliveries = [await owed(town, meta, "private_reply", username=f"p{n}") for n in range(4)]
    for number, delivery in enumerate(deliveries):
        await misbehave(meta, "private_reply", "drop_connection", accepts=number % 2 == 0)
        await town.send(delivery)

    async def rounds() -> set[str]:
        await asyncio.gather(*(town.reconciler().round() for _ in range(4)))
        due, town.outbound.published = town.outbound.published, []
        await asyncio.gather(*(town.sender()(one, RECEIPT) for one in due))
        return {(await town.row(delivery))["state"] for delivery in deliveries}

    await until(rounds, lambda states: states == {"sent"}, within_s=60)

    rows = [await town.row(delivery) for delivery in deliveries]
    assert [1, 2, 1, 2] == [row["attempts"] for row in rows]
    assert 4 == len({row["message_id"] for row in rows})
    assert [["Here you are"]] * 4 == [await said(town, meta, username=f"p{n}") for n in range(4)]
