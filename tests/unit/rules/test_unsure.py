"""What campaigns and accounts do where no intent was recognised, or not surely enough."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from switchboard.contracts import Answer, InboundEvent
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.rules.decide import Contact, decide
from switchboard.rules.decision import Decision
from switchboard.rules.replaying import again, differences
from switchboard.rules.rulebook import RuleBook
from tests.support.builders import (
    NOON,
    answer,
    campaign,
    comment,
    message,
    on_message,
    private_reply,
    rules,
    story_reply,
    text_message,
)

REPLY = {"kind": "reply", "variants": [{"text": "Is it about the price?"}]}
UNRECOGNISED = {"kind": "unrecognised"}
HANDOVER = {"kind": "handover", "pause": "PT5H"}


def price(when_unsure: Any = None, **more: Any) -> Any:
    """Return a campaign for the price."""
    trigger = {"kind": "intent", "intent": "price", "when_unsure": when_unsure}
    return campaign(trigger, private_reply("12 euros"), text_message("12 euros"), **more)


def unsure(event: InboundEvent, guess: str | None = "price", because: str = "unsure") -> Answer:
    """Return the classifier's answer that it is not sure."""
    return answer(event, None).model_copy(update={"guess": guess, "because": because})


def decided(event: InboundEvent, book: RuleBook, given: Answer | None = None) -> Decision:
    """Decide at noon about a stranger."""
    return decide(event, book, Contact(), NOON, given)


@pytest.mark.parametrize(
    ("event", "kind"), [(message("hm"), "message"), (comment("hm"), "private_reply")]
)
def test_a_campaign_replies_to_what_it_only_guesses(event: InboundEvent, kind: str) -> None:
    """Who wrote gets a message, who commented a private reply, of the campaign, named apart."""
    decision = decided(event, rules(price(REPLY), intents=("price",)), unsure(event))

    assert ("matched", "intent_guessed") == (decision.outcome, decision.because)
    assert [(kind, "unsure.")] == [(draft.kind, draft.step[:7]) for draft in decision.drafts]
    assert {"text": "Is it about the price?"} == decision.drafts[0].content
    assert [None] == [one.failed for one in decision.considered]


def test_a_campaign_hands_over_what_it_only_guesses() -> None:
    """Nothing is said; the person is left to a person for that long."""
    decision = decided(message("hm"), rules(price(HANDOVER), intents=("price",)),
                       unsure(message("hm")))  # fmt: skip

    assert ("matched", ()) == (decision.outcome, decision.drafts)
    assert decision.after is not None
    assert NOON + timedelta(hours=5) == decision.after.paused_until


def test_a_campaign_does_nothing_about_what_it_only_guesses() -> None:
    """Then the account's campaign for what is not recognised does nothing, either."""
    rest = campaign(UNRECOGNISED, text_message("Somebody will write"), number=2)
    book = rules(price({"kind": "nothing"}), rest, intents=("price",))
    decision = decided(message("hm"), book, unsure(message("hm")))

    assert ("no_match", "no_intent_recognised") == (decision.outcome, decision.because)


@pytest.mark.parametrize("guess", ["sizes", None])
def test_what_it_does_not_guess_is_not_its_business(guess: str | None) -> None:
    """Only its own intent's guesses are."""
    event = message("hm")

    assert "no_match" == decided(event, rules(price(REPLY), intents=("price",)),
                                 unsure(event, guess)).outcome  # fmt: skip


def test_the_account_answers_what_nobody_recognised() -> None:
    """Whatever kept it from being recognised; before a campaign for any message at all."""
    rest = campaign(UNRECOGNISED, private_reply("Somebody will"), text_message("write"), number=2)
    any_text = campaign({"kind": "message"}, text_message("Hello"), number=3)
    book = rules(any_text, price(), rest, intents=("price",))
    for event in (message("hm"), comment("hm"), story_reply("hm")):
        for because in ("unsure", "none_fits", "unavailable", "timed_out", "too_late"):
            decision = decided(event, book, unsure(event, because=because))

            assert ("unrecognised", rest.id) == (decision.because, decision.campaign_id)
            assert 1 == len(decision.drafts)


def test_it_waits_for_the_classifier_where_there_are_intents() -> None:
    """What an intent's campaign would answer is not given away."""
    rest = campaign(UNRECOGNISED, text_message("Somebody will write"), number=2)

    assert "asked" == decided(message("hm"), rules(price(), rest, intents=("price",))).outcome
    assert "unrecognised" == decided(message("hm"), rules(rest)).because


def test_a_recognised_intent_and_a_keyword_come_first() -> None:
    """It stands for what is left."""
    rest = campaign(UNRECOGNISED, text_message("Somebody will write"), number=9)
    book = rules(rest, price(), campaign(on_message("hours"), number=3), intents=("price",))
    event = message("how dear")

    assert "intent" == decided(event, book, answer(event, "price")).because
    assert "keyword" == decided(message("hours"), book).because


def test_where_nothing_is_written_nobody_is_answered_by_it() -> None:
    """A sticker is not a text that nobody understood."""
    rest = campaign(UNRECOGNISED, text_message("Somebody will write"))

    assert "no_text" == decided(message(None, unsupported=True), rules(rest)).because


@pytest.mark.parametrize(
    "when_unsure",
    [
        {"kind": "reply", "variants": []},
        {"kind": "reply", "variants": [{"media": {"kind": "post", "media_id": "1"}}]},
        {"kind": "reply", "variants": [{"text": "a", "buttons": [
            {"kind": "step", "title": "b", "step": "c"}]}]},
        {"kind": "guess"},
        {"kind": "handover", "pause": "PT0S"},
    ],
)  # fmt: skip
def test_what_makes_no_sense(when_unsure: Any) -> None:
    """It is refused as it is written."""
    with pytest.raises(ValidationError):
        price(when_unsure)


def test_what_was_published_before_is_the_same() -> None:
    """A definition without it is stored as it always was, so no new version comes of it."""
    trigger = {"kind": "intent", "intent": "price"}
    definition = CAMPAIGN_DEFINITION.validate_python(
        {"trigger": trigger, "steps": [text_message("12")]}
    )

    assert trigger == definition.model_dump(mode="json")["trigger"]


@pytest.mark.parametrize(
    "given", [unsure(message("hm")), answer(message("hm"), "price"), answer(message("hm"), None)]
)
def test_it_is_decided_again_as_it_was(given: Answer) -> None:
    """From what is stored, to the byte; and what is not told by older releases is not there."""
    book = rules(price(REPLY), intents=("price",))
    first = decided(message("hm"), book, given)
    stored = json.loads(first.explanation())
    second = again(json.loads(message("hm").to_json()), stored, book)

    assert [] == differences(stored, second)
    assert first.explanation() == second.explanation()
    assert (given.guess is not None) == ("guess" in stored["answer"])
