"""Events are decided by who their person is, as Postgres has it, whatever Redis thinks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from switchboard.contracts import CampaignId, CommentId, InboundEvent, MessageId, PersonId
from switchboard.errors import Unavailable
from switchboard.rules import replaying
from switchboard.rules.contact import STRANGER, Contact, Flow
from switchboard.rules.payloads import ToStep
from switchboard.state.contacts import Remembered
from tests.support.builders import (
    ACCOUNT,
    NOON,
    PERSON,
    answer,
    campaign,
    comment,
    follower_read,
    message,
    on_comment,
    on_message,
    postback,
    private_reply,
    rules,
    text_message,
)
from tests.unit.router.surroundings import SHOP, SOMEBODY, Bench, FakePostgres, bench, moved

ONCE = rules(
    campaign(
        on_comment("link"),
        private_reply("Here it is"),
        conditions={"once": {"per": "campaign"}},
    )
)
SPEAKS = rules(campaign(on_message("price")))
SILENT = Contact(revision=3, paused_until=NOON + timedelta(hours=1))


def numbered(n: int, **fields: Any) -> InboundEvent:
    """Return PERSON's `n`-th comment with the keyword, a second after the one before."""
    at = NOON + timedelta(seconds=n)
    fields = {"occurred_at": at, "received_at": at} | fields
    return comment(comment_id=CommentId(f"1790000000000{n:04}"), **fields)


def outcomes(b: Bench, *events: InboundEvent) -> list[str]:
    """Return how the events were decided."""
    return [b.row(event).outcome for event in events]


def told(b: Bench, event: InboundEvent) -> dict[str, Any]:
    """Return the explanation of an event's decision."""
    explanation: dict[str, Any] = json.loads(b.row(event).decision)
    return explanation


async def test_a_strangers_comment_asks_postgres_nothing() -> None:
    """Who comments is taken for a stranger: one statement; what became of them is kept."""
    b = bench(ONCE)

    await b.events(numbered(1))

    assert [] == b.postgres.loads
    assert 1 == len(b.postgres.recordings)
    assert 1 == b.postgres.contacts[SOMEBODY].revision
    assert b.postgres.contacts[SOMEBODY] == b.redis.contacts[PERSON]


async def test_a_commenter_who_was_no_stranger_is_decided_again() -> None:
    """A wrong guess writes nothing: the contact is loaded, and the event decided by it."""
    b = bench(ONCE)
    b.knows(SILENT)

    await b.events(numbered(1))

    assert [[SOMEBODY]] == b.postgres.loads
    assert 2 == len(b.postgres.recordings)
    assert ("ignored", "paused") == (
        told(b, numbered(1))["outcome"],
        told(b, numbered(1))["because"],
    )
    assert SILENT == b.redis.contacts[PERSON]
    assert 1 == b.meter.totals()["RevisionConflicts"]


async def test_who_writes_is_loaded_once_for_all() -> None:
    """Before a message is decided its person is looked up, with all others in one query."""
    b = bench(SPEAKS)
    b.knows(SILENT)
    other = message("price", message_id=MessageId("mid.2"), sender_id=PersonId("2"))

    await b.events(message("price"), other)

    assert [[SOMEBODY, (SHOP, PersonId("2"))]] == [sorted(one) for one in b.postgres.loads]
    assert ["ignored", "matched"] == outcomes(b, message("price"), other)
    assert SILENT == replace(b.redis.contacts[PERSON], window_closes_at=None)
    assert STRANGER == b.redis.contacts[PersonId("2")]  # so the next message need not ask


async def test_a_remembered_contact_is_decided_by() -> None:
    """What Redis remembers costs no query."""
    b = bench(SPEAKS)
    b.knows(SILENT, cached=SILENT)

    await b.events(message("price"))

    assert [] == b.postgres.loads
    assert ["ignored"] == outcomes(b, message("price"))
    assert [] == b.redis.remembered  # it is there already


async def test_a_stale_copy_is_found_out_and_replaced() -> None:
    """A copy that Postgres has overtaken decides nothing, and is told to go."""
    b = bench(SPEAKS)
    b.knows(SILENT, cached=Contact(revision=9))

    await b.events(message("price"))

    assert ["ignored"] == outcomes(b, message("price"))
    assert [
        Remembered(account_id=ACCOUNT, person_id=PERSON, contact=SILENT, instead_of=9)
    ] == b.redis.remembered


async def test_the_later_of_two_windows_counts() -> None:
    """The window is as long as either Redis or Postgres knows."""
    b = bench(ONCE)
    redis, postgres = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    b.knows(Contact(window_closes_at=postgres), cached=Contact(window_closes_at=postgres))
    b.redis.windows[PERSON] = redis
    await b.events(numbered(1))
    b.redis.windows[PERSON] = NOON + timedelta(hours=3)
    await b.events(numbered(2))

    assert [2, 3] == [
        int(told(b, numbered(n))["contact"]["window_closes_at"][11:13]) - NOON.hour for n in (1, 2)
    ]


async def test_a_person_answered_meanwhile_is_not_answered_again() -> None:
    """Another router answers the person between our reading and our writing: it alone has."""
    b, other = bench(ONCE), None

    def answered_first(postgres: FakePostgres) -> None:
        nonlocal other
        if other is None:
            other = bench(ONCE)
            postgres.contacts[SOMEBODY] = answered

    alone = bench(ONCE)
    await alone.events(numbered(1))
    answered = alone.postgres.contacts[SOMEBODY]
    b.postgres.interferes = answered_first

    await b.events(numbered(2))

    assert ["no_match"] == outcomes(b, numbered(2))
    assert ["once"] == [one["failed"] for one in told(b, numbered(2))["considered"]]
    assert answered == b.postgres.contacts[SOMEBODY]


async def test_a_contact_that_never_rests_lets_the_event_come_again() -> None:
    """After five rounds the person's events come again later; the others of the batch are done."""
    b = bench(SPEAKS)
    other = message("price", message_id=MessageId("mid.9"), sender_id=PersonId("2"))
    later = message("price", message_id=MessageId("mid.2"), occurred_at=NOON + timedelta(seconds=1))

    def changes(postgres: FakePostgres) -> None:
        postgres.contacts[SOMEBODY] = moved(postgres.contacts.get(SOMEBODY, STRANGER))

    b.postgres.interferes = changes
    found = await b.events(later, other, message("price"))

    assert [Unavailable, type(None), Unavailable] == [type(one) for one in found]
    assert {other.event_id} == b.postgres.rows.keys()
    assert 5 == len(b.postgres.recordings)
    assert 1 == len(b.outbound.sent)


async def test_a_persons_events_are_decided_in_the_order_they_happened() -> None:
    """Two comments of one person in a batch: the first is answered, the second sees that."""
    b = bench(ONCE)

    await b.events(numbered(2), numbered(1))

    assert ["matched", "no_match"] == outcomes(b, numbered(1), numbered(2))
    assert [[numbered(1).event_id], [numbered(2).event_id]] == b.postgres.recordings
    assert [] == b.postgres.loads
    assert 1 == len(b.outbound.sent)


async def test_rounds_are_shared_by_all_people_of_a_batch() -> None:
    """Each round takes one event of everybody, so a batch costs as many as the busiest wrote."""
    b = bench(ONCE)
    others = [numbered(n, author_id=PersonId(str(n))) for n in range(3, 9)]

    await b.events(numbered(1), *others, numbered(2))

    assert [7, 1] == [len(one) for one in b.postgres.recordings]


async def test_what_was_decided_in_one_batch_can_be_decided_again() -> None:
    """Each decision names the stored contact it was made by: replayed, it gives the same bytes."""
    b = bench(ONCE)
    events = [numbered(n) for n in (1, 2, 3)]
    await b.events(*events)

    for event in events:
        stored = json.loads(b.row(event).decision)
        again = replaying.again(json.loads(b.row(event).event), stored, ONCE)
        assert [] == replaying.differences(stored, again)
        assert b.row(event).decision == again.explanation()


async def test_a_duplicate_found_by_the_ledger_changes_nobody() -> None:
    """With Redis emptied, an event decided before is decided in vain and its contact kept."""
    b = bench(ONCE)
    await b.events(numbered(1))
    contact = b.postgres.contacts[SOMEBODY]
    b.redis.claims.clear()
    b.redis.contacts.clear()

    found = await b.events(numbered(1, trace_id="f" * 32), numbered(2))

    assert [None, None] == found
    assert contact == b.postgres.contacts[SOMEBODY]
    assert ["matched", "no_match"] == outcomes(b, numbered(1), numbered(2))
    assert contact == replace(b.redis.contacts[PERSON], window_closes_at=None)


async def test_a_decision_in_vain_leaves_nothing_behind() -> None:
    """What the ledger did not take is not known of the person, whatever revision it would have."""
    b = bench(rules())
    await b.events(numbered(1))
    silent = replace(SILENT, revision=1)
    b.knows(silent)
    b.redis.claims.clear()
    b.rules.book = ONCE  # by which the first would be answered, had it not been decided before

    await b.events(numbered(1), numbered(2))

    assert ["no_match", "ignored"] == outcomes(b, numbered(1), numbered(2))
    assert silent == b.postgres.contacts[SOMEBODY] == b.redis.contacts[PERSON]


async def test_redis_lost_after_recording_loses_nothing() -> None:
    """What cannot be remembered is published all the same."""
    b = bench(ONCE)
    b.redis.down = True

    assert [None] == await b.events(numbered(1))
    assert 1 == len(b.outbound.sent)


async def test_an_answer_is_decided_by_the_contact() -> None:
    """Between question and answer a person took over: nothing is sent."""
    b = bench(rules(campaign({"kind": "intent", "intent": "price"}), intents=("price",)))
    event = message("what does it cost")
    await b.events(event)
    b.knows(SILENT)

    await b.answers(answer(event, "price"))

    assert ("ignored", "paused") == (b.row(event).outcome, told(b, event)["because"])
    assert [] == b.outbound.sent


async def test_what_meta_says_of_following_is_kept() -> None:
    """The follower's read completes the event, and the contact has it from then on."""
    book = rules(
        campaign(
            on_message("price"),
            text_message("Here it is"),
            conditions={"follower": {"follows": True, "when_unknown": "fail"}},
        )
    )
    b = bench(book)
    await b.events(message("price"))
    asked = b.row(message("price"))
    await b.answers(follower_read(message("price"), follows=True))

    assert ("asked", ["lookup"]) == (asked.outcome, [one.kind for one in asked.deliveries])
    assert [] == b.classify.sent  # Meta is asked by a lookup, not the classifier
    assert "matched" == b.row(message("price")).outcome
    assert b.postgres.contacts[SOMEBODY].follows is True


async def test_two_answers_about_one_event_are_both_decided() -> None:
    """A repeated answer in one batch is not taken for another, nor the other for it."""
    b = bench(rules(campaign({"kind": "intent", "intent": "price"}), intents=("price",)))
    event = message("what does it cost")
    await b.events(event)

    found = await b.answers(answer(event, "price"), answer(event, "price"))

    assert [None, None] == found
    assert "matched" == b.row(event).outcome
    assert 1 == len(b.outbound.sent)


async def test_a_version_that_is_not_live_is_brought_along() -> None:
    """A tap leads into the version it was sent by, though another is live by now."""
    live = campaign(on_message("price"), text_message("new"), version=2)
    before = campaign(on_message("price"), text_message("old"), text_message("old, further"))
    tap = postback(str(ToStep(live.id, 1, 1)))
    b = bench(rules(live))
    b.rules.versions[SHOP, live.id, 1] = before

    await b.events(tap)

    assert [{(SHOP, live.id, 1)}] == b.rules.asked
    assert ["old, further"] == [json.loads(one.content)["text"] for one in b.row(tap).deliveries]


@pytest.mark.parametrize("version", [2, 7])
async def test_nothing_is_asked_for_versions_that_are_live(version: int) -> None:
    """Flows in the live version need nothing; one in a version that is gone does no harm."""
    live = campaign(on_message("price"), version=2)
    b = bench(rules(live))
    flow = Flow(
        campaign_id=CampaignId(UUID(int=1)),
        version=version,
        step=0,
        awaits="tap",
        since=NOON,
        event_id=message().event_id,
    )
    b.knows(Contact(revision=1, flows=(flow,)))

    await b.events(message("price"))

    assert [{(SHOP, live.id, 7)}] * (version == 7) == b.rules.asked
    assert ["matched"] == outcomes(b, message("price"))


async def test_somebody_who_was_erased_meanwhile() -> None:
    """What the ledger kept of nobody is answered with nothing, and Redis is told to forget them."""
    b = bench(SPEAKS)
    b.postgres.erased.add(PERSON)
    other = message("price", message_id=MessageId("mid.2"), sender_id=PersonId("2"))

    ended = await b.events(message("price"), other)

    assert [None, None] == ended
    assert {PersonId("2")} == set(b.redis.windows) == set(b.redis.contacts)
    assert {other.event_id} == set(b.postgres.rows)
    assert 1 == b.meter.totals()["EventsOfErased"]
    assert 1 == len(b.outbound.sent)


async def test_what_is_forgotten_must_be_everywhere() -> None:
    """While Redis cannot forget them, their event comes again."""
    b = bench(SPEAKS)
    b.postgres.erased.add(PERSON)
    b.redis.forgets = False

    with pytest.raises(Unavailable):
        await b.events(message("price"))


@pytest.mark.parametrize(
    ("words", "remembered"),
    [(["a", "a"], ["a"]), (["a", "b"], []), (["b", "a"], [])],
)
async def test_somebody_is_erased_while_a_batch_is_observed(
    words: list[str], remembered: list[str]
) -> None:
    """Of which of its people is not told; so none of that account is remembered."""
    b = bench(ONCE)
    b.redis.erasings = iter(words)
    await b.events(numbered(1), numbered(2))

    assert remembered == [one.erasings for one in b.redis.remembered]
