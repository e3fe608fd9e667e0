"""What sets campaigns off besides keywords: posts to come, payloads, links, conditions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from switchboard.contracts import (
    AnyAnswer,
    InboundEvent,
    MediaId,
    PostsRead,
    PublishedPost,
    Referral,
)
from switchboard.rules.campaigns import Campaign
from switchboard.rules.contact import Contact
from switchboard.rules.decide import decide
from switchboard.rules.decision import Bound, Decision
from switchboard.rules.rulebook import RuleBook
from tests.support.builders import (
    NOON,
    PERSON,
    REEL,
    answer,
    campaign,
    comment,
    follower_read,
    message,
    on_comment,
    on_message,
    postback,
    quick_reply,
    referred,
    rules,
    story_reply,
    text_message,
)

HOUR = timedelta(hours=1)
NEXT = on_comment("link", next_post=True)
OLD, LATER = MediaId("18000000000000007"), MediaId("18000000000000009")


def decided(
    event: InboundEvent,
    book: RuleBook,
    learnt: AnyAnswer | None = None,
    contact: Contact = Contact(),  # noqa: B008  frozen
) -> Decision:
    """Decide at noon."""
    return decide(event, book, contact, NOON, learnt)


def failed(decision: Decision) -> list[str | None]:
    """Return why each campaign was not set off."""
    return [one.failed for one in decision.considered]


class TestNextPost:
    """A campaign for the first post after its publication."""

    CAMPAIGN = campaign(NEXT, published_at=NOON - HOUR)

    def read(self, event: InboundEvent, **posts: timedelta) -> PostsRead:
        """Return what Meta says of posts, by when they were published, from noon."""
        ids = {"old": OLD, "reel": REEL, "later": LATER}
        listed = [PublishedPost(media_id=ids[n], posted_at=NOON + at) for n, at in posts.items()]
        return PostsRead(event=event, posts=tuple(listed), because="read", answered_at=NOON)

    def test_meta_is_asked_about_a_post_nobody_knows(self) -> None:
        """Webhooks don't say when a post was published; the comment waits for the answer."""
        asked = decided(comment("link"), rules(self.CAMPAIGN))

        assert ("asked", "asks_posts") == (asked.outcome, asked.because)
        assert "posts" == asked.drafts[0].content["about"]

    def test_nobody_is_asked_without_the_keyword(self) -> None:
        """A comment that would not be answered anyway costs no call."""
        assert "no_match" == decided(comment("nice"), rules(self.CAMPAIGN)).outcome

    @pytest.mark.parametrize(
        ("posts", "outcome", "bound"),
        [
            ({"old": -2 * HOUR, "reel": -HOUR / 2}, "matched", REEL),
            ({"reel": -HOUR / 2, "later": -HOUR / 4}, "matched", REEL),
            ({"reel": -HOUR / 4, "later": -HOUR / 2}, "no_match", LATER),
            ({"reel": -2 * HOUR}, "no_match", None),
        ],
    )
    def test_the_first_post_after_publication_is_it(
        self, posts: dict[str, timedelta], outcome: str, bound: MediaId | None
    ) -> None:
        """The answer binds the campaign to the earliest later post, whoever commented where."""
        event = comment("link")

        decision = decided(event, rules(self.CAMPAIGN), self.read(event, **posts))

        assert outcome == decision.outcome
        expected = () if bound is None else (Bound(self.CAMPAIGN.id, bound),)
        assert expected == decision.bound

    def test_once_bound_nobody_is_asked(self) -> None:
        """The campaign knows its post and answers there and under its ads, and nowhere else."""
        book = rules(replace_next(self.CAMPAIGN, REEL))

        assert "matched" == decided(comment("link", media_id=REEL), book).outcome
        ad = comment("link", media_id=LATER, original_media_id=REEL)
        assert "matched" == decided(ad, book).outcome
        assert ["not_next_post"] == failed(decided(comment("link", media_id=LATER), book))

    def test_a_post_that_is_known_is_not_asked_about_again(self) -> None:
        """What Meta once said of a post's age stays true."""
        book = replace(rules(self.CAMPAIGN), posts={REEL: NOON - 2 * HOUR})

        assert ["not_next_post"] == failed(decided(comment("link"), book))

    def test_a_refusal_is_no_post(self) -> None:
        """Where Meta does not tell, the comment is decided without that campaign."""
        event = comment("link")
        nothing = PostsRead(event=event, because="refused", answered_at=NOON)

        assert "no_match" == decided(event, rules(self.CAMPAIGN), nothing).outcome

    def test_posts_and_then_the_classifier(self) -> None:
        """Two questions about one comment, one after the other, and then it is decided."""
        intent = campaign({"kind": "intent", "intent": "price"}, number=2)
        book = rules(self.CAMPAIGN, intent, intents=("price",))
        event = comment("link")

        second = decided(event, book, self.read(event, reel=-2 * HOUR))
        final = decided(event, book, answer(event, "price"))

        assert ("asked", "asks_classifier") == (second.outcome, second.because)
        assert ("matched", intent.id) == (final.outcome, final.campaign_id)


def replace_next(one: Campaign, media_id: MediaId) -> Campaign:
    """Return the campaign bound to a post."""
    return one.model_copy(update={"next_media_id": media_id})


@pytest.mark.parametrize(
    ("trigger", "event", "matches"),
    [
        ({"kind": "postback"}, postback("FAQ:HOURS"), True),
        ({"kind": "postback", "payloads": ["FAQ:HOURS"]}, postback("FAQ:HOURS"), True),
        ({"kind": "postback", "payloads": ["FAQ:HOURS"]}, postback("FAQ:ORDER"), False),
        ({"kind": "postback"}, quick_reply("FAQ:HOURS"), False),
        ({"kind": "quick_reply", "payloads": ["SIZE:S"]}, quick_reply("SIZE:S"), True),
        ({"kind": "quick_reply", "payloads": ["SIZE:S"]}, quick_reply("SIZE:M"), False),
        (on_message("yes"), quick_reply("SIZE:S", "Yes"), True),
        ({"kind": "referral", "refs": ["autumn"]}, referred("autumn"), True),
        ({"kind": "referral", "refs": ["autumn"]}, referred("spring"), False),
        ({"kind": "referral"}, referred(None), True),
        (
            {"kind": "referral", "refs": ["autumn"]},
            message("hi", referral=Referral(ref="autumn")),
            True,
        ),
        (
            {"kind": "referral", "refs": ["autumn"]},
            postback("START", referral=Referral(ref="autumn")),
            True,
        ),
        ({"kind": "referral"}, message("hi"), False),
    ],
)
def test_taps_and_links(trigger: dict[str, Any], event: InboundEvent, *, matches: bool) -> None:
    """Payloads and refs set campaigns off, wherever Meta puts them, and only the named ones."""
    assert matches == (decided(event, rules(campaign(trigger))).outcome == "matched")


def test_a_referral_alone_says_nothing_without_a_window() -> None:
    """A link that reopens a conversation opens no window; one that is open is used."""
    book = rules(campaign({"kind": "referral"}))
    open_until = Contact(window_closes_at=NOON + HOUR)

    assert ("no_window", ()) == ((shut := decided(referred("x"), book)).stopped, shut.drafts)
    (sent,) = decided(referred("x"), book, contact=open_until).drafts
    assert NOON + HOUR == sent.deadline


class TestConditions:
    """What must hold besides the trigger."""

    def test_once_for_each_post(self) -> None:
        """The same person is answered once under a post; the comment that was, always again."""
        book = rules(campaign(on_comment("link"), conditions={"once": {"per": "post"}}))
        first = decided(comment("link"), book)
        assert first.after is not None

        second = decided(comment("link", comment_id="2"), book, contact=first.after)
        elsewhere = decided(
            comment("link", comment_id="3", media_id=OLD), book, contact=first.after
        )
        again = decided(comment("link"), book, contact=first.after)

        assert ["once"] == failed(second)
        assert "matched" == elsewhere.outcome
        assert "matched" == again.outcome

    def test_once_for_ever(self) -> None:
        """A campaign for newcomers answers each of them one time, under whatever post."""
        book = rules(campaign(on_comment("link"), conditions={"once": {"per": "campaign"}}))
        first = decided(comment("link"), book)
        assert first.after is not None

        other = comment("link", comment_id="3", media_id=OLD)

        assert ["once"] == failed(decided(other, book, contact=first.after))

    def test_a_follower_is_asked_about_where_it_can_be(self) -> None:
        """Of who wrote, Meta tells; of who only commented, the setting holds."""
        follows = {"follower": {"follows": True, "when_unknown": "fail"}}
        book = rules(campaign(on_message("price"), conditions=follows))
        on_posts = rules(campaign(on_comment("link"), conditions=follows))
        event = message("price")

        assert "asks_follower" == decided(event, book).because
        yes = decided(event, book, follower_read(event, follows=True))
        assert ("matched", True) == (yes.outcome, yes.after and yes.after.follows)
        assert ["follower"] == failed(decided(event, book, follower_read(event, follows=False)))
        assert ["follower"] == failed(decided(event, book, follower_read(event, follows=None)))
        assert ["follower"] == failed(decided(comment("link"), on_posts))

    def test_what_is_known_is_not_asked_for_a_day(self) -> None:
        """Following does not change by the hour."""
        follows = {"follower": {"follows": True, "when_unknown": "fail"}}
        book = rules(campaign(on_message("price"), conditions=follows))
        fresh = Contact(follows=True, follows_at=NOON - HOUR)
        stale = Contact(follows=True, follows_at=NOON - 25 * HOUR)

        assert "matched" == decided(message("price"), book, contact=fresh).outcome
        assert "asked" == decided(message("price"), book, contact=stale).outcome

    def test_closed_hours_put_the_answer_off(self) -> None:
        """Monday noon, opening at two: the answer is due then, and still in its window."""
        hours = {"open": [{"day": "mon", "opens": "14:00", "closes": "18:00"}], "outside": "wait"}
        book = rules(campaign(on_message("price"), conditions={"hours": hours}))

        (sent,) = decided(message("price"), book).drafts

        assert NOON + 2 * HOUR == sent.not_before
        assert NOON + 24 * HOUR == sent.deadline

    def test_hours_that_open_too_late_are_no_answer(self) -> None:
        """Open on Fridays only: the window of a Monday's message will have closed."""
        hours = {"open": [{"day": "fri", "opens": "14:00", "closes": "18:00"}], "outside": "wait"}
        book = rules(campaign(on_message("price"), conditions={"hours": hours}))

        decision = decided(message("price"), book)

        assert ("no_match", ["opens_too_late"]) == (decision.outcome, failed(decision))

    def test_the_next_best_campaign_takes_over(self) -> None:
        """Where the better match may not answer, the other one does."""
        better = campaign(on_comment("link please"), conditions={"tags_all": ["vip"]}, number=1)
        other = campaign(on_comment("link"), number=2)

        decision = decided(comment("link please"), rules(better, other))

        assert (other.id, ["tags", None]) == (decision.campaign_id, failed(decision))


def test_an_intent_that_leads_to_a_gate_keeps_its_answer() -> None:
    """The classifier is asked, then Meta; the last answer brings the first along."""
    gate = {
        "kind": "follow_gate",
        "variants": ["Follow us"],
        "button_title": "Done",
        "when_unknown": "stop",
    }
    book = rules(
        campaign({"kind": "intent", "intent": "price"}, gate, text_message("12")),
        intents=("price",),
    )
    event = message("how much")
    classified = answer(event, "price")

    asked = decided(event, book, classified)
    final = decided(event, book, follower_read(event, follows=True, earlier=classified))

    assert "asks_follower" == asked.because
    assert "price" == asked.drafts[0].content["earlier"]["intent"]
    assert ("matched", "intent") == (final.outcome, final.because)
    assert final.earlier is not None
    assert PERSON == final.drafts[0].person_id


def test_an_any_text_story_campaign_does_not_wait_for_intents() -> None:
    """It is there for story replies: only any-message campaigns come after intents."""
    story = campaign({"kind": "story_reply"}, text_message("Thanks"))
    intent = campaign({"kind": "intent", "intent": "price"}, number=2)

    decision = decided(story_reply("nice"), rules(story, intent, intents=("price",)))

    assert ("matched", "any_text") == (decision.outcome, decision.because)
