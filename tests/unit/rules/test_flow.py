"""A campaign's steps, one after another, through taps, answers and time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from switchboard.contracts import AnyAnswer, InboundEvent
from switchboard.rules.campaigns import Campaign
from switchboard.rules.contact import Contact, Origin
from switchboard.rules.decide import decide, opens_window_until
from switchboard.rules.decision import Decision, Draft
from switchboard.rules.payloads import ToCampaign, ToStep
from switchboard.rules.rulebook import RuleBook
from tests.support.builders import (
    NOON,
    PERSON,
    campaign,
    clicked,
    comment,
    flow_due,
    follower_read,
    live_comment,
    message,
    on_comment,
    on_message,
    postback,
    private_reply,
    public_reply,
    quick_reply,
    rules,
    story_mention,
    text_message,
)

HOUR = timedelta(hours=1)
PRICE = on_message("price")


def content(text: str, **under: Any) -> dict[str, Any]:
    """Return a message's content."""
    return {"text": text, **under}


def to_step(step: str, title: str = "Go on") -> dict[str, Any]:
    """Return a button to a step."""
    return {"kind": "step", "title": title, "step": step}


def says(*contents: dict[str, Any], kind: str = "message", **more: Any) -> dict[str, Any]:
    """Return a step that says one of `contents`."""
    return {"kind": kind, "variants": list(contents), **more}


GATE = {
    "kind": "follow_gate",
    "id": "gate",
    "variants": ["Follow us first"],
    "button_title": "I do now",
    "when_unknown": "ask",
}
ASK_MAIL = {
    "kind": "ask",
    "what": "email",
    "variants": [content("Your e-mail?")],
    "retry": ["Sorry, which e-mail?"],
    "attempts": 2,
}


@dataclass
class Person:
    """Somebody in a conversation: what was decided is remembered, as the router would."""

    book: RuleBook
    contact: Contact = field(default_factory=Contact)

    def does(
        self, event: InboundEvent, answer: AnyAnswer | Origin | None = None, **more: Any
    ) -> Decision:
        """Decide about `event` at the moment it happened, and remember."""
        now = more.get("now", event.began_at)
        opened = opens_window_until(event)
        known = self.contact.window_closes_at
        window = max((one for one in (opened, known) if one), default=None)
        self.contact = replace(self.contact, window_closes_at=window)
        decision = decide(event, self.book, self.contact, now, answer)
        self.contact = decision.after or self.contact
        return decision

    def taps(self, draft: Draft, button: int = 0, *, at: datetime = NOON) -> Decision:
        """Tap one of the buttons that `draft` sent."""
        payload = draft.content["buttons"][button]["payload"]
        return self.does(postback(payload, occurred_at=at, received_at=at, message_id=f"t{at}"))


def texts(decision: Decision) -> list[str]:
    """Return what is said, in order."""
    return [one.content["text"] for one in decision.drafts if "text" in one.content]


def kinds(decision: Decision) -> list[str]:
    """Return the kinds of what is to be done, in order."""
    return [one.kind for one in decision.drafts]


def test_messages_follow_each_other_in_order() -> None:
    """Each message waits for the one before; a public reply waits for nobody."""
    person = Person(rules(campaign(PRICE, text_message("One"), text_message("Two"))))

    first, second = person.does(message("price")).drafts

    assert (None, first.id) == (first.after, second.after)


def test_a_button_leads_on() -> None:
    """The private reply waits for its tap, which leads to the step it names."""
    person = Person(
        rules(
            campaign(
                on_comment("link"),
                says(content("Want it?", buttons=[to_step("yes")]), kind="private_reply"),
                text_message("You never see this"),
                {**text_message("Here it is"), "id": "yes"},
            )
        )
    )

    asked = person.does(comment("link"))
    given = person.taps(asked.drafts[0])

    assert ("waits_for_tap", ["Want it?"]) == (asked.stopped, texts(asked))
    assert ("matched", "tap", ["Here it is"]) == (given.outcome, given.because, texts(given))
    assert ["message"] == kinds(given)
    assert NOON + 24 * HOUR == given.drafts[0].deadline
    assert () == person.contact.flows


def test_a_chip_leads_on_too() -> None:
    """A quick reply with our payload is a tap, whatever its text says."""
    small = content("Which?", quick_replies=[to_step("s", "Small")])
    person = Person(rules(campaign(PRICE, says(small), {**text_message("12 euros"), "id": "s"})))

    asked = person.does(message("price"))
    payload = asked.drafts[0].content["quick_replies"][0]["payload"]

    assert ["12 euros"] == texts(person.does(quick_reply(payload, "price")))


def test_a_button_starts_another_campaign() -> None:
    """A button of one campaign starts another at its first step, and only a live one."""
    other = campaign(on_message("sizes"), text_message("S to XL"), number=2)
    start = {"kind": "campaign", "title": "Sizes", "campaign": str(other.id)}
    first = campaign(PRICE, says(content("12 euros", buttons=[start])))
    person = Person(rules(first, other))

    told = person.does(message("price"))
    started = person.taps(told.drafts[0])

    assert (other.id, ["S to XL"]) == (started.campaign_id, texts(started))
    gone = decide(postback(str(ToCampaign(other.id))), rules(first), Contact(), NOON)
    assert ("no_match", "flow_over") == (gone.outcome, gone.because)


def test_a_flow_finishes_on_the_version_it_began() -> None:
    """A tap goes to the step of the version that sent the button, though another is live."""
    steps = [says(content("Want it?", buttons=[to_step("yes")]))]
    old = campaign(PRICE, *steps, {**text_message("Old price"), "id": "yes"})
    new = campaign(PRICE, *steps, {**text_message("New price"), "id": "yes"}, version=2)
    person = Person(rules(old))
    asked = person.does(message("price"))

    person.book = replace(rules(new), others={(old.id, 1): old})
    given = person.taps(asked.drafts[0])

    assert (1, ["Old price"]) == (given.campaign_version, texts(given))


def test_a_forgotten_version_is_not_guessed() -> None:
    """A payload of a version nobody can find leads nowhere, and says so."""
    one = campaign(PRICE)

    decision = decide(postback(str(ToStep(one.id, 9, 0))), rules(one), Contact(), NOON)

    assert ("no_match", "flow_over") == (decision.outcome, decision.because)


class TestAsk:
    """Asking for something, and what is done with the answer."""

    BOOK = rules(campaign(PRICE, ASK_MAIL, text_message("Thanks, {{email}}")))

    def test_a_valid_answer_is_kept_and_goes_on(self) -> None:
        """The address is the contact's from now on, and the steps go on."""
        person = Person(self.BOOK)
        asked = person.does(message("price"))
        later = NOON + HOUR

        given = person.does(message("ana@shop.example", occurred_at=later, received_at=later))

        assert ("waits_for_answer", ["Your e-mail?"]) == (asked.stopped, texts(asked))
        assert ("answer_given", ["Thanks, {{email}}"]) == (given.because, texts(given))
        assert "ana@shop.example" == person.contact.email

    def test_what_is_no_answer_is_asked_again_and_then_given_up(self) -> None:
        """A second try is asked for politely; after the last one the flow ends."""
        person = Person(self.BOOK)
        person.does(message("price"))

        again = person.does(self.later("no idea", 1))
        given_up = person.does(self.later("still none", 2))

        assert ["Sorry, which e-mail?"] == texts(again)
        assert ("answer_missing", []) == (given_up.stopped, texts(given_up))
        assert () == person.contact.flows

    def test_a_keyword_is_no_answer(self) -> None:
        """Who asks for something else is answered, and the question stays open."""
        sizes = campaign(on_message("sizes"), text_message("S to XL"), number=2)
        person = Person(rules(campaign(PRICE, ASK_MAIL), sizes))
        person.does(message("price"))

        other = person.does(self.later("sizes?", 1))
        given = person.does(self.later("ana@shop.example", 2))

        assert ["S to XL"] == texts(other)
        assert ("answer_given", "ana@shop.example") == (given.because, person.contact.email)

    def test_what_was_written_before_is_no_answer(self) -> None:
        """A message that arrives late was written before the question, and answers nothing."""
        person = Person(self.BOOK)
        person.does(self.later("price", 0))
        earlier = NOON - HOUR

        late = person.does(message("a@b.example", occurred_at=earlier, received_at=NOON))

        assert ("no_match", None) == (late.outcome, person.contact.email)

    def test_the_day_after_it_is_no_answer(self) -> None:
        """When the window has closed, the question is forgotten."""
        person = Person(self.BOOK)
        person.does(message("price"))

        assert "no_match" == person.does(self.later("a@b.example", 25)).outcome

    def test_the_chip_with_their_own_address_is_an_answer(self) -> None:
        """Instagram's chip gives the address as text, with our payload."""
        person = Person(self.BOOK)
        asked = person.does(message("price"))
        chip = asked.drafts[0].content["quick_replies"][0]
        later = NOON + HOUR

        given = person.does(
            quick_reply(chip["payload"], "ana@shop.example", occurred_at=later, received_at=later)
        )

        assert ("email", "answer_given") == (chip["kind"], given.because)
        assert "ana@shop.example" == person.contact.email

    def test_after_a_comment_the_question_is_the_private_reply(self) -> None:
        """The one message a comment allows asks; without a chip, which strangers would not see."""
        person = Person(rules(campaign(on_comment("link"), ASK_MAIL, text_message("Thanks"))))

        asked = person.does(comment("link"))
        given = person.does(self.later("ana@shop.example", 1))

        assert ["private_reply"] == kinds(asked)
        assert "quick_replies" not in asked.drafts[0].content
        assert ["Thanks"] == texts(given)

    @staticmethod
    def later(text: str, hours: int) -> InboundEvent:
        """Return a message written some hours after noon."""
        at = NOON + hours * HOUR
        return message(text, occurred_at=at, received_at=at, message_id=f"mid.{text}.{hours}")


class TestGate:
    """Only people who follow go on."""

    STEPS = (GATE, text_message("The secret"))

    @pytest.mark.parametrize(
        ("follows", "unknown", "said", "stopped"),
        [
            (True, "ask", ["The secret"], None),
            (False, "pass", ["Follow us first"], "gate_closed"),
            (None, "pass", ["The secret"], None),
            (None, "ask", ["Follow us first"], "gate_closed"),
            (None, "stop", [], "gate_closed"),
        ],
    )
    def test_meta_is_asked_and_its_answer_decides(
        self, *, follows: bool | None, unknown: str, said: list[str], stopped: str | None
    ) -> None:
        """Nothing is said before it is known; what is not told is the owner's to have decided."""
        gate = GATE | {"when_unknown": unknown}
        person = Person(rules(campaign(PRICE, gate, text_message("The secret"))))

        asked = person.does(message("price"))
        decided = person.does(message("price"), follower_read(message("price"), follows=follows))

        assert ("asked", "asks_follower", ["lookup"]) == (
            asked.outcome,
            asked.because,
            kinds(asked),
        )
        assert "follower" == asked.drafts[0].content["about"]
        assert (said, stopped) == (texts(decided), decided.stopped)

    def test_each_tap_asks_again(self) -> None:
        """Who follows meanwhile and taps goes on; what was known before does not count."""
        person = Person(rules(campaign(PRICE, *self.STEPS)))
        closed = person.does(message("price"), follower_read(message("price"), follows=False))
        tap = postback(closed.drafts[0].content["buttons"][0]["payload"])

        asked = person.does(tap)
        opened = person.does(tap, follower_read(tap, follows=True, answered_at=NOON + HOUR))

        assert "asks_follower" == asked.because
        assert ["The secret"] == texts(opened)
        assert person.contact.follows is True


class TestTime:
    """Waits and follow-ups."""

    def test_a_wait_goes_on_when_its_time_has_come(self) -> None:
        """The timer's own event runs the steps behind the wait, within the window."""
        wait = {"kind": "wait", "duration": "PT2H"}
        person = Person(rules(campaign(PRICE, text_message("12"), wait, text_message("Still?"))))

        first = person.does(message("price"))
        timer = first.drafts[1]
        due = person.does(flow_due(timer))
        again = person.does(flow_due(timer))

        assert ("waits_for_time", NOON + 2 * HOUR) == (first.stopped, timer.not_before)
        assert ("time", ["Still?"]) == (due.because, texts(due))
        assert NOON + 24 * HOUR == due.drafts[0].deadline
        assert ("no_match", "flow_over") == (again.outcome, again.because)

    def test_nothing_is_said_after_the_window(self) -> None:
        """A wait that outlives the window is not begun, and the decision says so at once."""
        wait = {"kind": "wait", "duration": "PT25H"}
        person = Person(rules(campaign(PRICE, text_message("12"), wait, text_message("Too late"))))

        decision = person.does(message("price"))

        assert ("too_late", ["12"]) == (decision.stopped, texts(decision))
        assert () == person.contact.flows

    def test_a_window_that_closes_while_waiting(self) -> None:
        """Of an event that came late less of the window is left: that counts."""
        wait = {"kind": "wait", "duration": "PT20H"}
        person = Person(rules(campaign(PRICE, wait, text_message("Still?"))))

        decision = person.does(message("price", occurred_at=NOON - 4 * HOUR), now=NOON)

        assert ("too_late", ()) == (decision.stopped, decision.drafts)

    def test_what_needs_no_window_may_wait_longer(self) -> None:
        """A tag after two days is set; what would be said behind it is not, and why is told."""
        wait = {"kind": "wait", "duration": "PT48H"}
        steps: list[dict[str, Any]] = [
            wait,
            {"kind": "tag", "add": ["old"]},
            text_message("Too late"),
        ]
        person = Person(rules(campaign(PRICE, *steps)))

        due = person.does(flow_due(person.does(message("price")).drafts[0]))

        assert ("no_window", [], ("old",)) == (due.stopped, texts(due), person.contact.tags)

    def test_a_comment_that_would_be_answered_too_late(self) -> None:
        """Neither in public nor in private: Meta's seven days end while it waits."""
        wait = {"kind": "wait", "duration": "P2D"}
        steps = [wait, public_reply("Sent"), private_reply("Here")]
        person = Person(rules(campaign(on_comment("link"), *steps)))

        late = person.does(comment("link", occurred_at=NOON - timedelta(days=5)), now=NOON)
        other = comment("link", occurred_at=NOON - timedelta(days=4), comment_id="18")
        in_time = person.does(other, now=NOON)

        assert ("too_late", ()) == (late.stopped, late.drafts)
        assert (None, 2) == (in_time.stopped, len(in_time.drafts))

    def test_after_a_comment_waiting_puts_the_replies_off(self) -> None:
        """There is no window to go on in, so the replies themselves are due later."""
        wait = {"kind": "wait", "duration": 60}
        person = Person(rules(campaign(on_comment("link"), wait, private_reply("Here"))))

        (reply,) = person.does(comment("link")).drafts

        assert ("private_reply", NOON + timedelta(minutes=1)) == (reply.kind, reply.not_before)
        assert NOON + timedelta(days=7) == reply.deadline

    REMIND = (
        says(content("Want it?", buttons=[to_step("yes")])),
        {"kind": "follow_up", "after": "PT1H", "variants": [content("Still there?")]},
        {**text_message("Here it is"), "id": "yes"},
    )

    def test_without_a_tap_the_follow_up_is_sent_and_the_button_still_works(self) -> None:
        """One reminder, and the flow waits on for the tap."""
        person = Person(rules(campaign(PRICE, *self.REMIND)))

        asked = person.does(message("price"))
        reminded = person.does(flow_due(asked.drafts[1]))
        given = person.taps(asked.drafts[0], at=NOON + 2 * HOUR)

        assert (["Still there?"], "waits_for_tap") == (texts(reminded), reminded.stopped)
        assert ["Here it is"] == texts(given)

    def test_after_a_tap_there_is_no_follow_up(self) -> None:
        """The timer goes off, and finds that nobody waits for it."""
        person = Person(rules(campaign(PRICE, *self.REMIND)))
        asked = person.does(message("price"))
        person.taps(asked.drafts[0])

        late = person.does(flow_due(asked.drafts[1]))

        assert ("no_match", "flow_over", ()) == (late.outcome, late.because, late.drafts)

    def test_a_click_on_the_link_counts_as_the_tap(self) -> None:
        """Who opened the link is not reminded, and the steps behind the reminder follow."""
        link = {"kind": "link", "title": "Shop", "url": "https://shop.example/"}
        remind = {"kind": "follow_up", "after": "PT1H", "variants": [content("Seen it?")]}
        steps = (says(content("Look", buttons=[link])), remind, text_message("Nice, isn't it?"))
        person = Person(rules(campaign(PRICE, *steps)))
        sent, timer = person.does(message("price")).drafts
        origin = Origin(
            ours=True,
            person_id=PERSON,
            campaign_id=sent.campaign_id,
            campaign_version=1,
            step=sent.step,
        )

        opened = person.does(clicked(sent), origin)
        late = person.does(flow_due(timer))

        assert ("clicked", ["Nice, isn't it?"]) == (opened.because, texts(opened))
        assert "flow_over" == late.because

    def test_a_click_may_lead_to_a_gate(self) -> None:
        """Meta is asked, and its answer finds the flow that the click belongs to."""
        link = {"kind": "link", "title": "Shop", "url": "https://shop.example/"}
        remind = {"kind": "follow_up", "after": "PT1H", "variants": [content("Seen it?")]}
        steps = (says(content("Look", buttons=[link])), remind, GATE, text_message("A secret"))
        person = Person(rules(campaign(PRICE, *steps)))
        sent, _ = person.does(message("price")).drafts
        origin = Origin(ours=True, person_id=PERSON, campaign_id=sent.campaign_id)

        asked = person.does(clicked(sent), origin)
        campaign_id = asked.drafts[0].content["campaign_id"]
        read = follower_read(clicked(sent), follows=True, campaign_id=campaign_id)

        assert "asks_follower" == asked.because
        assert ["A secret"] == texts(person.does(clicked(sent), read))

    def test_two_follow_ups_follow_each_other(self) -> None:
        """Each has its own time, counted from the one before."""
        second = {"kind": "follow_up", "after": "PT3H", "variants": [content("Last call")]}
        person = Person(rules(campaign(PRICE, *self.REMIND[:2], second, self.REMIND[2])))
        asked = person.does(message("price"))

        first = person.does(flow_due(asked.drafts[1]))
        last = person.does(flow_due(first.drafts[1]))

        assert ["Still there?"] == texts(first)
        assert NOON + 4 * HOUR == first.drafts[1].not_before
        assert (["Last call"], "waits_for_tap") == (texts(last), last.stopped)


def test_tags_are_put_on_and_taken_off() -> None:
    """A tag is on the contact at once, and sorted, so that the same state is the same bytes."""
    step = {"kind": "tag", "add": ["warm", "autumn"], "remove": ["cold"]}
    person = Person(rules(campaign(PRICE, step)), Contact(tags=("cold",)))

    person.does(message("price"))

    assert ("autumn", "warm") == person.contact.tags


def test_a_handover_is_announced_and_then_silent() -> None:
    """What this event sends is sent; afterwards the conversation is the human's."""
    hand = {"kind": "handover", "pause": "PT3H"}
    person = Person(rules(campaign(PRICE, text_message("A colleague will write"), hand)))
    event = message("price")

    handed = person.does(event)
    later = NOON + 2 * HOUR
    quiet = person.does(message("price", occurred_at=later, received_at=later, message_id="m2"))

    assert ("handed_over", ["A colleague will write"]) == (handed.stopped, texts(handed))
    assert (NOON + 3 * HOUR, event.event_id) == (
        person.contact.paused_until,
        person.contact.paused_by,
    )
    assert "paused" == quiet.because


def test_a_webhook_says_what_happened() -> None:
    """The owner's server learns who, why and with what answers; nothing of ours besides."""
    step = {"kind": "webhook", "url": "https://shop.example/hook"}
    person = Person(rules(campaign(PRICE, step)), Contact(email="ana@shop.example"))

    (hook,) = person.does(message("price")).drafts

    assert ("webhook", "https://shop.example/hook") == (hook.kind, hook.content["url"])
    assert PERSON == hook.content["body"]["person_id"]
    assert "ana@shop.example" == hook.content["body"]["contact"]["email"]


def test_a_live_comment_gets_a_private_reply_while_it_may() -> None:
    """No public reply is possible; the private one has its own lane and a short time."""
    live = {"kind": "live_comment", "keywords": {"include": ["link"]}}
    person = Person(rules(campaign(live, public_reply("Sent"), private_reply("Here"))))

    (reply,) = person.does(live_comment("link")).drafts

    assert ("private_reply", "live") == (reply.kind, reply.lane)
    assert NOON + 4 * HOUR == reply.deadline


def test_a_story_mention_is_thanked() -> None:
    """A mention is a message without text: its campaign needs no keyword."""
    person = Person(rules(campaign({"kind": "story_mention"}, text_message("Thank you!"))))

    assert ["Thank you!"] == texts(person.does(story_mention()))


def test_variables_that_deciding_knows_travel_along() -> None:
    """The keyword and the handle are in the delivery; a name is the sender's to find."""
    hello = private_reply("{{username|you}} wrote {{keyword}}, {{first_name|friend}}")
    person = Person(rules(campaign(on_comment("link"), hello)))

    (reply,) = person.does(comment("LINK", author_username="ana")).drafts

    assert {"keyword": "link", "username": "ana"} == reply.content["values"]


def test_of_many_flows_the_oldest_is_given_up() -> None:
    """A person who starts everything does not make the contact grow without end."""
    many = [campaign(on_message(f"word{n}"), ASK_MAIL, number=n) for n in range(1, 31)]
    person = Person(rules(*many))
    for n in range(1, 31):
        at = NOON + timedelta(seconds=n)
        person.does(message(f"word{n}", occurred_at=at, received_at=at, message_id=f"m{n}"))

    assert 20 == len(person.contact.flows)
    assert [many[29].id, many[10].id] == [
        person.contact.flows[-1].campaign_id,
        person.contact.flows[0].campaign_id,
    ]


def campaigns_of(decision: Decision) -> set[Any]:
    """Return the campaigns of what is to be done."""
    return {draft.campaign_id for draft in decision.drafts}


def test_a_timer_of_one_flow_leaves_the_others_alone() -> None:
    """Two campaigns wait for one person; each timer finds its own."""
    wait = {"kind": "wait", "duration": "PT1H"}
    first = campaign(PRICE, wait, text_message("One"), number=1)
    second = campaign(on_message("sizes"), wait, text_message("Two"), number=2)
    person = Person(rules(first, second))
    one = person.does(message("price")).drafts[0]
    two = person.does(message("sizes", message_id="mid.s")).drafts[0]

    due = [person.does(flow_due(two)), person.does(flow_due(one))]

    assert [["Two"], ["One"]] == [texts(decision) for decision in due]
    assert [{second.id}, {first.id}] == [campaigns_of(decision) for decision in due]


def both() -> tuple[Campaign, Campaign]:
    """Return a campaign for any message and one for a keyword."""
    return campaign({"kind": "message"}, number=1), campaign(PRICE, number=2)


def test_any_message_is_what_is_left() -> None:
    """A keyword comes before it, and so do intents: it answers when these had their say."""
    anything, price = both()
    intent = campaign({"kind": "intent", "intent": "hours"}, number=3)
    book = rules(anything, price, intent, intents=("hours",))

    assert price.id == decide(message("price"), book, Contact(), NOON).campaign_id
    assert "asks_classifier" == decide(message("open?"), book, Contact(), NOON).because
    assert anything.id == decide(message("hi"), rules(anything, price), Contact(), NOON).campaign_id
