"""Every event gets what its account's campaigns say, once, and the decision says why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from switchboard.contracts import Echoed, InboundEvent, MediaId, MessageId, PersonId
from switchboard.rules.decide import Contact, decide, opens_window_until
from switchboard.rules.decision import Decision
from switchboard.rules.rulebook import RuleBook
from tests.support.builders import (
    ACCOUNT,
    NOON,
    PERSON,
    REEL,
    answer,
    campaign,
    comment,
    message,
    on_comment,
    on_message,
    private_reply,
    public_reply,
    rules,
    story_reply,
    text_message,
)

NOBODY = Contact()


def decided(event: InboundEvent, book: RuleBook, **more: Any) -> Decision:
    """Decide at noon about a person nothing is known of."""
    return decide(event, book, more.pop("contact", NOBODY), NOON, **more)


def test_a_keyword_comment_gets_both_replies() -> None:
    """A matching comment yields its private reply, for 7 days, and its public one."""
    decision = decided(comment("send me the LINK"), rules(campaign(on_comment("link"))))

    assert ("matched", "keyword") == (decision.outcome, decision.because)
    assert ["private_reply", "public_reply"] == [draft.kind for draft in decision.drafts]
    assert {NOON + timedelta(days=7)} == {draft.deadline for draft in decision.drafts}
    assert {"text": "Here it is"} == decision.drafts[0].content


def test_a_keyword_message_gets_a_message_within_its_window() -> None:
    """A matching message yields a message that must be sent within 24 hours of it."""
    decision = decided(message("Price?"), rules(campaign(on_message("price"))))

    assert ["message"] == [draft.kind for draft in decision.drafts]
    assert NOON + timedelta(hours=24) == decision.drafts[0].deadline
    assert PERSON == decision.drafts[0].person_id


def test_the_windows_count_from_the_earlier_clock() -> None:
    """A webhook that came late has a window that is partly over; a clock ahead gains nothing."""
    late = message("price", occurred_at=NOON - timedelta(hours=3))
    ahead = message("price", occurred_at=NOON + timedelta(hours=3))
    book = rules(campaign(on_message("price")))

    assert NOON + timedelta(hours=21) == decided(late, book).drafts[0].deadline
    assert NOON + timedelta(hours=24) == decided(ahead, book).drafts[0].deadline


@pytest.mark.parametrize(
    ("event", "because"),
    [
        (comment("link", own=True, author_id=PersonId(ACCOUNT)), "own_comment"),
        (comment("link", standby=True), "standby"),
        (message("link", self_message=True), "self_message"),
        (
            Echoed(
                account_id=ACCOUNT,
                occurred_at=NOON,
                received_at=NOON,
                trace_id=comment().trace_id,
                recipient_id=PERSON,
                message_id=MessageId("mid.9"),
                text="link",
            ),
            "echo",
        ),
    ],
)
def test_we_never_answer_ourselves(event: InboundEvent, because: str) -> None:
    """Our own comments, echoes and self messages are ignored, whatever they say."""
    book = rules(campaign(on_comment("link")), campaign(on_message("link"), number=2))

    decision = decided(event, book)

    assert ("ignored", because, ()) == (decision.outcome, decision.because, decision.drafts)


def test_a_paused_conversation_is_left_to_the_human() -> None:
    """While a person of the business talks, the bot does not; afterwards it does again."""
    book = rules(campaign(on_message("price")))
    talking = Contact(paused_until=NOON + timedelta(seconds=1))
    done = Contact(paused_until=NOON)

    assert "paused" == decided(message(), book, contact=talking).because
    assert "matched" == decided(message(), book, contact=done).outcome


def test_only_the_named_post_counts() -> None:
    """A campaign for one post answers there and under ads of it, and nowhere else."""
    book = rules(campaign(on_comment("link", media_ids=[REEL])))
    elsewhere, ad = MediaId("18000000000000002"), MediaId("18000000000000099")

    assert "matched" == decided(comment(media_id=REEL), book).outcome
    assert "matched" == decided(comment(media_id=ad, original_media_id=REEL), book).outcome
    assert "other_post" == decided(comment(media_id=elsewhere), book).considered[0].failed


def test_replies_between_people_set_nothing_off_unless_asked() -> None:
    """An answer to another comment counts only for a campaign that says so."""
    reply = comment(parent_id="17900000000000000")
    quiet = rules(campaign(on_comment("link")))
    eager = rules(campaign(on_comment("link", include_replies=True)))

    assert "reply" == decided(reply, quiet).considered[0].failed
    assert "matched" == decided(reply, eager).outcome


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((on_comment("link", media_ids=[REEL]), 200), (on_comment("link"), 1)),
        (
            (on_comment("link", keywords={"how": "exact"}), 200),
            (on_comment("link", keywords={"how": "contains"}), 1),
        ),
        ((on_comment("link please"), 200), (on_comment("link"), 1)),
        ((on_comment("link"), 1), (on_comment("link"), 2)),
    ],
)
def test_one_campaign_wins(better: tuple[dict[str, Any], int], worse: tuple[Any, int]) -> None:
    """A named post, then exactness, then length, then rank decide; the loser is explained."""
    text = "link please" if "link please" in better[0]["keywords"]["include"] else "link"
    first = campaign(worse[0], number=1, rank=worse[1])
    second = campaign(better[0], number=2, rank=better[1])

    decision = decided(comment(text), rules(first, second))

    assert second.id == decision.campaign_id
    assert {"outranked"} == {c.failed for c in decision.considered if c.campaign_id == first.id}
    assert 1 == sum(draft.kind == "private_reply" for draft in decision.drafts)


def test_equal_campaigns_are_decided_by_id() -> None:
    """The order is total: two campaigns alike in everything have a winner, the same each time."""
    one, two = campaign(on_comment("link"), number=1), campaign(on_comment("link"), number=2)

    assert one.id == decided(comment(), rules(one, two)).campaign_id
    assert one.id == decided(comment(), rules(two, one)).campaign_id


def test_no_keyword_and_no_intents_is_no_match() -> None:
    """Nothing applied: nothing is sent, and each campaign says why not."""
    decision = decided(comment("lovely"), rules(campaign(on_comment("link"))))

    assert ("no_match", "no_keyword_matched") == (decision.outcome, decision.because)
    assert "no_keyword" == decision.considered[0].failed


def test_no_keyword_but_intents_asks_the_classifier() -> None:
    """Where keywords decide nothing and an intent has a campaign, the question is asked."""
    book = rules(campaign({"kind": "intent", "intent": "price"}), intents=("price", "unused"))

    assert ["price"] == [intent.name for intent in book.intents]
    assert "asked" == decided(message("how much does it cost"), book).outcome
    assert "no_text" == decided(message(None, unsupported=True), book).because


def test_an_answer_sends_what_fits_the_event() -> None:
    """The intent's campaign answers a comment with its replies and a message with its message."""
    book = rules(
        campaign(
            {"kind": "intent", "intent": "price"},
            public_reply("See your inbox"),
            private_reply("12 euros"),
            text_message("12 euros"),
        ),
        intents=("price",),
    )
    to_comment = decided(comment("cost?"), book, answer=answer(comment("cost?"), "price"))
    to_message = decided(message("cost?"), book, answer=answer(message("cost?"), "price"))

    assert ["public_reply", "private_reply"] == [draft.kind for draft in to_comment.drafts]
    assert ["message"] == [draft.kind for draft in to_message.drafts]
    assert ("matched", "intent") == (to_message.outcome, to_message.because)
    assert '"intent":"price"' in to_message.explanation()


@pytest.mark.parametrize("intent", [None, "something_else"])
def test_an_answer_without_a_campaign_ends_the_matter(intent: str | None) -> None:
    """An abstention is final: the classifier is not asked twice."""
    book = rules(campaign({"kind": "intent", "intent": "price"}), intents=("price",))

    decision = decided(message("hm"), book, answer=answer(message("hm"), intent))

    assert ("no_match", "no_intent_recognised") == (decision.outcome, decision.because)


def test_a_story_reply_campaign_takes_any_text() -> None:
    """Without keywords, every answer to the story is thanked."""
    book = rules(campaign({"kind": "story_reply"}, text_message("Thank you!")))

    decision = decided(story_reply("😍"), book)

    assert ("matched", "any_text") == (decision.outcome, decision.because)
    assert "other_kind" == decided(message("😍"), book).considered[0].failed


def test_a_decision_explains_itself_in_the_same_bytes() -> None:
    """The same inputs give the same explanation, and it names the proof and the losers."""
    book = rules(campaign(on_comment("link")), campaign(on_comment("nope"), number=2))

    first, second = (decided(comment("Link!"), book).explanation() for _ in range(2))

    assert first == second
    assert '"normalised":"link!"' in first
    assert '"keyword":"link"' in first
    assert '"failed":"no_keyword"' in first


def test_variants_are_spread_and_stable() -> None:
    """Different comments get different variants; the same comment always the same one."""
    book = rules(campaign(on_comment("link"), private_reply("a", "b", "c")))

    def variant(number: int) -> str:
        found = decided(comment(comment_id=str(17900000000000000 + number)), book)
        return str(found.drafts[0].content["text"])

    assert {"a", "b", "c"} == {variant(number) for number in range(40)}
    assert variant(5) == variant(5)


def test_only_messages_and_taps_open_a_window() -> None:
    """A comment lets nobody write; a message does for 24 hours."""
    assert opens_window_until(comment()) is None
    assert NOON + timedelta(hours=24) == opens_window_until(message())
