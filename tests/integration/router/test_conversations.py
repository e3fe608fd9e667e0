"""Conversations with people the router knows, on a real database and a real Redis."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from switchboard.contracts import (
    QUESTION,
    Answer,
    DeliveryId,
    Echoed,
    FollowerRead,
    InboundEvent,
    LinkClicked,
    MediaId,
    MessageId,
    PostbackTapped,
    PostsRead,
    PublishedPost,
)
from switchboard.contracts.ids import event_id
from switchboard.db import deliveries, rules, tenancy, uncertain
from switchboard.db.uncertain import Note
from switchboard.errors import Throttled
from switchboard.rules.contact import Contact
from switchboard.rules.payloads import ToStep
from switchboard.state import Contacts, Observations, Observed, Remembered
from tests.integration.router.stage import PERSON, Stage, received
from tests.integration.state.people import standing

ASKS = {
    "trigger": {"kind": "message", "keywords": {"include": ["newsletter"]}},
    "steps": [
        {
            "kind": "ask",
            "what": "email",
            "variants": [{"text": "Your address?"}],
            "retry": ["That is none. Your address?"],
        },
        {"kind": "message", "variants": [{"text": "Thank you"}]},
    ],
}


def says(text: str) -> dict[str, object]:
    """Return a campaign that answers `price` with this text, and then with `more`."""
    return {
        "trigger": {"kind": "message", "keywords": {"include": ["price"]}},
        "steps": [
            {
                "kind": "message",
                "variants": [
                    {
                        "text": text,
                        "buttons": [{"kind": "step", "title": "More", "step": "more"}],
                    }
                ],
            },
            {"id": "more", "kind": "message", "variants": [{"text": f"{text}, further"}]},
        ],
    }


async def texts(stage: Stage) -> list[str]:
    """Return what people are told, in order."""
    return [row["content"]["text"] for row in await stage.deliveries()]


@pytest.mark.parametrize("flushed", [False, True])
async def test_a_question_is_answered(stage: Stage, flushed: bool) -> None:  # noqa: FBT001  a case
    """The answer finds the question that was asked, also if Redis was emptied in between."""
    await stage.publish(ASKS)
    await stage.route(stage.message("newsletter"))
    if flushed:
        await stage.redis.flushdb()
    await stage.route(stage.message("no idea"))
    if flushed:
        await stage.redis.flushdb()
    await stage.route(stage.message("ada@example.org"))

    assert ["Your address?", "That is none. Your address?", "Thank you"] == await texts(stage)
    contact = await stage.contact()
    assert ("ada@example.org", ()) == (contact.email, contact.flows)


async def test_a_whole_conversation_in_one_batch(stage: Stage) -> None:
    """Events of one person that arrive together are decided one after the other, in order."""
    await stage.publish(ASKS)
    begun = stage.now() - timedelta(minutes=1)
    said: list[InboundEvent] = [
        stage.message(text, occurred_at=begun + timedelta(seconds=number), received_at=stage.now())
        for number, text in enumerate(["newsletter", "no idea", "ada@example.org"])
    ]

    assert [None] * 3 == await stage.route(*reversed(said))
    assert 3 == len(await texts(stage))
    assert [0, 1, 2] == [
        row["decision"]["contact"].get("revision", 0) for row in await stage.ledger()
    ]
    assert "ada@example.org" == (await stage.contact()).email


async def test_what_redis_remembers_is_what_postgres_has(stage: Stage) -> None:
    """After each batch the copy is the row: nothing is rounded, lost or invented."""
    await stage.publish(ASKS)
    for text in ("newsletter", "no idea", "ada@example.org"):
        await stage.route(stage.message(text))
        copy = await remembered(stage)

        assert copy is not None
        assert without_window(await stage.contact()) == without_window(copy)


async def remembered(stage: Stage) -> Contact | None:
    """Return PERSON as Redis remembers them, as an event of theirs would be told."""
    nothing = Observed(
        account_id=stage.shop.instagram_id,
        event_id=event_id(uuid4().hex),
        claimant="nobody",
        person_id=PERSON,
    )
    (seen,) = await Observations(stage.redis).observe([nothing])
    return seen.contact


def without_window(contact: Contact) -> Contact:
    """Return all of `contact` that its revision counts."""
    return replace(contact, window_closes_at=None)


@pytest.mark.parametrize("revision", [0, 1, 7])
async def test_a_wrong_copy_does_no_harm(stage: Stage, revision: int) -> None:
    """Whatever Redis remembers of a person, an older or a newer them, Postgres decides."""
    await stage.publish(ASKS)
    await stage.route(stage.message("newsletter"))
    await stage.route(stage.message("no idea"))
    await stage.redis.flushdb()
    wrong = Contact(revision=revision, tags=("stale",))
    us = stage.shop.instagram_id
    seen = await standing(stage.redis, us)
    await Contacts(stage.redis).remember(
        [Remembered(account_id=us, person_id=PERSON, contact=wrong, erasings=seen)]
    )
    await stage.route(stage.message("ada@example.org"))

    contact = await stage.contact()
    assert ("ada@example.org", (), 3) == (contact.email, contact.tags, contact.revision)
    copy = await remembered(stage)
    assert copy is not None
    assert without_window(contact) == without_window(copy)


async def test_a_tap_leads_into_the_version_it_was_sent_by(stage: Stage) -> None:
    """A button keeps its promise after the owner has published something else."""
    campaign, version = await stage.publish(says("old"))
    await stage.route(stage.message("price"))
    await stage.publish(says("new"))
    tap = PostbackTapped.model_validate(
        stage.message("").model_dump(exclude={"kind"})
        | {"payload": str(ToStep(campaign, version, 1)), "message_id": uuid4().hex}
    )
    await stage.route(tap)

    assert ["old", "old, further"] == await texts(stage)


async def test_each_version_that_decided_is_in_the_books(stage: Stage) -> None:
    """A decision names its rules' version, and the book of that version says what they were."""
    campaign, first = await stage.publish(says("old"))
    await stage.route(stage.message("price"))
    _, second = await stage.publish(says("new"))
    await stage.route(stage.message("price"))

    decided_by = [row["decision"]["rules_version"] for row in await stage.ledger()]
    kept = [await rules.book(stage.db, stage.shop.account, version) for version in decided_by]
    assert [[(str(campaign), first)], [(str(campaign), second)]] == [
        [(one["id"], one["version"]) for one in book["campaigns"]] for book in kept if book
    ]


def echo(stage: Stage, message_id: str, text: str | None = None) -> Echoed:
    """Return the echo of a message to PERSON."""
    common = stage.message("").model_dump(
        include={"account_id", "occurred_at", "received_at", "trace_id"}
    )
    told = {"recipient_id": PERSON, "message_id": message_id, "text": text}
    return Echoed.model_validate(common | told)


async def test_echoes_of_a_message_before_and_after_metas_answer(stage: Stage) -> None:
    """An echo that outruns its answer waits; ours changes nothing; a stranger's takes over."""
    await stage.publish(says("Here"))
    await stage.route(stage.message("price"))
    (due,) = stage.outbound.due()
    ours, by_hand = echo(stage, "mid.ours"), echo(stage, "mid.by-hand")
    assert await deliveries.claim(stage.db, due, owner="s", lease_s=60)
    (early,) = await stage.route(ours)
    await deliveries.record_sent(stage.db, due, owner="s", message_id="mid.ours")
    (late,) = await stage.route(ours)
    silent_before = (await stage.contact()).paused_until
    (foreign,) = await stage.route(by_hand)

    assert isinstance(early, Throttled)
    assert [None, None, None] == [late, foreign, silent_before]
    assert by_hand.began_at + timedelta(hours=12) == (await stage.contact()).paused_until
    await stage.route(stage.message("price"))
    assert ["matched", "ignored", "ignored", "ignored"] == [
        row["outcome"] for row in await stage.ledger()
    ]


SKEW = timedelta(seconds=10)


async def told(stage: Stage, event: Echoed) -> str:
    """Let a router have an echo; return what it was taken for, or that it has to come again."""
    (failure,) = await stage.route(event)
    if failure is not None:
        return "again"
    last = (await stage.ledger())[-1]
    return str(last["decision"]["because"])


async def called(stage: Stage) -> DeliveryId:
    """Return a delivery to PERSON whose call is under way; it says "Here"."""
    await stage.publish(says("Here"))
    await stage.route(stage.message("price"))
    (due,) = stage.outbound.due()
    assert await deliveries.claim(stage.db, due, owner="s", lease_s=60)
    return due


@pytest.mark.parametrize("order", ["echo first", "doubt first", "found first"])
async def test_an_echo_and_a_call_without_an_answer(stage: Stage, order: str) -> None:
    """Whichever is first, the echo is ours and waits for nothing, and it is what the call did."""
    due, ours = await called(stage), echo(stage, "mid.ours", "Here")
    taken_for = []
    if order == "echo first":
        taken_for.append(await told(stage, ours))
    await deliveries.record_uncertain(stage.db, due, owner="s", reason="timed_out")
    if order == "doubt first":
        taken_for.append(await told(stage, ours))
    (doubt,) = await uncertain.take(stage.db, limit=1, each=1, lease=timedelta(minutes=1))
    heard = [word.message_id for word in await uncertain.own_words(stage.db, doubt)]
    await uncertain.resolve_sent(
        stage.db,
        doubt,
        Note(asked="ledger", outcome="found", because="found_as_echo", seen=1),
        message_id=MessageId("mid.ours"),
        recipient_id=PERSON,
        sent_at=None,
        skew=SKEW,
    )
    if order == "found first":
        taken_for.append(await told(stage, ours))

    assert ["echo"] == taken_for
    assert ([] if order == "found first" else ["mid.ours"]) == heard
    assert (await stage.contact()).paused_until is None


async def test_typing_while_a_call_has_no_answer(stage: Stage) -> None:
    """While it is under way nobody can tell; once it is uncertain, other words are another's."""
    due, typed = await called(stage), echo(stage, "mid.by-hand", "One moment")
    under_way = await told(stage, typed)
    await deliveries.record_uncertain(stage.db, due, owner="s", reason="timed_out")
    when_uncertain = await told(stage, typed)

    assert ("again", "taken_over") == (under_way, when_uncertain)
    assert typed.began_at + timedelta(hours=12) == (await stage.contact()).paused_until


async def test_an_echo_that_tells_too_little(stage: Stage) -> None:
    """It waits for the delivery, which is found without it, and is then known by its id."""
    due, ours = await called(stage), echo(stage, "mid.ours")
    await deliveries.record_uncertain(stage.db, due, owner="s", reason="timed_out")
    before = await told(stage, ours)
    await deliveries.record_sent(stage.db, due, owner="s", message_id="mid.ours")

    assert ("again", "echo") == (before, await told(stage, ours))


async def test_an_intent_is_asked_and_answered(stage: Stage) -> None:
    """A question goes out once; its answer decides, by the person as they are by then."""
    await tenancy.upsert_intent(
        stage.owner, workspace=stage.shop.workspace, account=stage.shop.account, name="price"
    )
    await stage.publish(
        {
            "trigger": {"kind": "intent", "intent": "price"},
            "steps": [{"kind": "message", "variants": [{"text": "12 euros"}]}],
        }
    )
    event = stage.message("what does it cost")
    await stage.route(event)
    question = QUESTION.validate_json(stage.classify.published[0].body)
    given = Answer(
        event=question.event,
        intent="price",
        because="recognised",
        by="model",
        intents_version=question.intents_version,
        answered_at=stage.now(),
    )
    await stage.route(echo(stage, "mid.by-hand"))
    await stage.answer(given)
    await stage.answer(given)

    assert [("ignored", "paused"), ("ignored", "taken_over")] == sorted(
        (row["outcome"], row["decision"]["because"]) for row in await stage.ledger()
    )
    assert [] == await texts(stage)


async def test_a_follower_is_asked_for_and_read(stage: Stage) -> None:
    """The read goes out as a delivery, its answer completes the event and stays known."""
    await stage.publish(
        says("Here") | {"conditions": {"follower": {"follows": True, "when_unknown": "fail"}}}
    )
    event = stage.message("price")
    await stage.route(event)
    (lookup,) = await stage.deliveries()
    assert [DeliveryId(lookup["id"])] == stage.outbound.due()
    await stage.redis.flushdb()
    await stage.answer(
        FollowerRead(event=event, follows=True, because="read", answered_at=stage.now())
    )

    assert ["lookup", "message"] == [row["kind"] for row in await stage.deliveries()]
    assert ["matched"] == [row["outcome"] for row in await stage.ledger()]
    assert (await stage.contact()).follows is True


async def test_somebody_written_to_by_hand_is_left_alone(stage: Stage) -> None:
    """An echo to somebody we never met makes them known, and their comment unanswered."""
    await stage.redis.flushdb()
    await stage.route(echo(stage, "mid.1"))
    await stage.redis.flushdb()
    await stage.route(stage.comment())

    assert ["taken_over", "paused"] == [row["decision"]["because"] for row in await stage.ledger()]
    assert [] == await stage.deliveries()


async def test_a_next_posts_campaign_finds_its_post(stage: Stage) -> None:
    """Meta is asked once which posts there are; then the campaign answers under its own alone."""
    await stage.publish(
        {
            "trigger": {"kind": "comment", "next_post": True, "keywords": {"include": ["link"]}},
            "steps": [{"kind": "public_reply", "variants": ["Sent!"]}],
        }
    )
    comment, other = stage.comment(media_id="18"), stage.comment(media_id="17")
    await stage.route(comment)
    read = PostsRead(
        event=comment,
        posts=(
            PublishedPost(media_id=MediaId("18"), posted_at=stage.now()),
            PublishedPost(media_id=MediaId("17"), posted_at=stage.now() - timedelta(days=1)),
        ),
        because="read",
        answered_at=stage.now(),
    )
    await stage.answer(read)
    (bound,) = await stage.owner.fetch("select next_media_id from public.campaigns")
    kept = await stage.owner.fetch("select media_id from public.posts")
    another = stage.another_router()
    await another.events(received(other, stage.comment(media_id="18", author_id="2")))

    assert "18" == bound["next_media_id"]
    assert {"17", "18"} == {row["media_id"] for row in kept}
    assert ["lookup", "public_reply", "public_reply"] == sorted(
        row["kind"] for row in await stage.deliveries()
    )
    assert ["matched", "no_match", "matched"] == [row["outcome"] for row in await stage.ledger()]


async def test_a_click_goes_on_with_its_persons_flow(stage: Stage) -> None:
    """A click in a message of ours is its person's, and ends the follow-up's wait."""
    link = {"kind": "link", "title": "Shop", "url": "https://shop.example/"}
    await stage.publish(
        {
            "trigger": {"kind": "message", "keywords": {"include": ["price"]}},
            "steps": [
                {"kind": "message", "variants": [{"text": "Look", "buttons": [link]}]},
                {"kind": "follow_up", "after": "PT1H", "variants": [{"text": "Still there?"}]},
                {"kind": "tag", "add": ["clicked"]},
            ],
        }
    )
    await stage.route(stage.message("price"))
    sent = next(row["id"] for row in await stage.deliveries() if row["kind"] == "message")
    common = stage.message("").model_dump(
        include={"account_id", "occurred_at", "received_at", "trace_id"}
    )
    click = {"click_id": uuid4(), "delivery_id": sent, "url": "https://shop.example/"}
    await stage.route(LinkClicked.model_validate(common | click))

    assert (("clicked",), ()) == ((await stage.contact()).tags, (await stage.contact()).flows)
    assert [PERSON, PERSON] == [row["person_id"] for row in await stage.ledger()]
