"""Until when a person may be written to: the moment each action opens, carried by what is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from switchboard.contracts import InboundEvent
from switchboard.contracts.events import Event
from switchboard.rules.contact import Contact
from switchboard.rules.decide import decide, opens_window_until
from switchboard.rules.drafts import window_until
from tests.contracts.samples import SAMPLES, kind_of
from tests.support.builders import (
    NOON,
    campaign,
    comment,
    live_comment,
    message,
    postback,
    quick_reply,
    rules,
    story_mention,
    story_reply,
)

DAY, HOUR = timedelta(hours=24), timedelta(hours=1)
EVENTS = {kind_of(one): one for one in SAMPLES if isinstance(one, Event)}

# Meta, "Messaging API", "Persistent menu" and "Private replies": what a person writes or taps. Not
# what they read, react to, change or take back, nor how they came, nor what the account writes.
OPENING = {"message.v1", "story_reply.v1", "story_mention.v1", "quick_reply.v1", "postback.v1"}

ACTIONS: list[tuple[InboundEvent, dict[str, Any]]] = [
    (message("price"), {"kind": "message", "keywords": {"include": ["price"]}}),
    (message("yes please", reply_to="mid.of.our.private.reply"), {"kind": "message"}),
    (story_reply(), {"kind": "story_reply"}),
    (story_mention(), {"kind": "story_mention"}),
    (postback("HOURS"), {"kind": "postback"}),
    (postback("HOURS", message_id=None), {"kind": "postback"}),  # an ice breaker
    (quick_reply("SIZE:S"), {"kind": "quick_reply"}),
]


@pytest.mark.parametrize("kind", EVENTS)
def test_which_actions_open_a_window(kind: str) -> None:
    """Those, and no other that can happen; each for a day from Meta's own moment."""
    opened = opens_window_until(EVENTS[kind])

    assert (EVENTS[kind].occurred_at + DAY if kind in OPENING else None) == opened


@pytest.mark.parametrize(("event", "trigger"), ACTIONS)
@pytest.mark.parametrize(
    ("occurred", "received", "closes"),
    [
        (NOON, NOON, NOON + DAY),
        (NOON - 20 * HOUR, NOON, NOON + 4 * HOUR),  # Meta repeated its webhook for a long time
        (NOON + 5 * HOUR, NOON, NOON + DAY),  # Meta's clock, or a corrupt timestamp, is ahead
        (NOON - HOUR, NOON - 2 * HOUR, NOON + 22 * HOUR),  # ours was behind when it came
    ],
)
def test_the_moment_is_carried_by_what_is_sent(
    event: InboundEvent,
    trigger: dict[str, Any],
    occurred: datetime,
    received: datetime,
    closes: datetime,
) -> None:
    """Whatever was done, the message's deadline is a day after it, by the earlier of two clocks."""
    happened = event.model_copy(update={"occurred_at": occurred, "received_at": received})

    decision = decide(happened, rules(campaign(trigger)), Contact(), NOON)

    assert [("message", closes)] == [(draft.kind, draft.deadline) for draft in decision.drafts]


@pytest.mark.parametrize(("event", "trigger"), ACTIONS)
def test_an_older_action_takes_nothing_away(event: InboundEvent, trigger: dict[str, Any]) -> None:
    """What comes in late does not close a window that a later action has opened."""
    late = event.model_copy(update={"occurred_at": NOON - 30 * HOUR})
    known = Contact(window_closes_at=NOON + 20 * HOUR)

    decision = decide(late, rules(campaign(trigger)), known, NOON)

    assert [NOON + 20 * HOUR] == [draft.deadline for draft in decision.drafts]


@pytest.mark.parametrize(("event", "trigger"), ACTIONS)
def test_an_action_whose_day_is_over(event: InboundEvent, trigger: dict[str, Any]) -> None:
    """A webhook that comes after a day says nothing to anybody, and the decision says why."""
    late = event.model_copy(update={"occurred_at": NOON - DAY})

    decision = decide(late, rules(campaign(trigger)), Contact(), NOON)

    assert ((), "no_window") == (decision.drafts, decision.stopped)


@pytest.mark.parametrize(
    ("ahead", "received"), [(timedelta(), NOON), (timedelta(days=3), NOON), (-2 * HOUR, NOON)]
)
def test_a_comments_days(ahead: timedelta, received: datetime) -> None:
    """A comment opens no window; its own days count from the earlier clock, too."""
    began = min(NOON + ahead, received)
    said = comment("link", occurred_at=NOON + ahead, received_at=received)
    live = live_comment("link", occurred_at=NOON + ahead, received_at=received)
    book = rules(
        campaign({"kind": "comment", "keywords": {"include": ["link"]}}),
        campaign(
            {"kind": "live_comment"},
            {"kind": "private_reply", "variants": [{"text": "Here"}]},
            number=2,
        ),
    )

    usual, hurried = (decide(one, book, Contact(), NOON).drafts for one in (said, live))
    assert {began + timedelta(days=7)} == {draft.deadline for draft in usual}
    assert {began + timedelta(hours=4)} == {draft.deadline for draft in hurried}
    assert window_until(said, Contact()) is None
