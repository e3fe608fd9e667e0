"""What is said later than at once: within the owner's bounds, and the same when decided again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from switchboard.contracts.ids import DeliveryId
from switchboard.rules.campaigns import Campaign
from switchboard.rules.ceilings import private_replies
from switchboard.rules.decide import decide
from switchboard.rules.decision import Decision
from switchboard.rules.delays import AT_ONCE, Delay
from switchboard.rules.dryrun import DryRunning, with_candidate
from switchboard.rules.rulebook import AccountSettings, RuleBook
from tests.support.builders import (
    NOON,
    campaign,
    comment,
    live_comment,
    message,
    on_comment,
    on_message,
    private_reply,
    public_reply,
    rules,
    text_message,
)
from tests.unit.rules.test_flow import PRICE, Person, content, says, to_step

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
REMINDED = (
    says(content("Want it?", buttons=[to_step("yes")])),
    {"kind": "follow_up", "after": "PT1H", "variants": [content("Still there?")]},
    {**text_message("Here it is"), "id": "yes"},
)


def delayed(*campaigns: Campaign, least: timedelta, most: timedelta) -> RuleBook:
    """Return a book of an account that answers between so much and so much later."""
    settings = AccountSettings(reply_delay_min=least, reply_delay_max=most)
    return replace(rules(*campaigns), settings=settings)


def after(decision: Decision) -> dict[str, timedelta]:
    """Return how long after noon each thing goes, by its step."""
    return {one.step: one.not_before - NOON for one in decision.drafts}


class TestDrawing:
    def test_the_ends_of_the_draw(self) -> None:
        """The least id draws the least, the greatest all but the most."""
        delay = Delay(MINUTE, 3 * MINUTE)
        least, greatest = DeliveryId(UUID(int=0)), DeliveryId(UUID(int=2**128 - 1))

        assert MINUTE == delay.of(least)
        assert 3 * MINUTE - timedelta(microseconds=1) == delay.of(greatest)

    def test_without_a_span(self) -> None:
        """Where both are the same that is the delay, and of nothing it is nothing."""
        assert MINUTE == Delay(MINUTE, MINUTE).of(DeliveryId(UUID(int=7)))
        assert timedelta() == AT_ONCE.of(DeliveryId(UUID(int=7)))

    def test_never_past_the_deadline(self) -> None:
        """A delay leaves time to send; where there is none to leave, it goes at once."""
        delay, one = Delay(HOUR, HOUR), DeliveryId(UUID(int=7))
        deadlines = (2 * HOUR, 40 * MINUTE, 10 * MINUTE)

        goes = [delay.after(NOON, one, deadline=NOON + left) - NOON for left in deadlines]

        assert [HOUR, 25 * MINUTE, timedelta()] == goes


class TestDeciding:
    def test_replies_and_messages(self) -> None:
        """Each goes later by its own draw, and deciding again draws the same."""
        book = delayed(
            campaign(on_comment("link"), public_reply("Sent"), private_reply("Here")),
            campaign(on_message("price"), text_message("12"), number=2),
            least=MINUTE,
            most=9 * MINUTE,
        )
        first = [decide(event, book, Person(book).contact, NOON) for event in _both()]
        again = [decide(event, book, Person(book).contact, NOON) for event in _both()]

        draws = [draw for decision in first for draw in after(decision).values()]
        assert 3 == len(draws) == len(set(draws))
        assert all(MINUTE <= draw < 9 * MINUTE for draw in draws)
        assert [one.drafts for one in first] == [one.drafts for one in again]

    def test_a_broadcast_is_answered_at_once(self) -> None:
        """It may end any moment."""
        trigger = {"kind": "live_comment", "keywords": {"include": ["link"]}}
        book = delayed(campaign(trigger, private_reply("Here")), least=MINUTE, most=MINUTE)

        decision = decide(live_comment("link"), book, Person(book).contact, NOON)

        assert {"0": timedelta()} == after(decision)

    def test_behind_a_wait(self) -> None:
        """The delay comes on top of what the campaign itself waits before it answers."""
        wait = {"kind": "wait", "duration": "PT1H"}
        one = campaign(on_comment("link"), wait, private_reply("Here"))
        book = delayed(one, least=MINUTE, most=MINUTE)

        decision = decide(comment("link"), book, Person(book).contact, NOON)

        assert {"1": HOUR + MINUTE} == after(decision)

    def test_what_waits_after_it_waits_from_then_on(self) -> None:
        """A follow-up an hour after a message comes an hour after it went, not after deciding."""
        person = Person(delayed(campaign(PRICE, *REMINDED), least=30 * MINUTE, most=30 * MINUTE))

        decision = person.does(message("price"))

        assert {"0": 30 * MINUTE, "1.timer": 90 * MINUTE} == after(decision)

    def test_a_follow_up_that_would_come_too_late(self) -> None:
        """It is not set, the decision says so, and the button leads on all the same."""
        late: dict[str, Any] = {**REMINDED[1], "after": "PT23H30M"}
        person = Person(
            delayed(campaign(PRICE, REMINDED[0], late, REMINDED[2]), least=HOUR, most=HOUR)
        )

        asked = person.does(message("price"))
        given = person.taps(asked.drafts[0], at=NOON + 2 * HOUR)

        assert ("follow_up_too_late", {"0": HOUR}) == (asked.stopped, after(asked))
        assert [HOUR + 2 * HOUR] == list(after(given).values())


def test_a_dry_run_shows_it() -> None:
    """What would have been sent would have been sent that much later."""
    one = campaign(on_comment("link"), private_reply("Here"))
    book = delayed(one, least=HOUR, most=HOUR)
    running = DryRunning(
        live=rules(one), candidate=with_candidate(book, [one], [], one.definition, one.id)
    )
    running.take(comment("link").model_dump(mode="json", exclude_none=True), {})

    found = running.result(private_replies(720), examples=1)

    assert found.live.limited is not None
    assert found.candidate.limited is not None
    assert (NOON, NOON + HOUR) == (found.live.limited.last_at, found.candidate.limited.last_at)


def _both() -> tuple[Any, Any]:
    return comment("link"), message("price")
