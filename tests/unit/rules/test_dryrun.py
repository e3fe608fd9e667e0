"""A dry run tells what would have been, for the candidate and for what is live."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from switchboard.contracts import CommentId, IntentOption, MessageId, PersonId
from switchboard.contracts.events import InboundEvent
from switchboard.rules.campaigns import Campaign
from switchboard.rules.ceilings import private_replies
from switchboard.rules.contact import STRANGER
from switchboard.rules.decide import decide
from switchboard.rules.dryrun import DryRun, DryRunning, with_candidate
from switchboard.rules.rulebook import RuleBook
from tests.support.builders import (
    NOON,
    answer,
    campaign,
    comment,
    message,
    on_comment,
    on_message,
    private_reply,
    rules,
    text_message,
)
from tests.support.corpus import definitions, happenings

_MINUTE = timedelta(minutes=1)


def test_who_gets_something_new_nothing_any_more_or_something_else() -> None:
    """Each event that the candidate treats otherwise is counted once, with its people and texts."""
    live = [campaign(on_comment("link", "price")), campaign(on_comment("menu"), number=2)]
    wanted = campaign(on_comment("link", "size"), private_reply("Another text"))
    events = [_comment("link", 1), _comment("price", 2), _comment("size", 3), _comment("menu", 4)]

    found = _run(live, wanted, events)

    assert {"gains": 1, "loses": 1, "changes": 1} == {
        change: one.events for change, one in found.changed.items()
    }
    (gained,) = found.changed["gains"].examples
    assert ("size", "3") == (gained.text, gained.person_id)
    assert () == gained.live
    assert "Another text" == json.loads(gained.candidate[0].content)["text"]
    assert ({"matched": 3, "no_match": 1}, 3) == (found.live.outcomes, found.live.people)
    assert {"private_reply": 3, "public_reply": 3} == found.live.sends
    assert {"private_reply": 3, "public_reply": 1} == found.candidate.sends


def test_the_same_definition_changes_nothing() -> None:
    """Over everything that can happen, a candidate that is the live one makes no difference."""
    live = _corpus()
    events = list(happenings(600))

    found = _run(live, live[0], events)

    assert [0, 0, 0] == [one.events for one in found.changed.values()]
    assert found.live == found.candidate
    assert found.live.outcomes["matched"] > 100


def test_people_are_remembered() -> None:
    """Who was answered once is not again, and a tag keeps the next campaign away."""
    once = _with(campaign(on_message("price")), conditions={"once": {"per": "campaign"}})
    events = [_message("price", 1), _message("price", 2), _message("price", 3, person="9")]

    found = _run([once], once, events)

    assert {"matched": 2, "no_match": 1} == found.live.outcomes


def test_waits_go_off_at_their_time() -> None:
    """What a wait puts off is sent because of the event it began with, on the day it is due."""
    waits = campaign(
        on_message("price"),
        text_message("Now"),
        {"kind": "wait", "duration": "PT13H"},
        text_message("Later"),
    )
    found = _run(
        [campaign(on_message("price"), text_message("Now"))], waits, [_message("price", 1)]
    )

    (changed,) = found.changed["changes"].examples
    assert ["Now", "Later"] == [json.loads(one.content)["text"] for one in changed.candidate]
    assert [1, 1] == [one["message"] for one in found.candidate.by_day.values()]


def test_an_opt_out_ends_what_waits() -> None:
    """Who says stop while a wait runs gets nothing when it is over."""
    waits = campaign(
        on_message("price"),
        text_message("Now"),
        {"kind": "wait", "duration": "PT1H"},
        text_message("Later"),
    )
    found = _run([], waits, [_message("price", 1), _message("stop", 2)])

    assert 1 == found.candidate.sends["message"]


def test_the_classifiers_stored_answer_is_used_again() -> None:
    """Where the answer is stored the event is decided by it; elsewhere it stays asked."""
    by_intent = campaign({"kind": "intent", "intent": "shipping"}, number=3)
    book = rules(by_intent, intents=("shipping",))
    known, unknown = _comment("do you ship", 1), _comment("and where to", 2)
    stored = decide(known, book, STRANGER, NOON, answer(known, "shipping")).explanation()

    running = DryRunning(live=book, candidate=book)
    running.take(json.loads(known.to_json()), json.loads(stored))
    running.take(json.loads(unknown.to_json()), {"answer": None})
    found = running.result(private_replies(750), examples=1)

    assert {"matched": 1, "asked": 1} == found.live.outcomes


def test_an_intent_that_nothing_live_uses() -> None:
    """A candidate may be the first to use one of the account's intents."""
    wanted = campaign({"kind": "intent", "intent": "shipping"}, number=3)
    intents = [IntentOption(name="shipping")]

    book = with_candidate(rules(), [], intents, wanted.definition, wanted.id)

    assert intents == list(book.intents)


def test_what_the_hourly_limit_does() -> None:
    """A thousand comments in one minute wait for their turns, and their longest wait is told."""
    one = campaign(on_comment("link"), private_reply("Here"))
    events = [_comment("link", number, after=number * _MINUTE / 1000) for number in range(1000)]

    found = _run([one], one, events)

    limited = found.live.limited
    assert limited is not None
    assert (1000, ()) == (limited.sent, limited.missed)
    assert timedelta(hours=1, minutes=23) < limited.longest < timedelta(hours=1, minutes=25)


def test_what_cannot_be_read_is_counted() -> None:
    """An event of a kind that this release does not know is not lost in silence."""
    running = DryRunning(live=rules(), candidate=rules())

    running.take({"kind": "comment.v9"}, {})

    assert (0, 1) == (
        (found := running.result(private_replies(750), examples=1)).events,
        found.unread,
    )


def test_a_new_campaign_stands_behind_the_others() -> None:
    """Without a campaign to take the place of, the candidate has the last rank."""
    live = [campaign(on_comment("link"), number=1, rank=5)]
    other = campaign(on_comment("link"), private_reply("Mine"), number=2)

    book = with_candidate(rules(*live), live, [], other.definition, other.id)

    assert [(live[0].id, 5), (other.id, 6)] == [
        (entry.campaign.id, entry.campaign.rank) for entry in book.campaigns
    ]


def _run(live: Sequence[Campaign], wanted: Campaign, events: Iterable[InboundEvent]) -> DryRun:
    """Run `events` through `live`, and with `wanted` in the place of the campaign of its id."""
    book: RuleBook = rules(*live)
    candidate = with_candidate(book, live, [], wanted.definition, wanted.id)
    running = DryRunning(live=book, candidate=candidate)
    for event in events:
        running.take(json.loads(event.to_json()), {})
    return running.result(private_replies(750), examples=5)


def _comment(text: str, number: int, after: timedelta = timedelta()) -> InboundEvent:
    at = NOON + after
    return comment(
        text,
        comment_id=CommentId(str(number)),
        author_id=PersonId(str(number)),
        occurred_at=at,
        received_at=at,
    )


def _message(text: str, number: int, person: str = "1") -> InboundEvent:
    at = NOON + number * _MINUTE
    return message(
        text,
        message_id=MessageId(f"mid.{number}"),
        sender_id=PersonId(person),
        occurred_at=at,
        received_at=at,
    )


def _with(one: Campaign, **parts: Any) -> Campaign:
    definition = one.definition.model_dump(mode="json") | parts
    return Campaign.model_validate({**one.model_dump(), "definition": definition})


def _corpus() -> list[Campaign]:
    return [
        Campaign.model_validate(
            {"id": f"{number:032x}", "version": 1, "rank": number, "definition": definition}
        )
        for number, definition in enumerate(definitions().values(), start=1)
    ]
