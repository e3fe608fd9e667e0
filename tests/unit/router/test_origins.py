"""Echoes and clicks are told apart by our own deliveries, and an early echo waits for them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Literal

import pytest

from services.router.origins import whose
from switchboard.contracts import LinkClicked
from switchboard.contracts.events import Attachment
from switchboard.db.origins import Traced, Unanswered
from switchboard.errors import Throttled
from switchboard.queues import Defer, settle
from switchboard.rules.contact import Contact, Flow, Origin
from switchboard.rules.decide import decide
from switchboard.rules.decision import Draft
from tests.support.builders import (
    NOON,
    PERSON,
    campaign,
    clicked,
    comment,
    echo,
    message,
    on_comment,
    on_message,
    rules,
)
from tests.unit.router.surroundings import SHOP, SOMEBODY, Bench, bench

RULES = rules(campaign(on_comment("link")))
ECHO = (SHOP, echo().message_id, echo().recipient_id)


OURS, FOREIGN = Traced(ours=True), Traced(ours=False)


def unanswered(
    state: Literal["sending", "uncertain"] = "sending", text: str = "Something else", **fields: Any
) -> Traced:
    """Return that an echo may be of a message that says `text`, whose answer has not come."""
    content = fields.pop("content", {"text": text})
    known: dict[str, Any] = {"kind": "message", "content": content, "fields": {}}
    return Traced(ours=False, unanswered=(Unanswered(state=state, **(known | fields)),))


def because(b: Bench, event: Any) -> str:
    """Return why the event was decided as it was."""
    why: str = json.loads(b.row(event).decision)["because"]
    return why


async def test_events_without_an_origin_ask_for_none() -> None:
    """Comments and messages cost no look among the deliveries."""
    b = bench(RULES)
    await b.events(comment(), message())

    assert 0 == b.postgres.lookups


async def test_a_message_typed_by_hand_takes_the_conversation_over() -> None:
    """An echo of what we did not send makes the automation silent towards that person."""
    b = bench(RULES)
    await b.events(echo())

    assert "taken_over" == because(b, echo())
    assert NOON + timedelta(hours=12) == b.postgres.contacts[SOMEBODY].paused_until


async def test_an_echo_of_ours_changes_nothing() -> None:
    """What we sent ourselves is no reason to be silent."""
    b = bench(RULES)
    b.postgres.echoes[ECHO] = OURS
    await b.events(echo())

    assert "echo" == because(b, echo())
    assert b.postgres.contacts[SOMEBODY].paused_until is None


async def test_an_echo_before_metas_answer_waits_for_it() -> None:
    """While a call is under way only that echo comes again, soon, without its receive counting."""
    b = bench(RULES)
    b.postgres.echoes[ECHO] = unanswered()
    first, other = await b.events(echo(), comment())
    b.postgres.echoes[ECHO] = OURS
    again = await b.events(echo())

    assert isinstance(first, Throttled)
    assert Defer(2.0) == settle(first, receives=99, max_receives=5)
    assert "matched" == b.row(comment()).outcome
    assert [None, None] == [other, *again]
    assert "echo" == because(b, echo())


@pytest.mark.parametrize(("age_s", "waits"), [(59, True), (60, True), (61, False)])
async def test_doubt_is_no_takeover(age_s: int, waits: bool) -> None:  # noqa: FBT001  one row
    """An echo that stays doubtful for a minute is taken for ours."""
    b = bench(RULES)
    b.postgres.echoes[ECHO] = unanswered()
    b.now = NOON + timedelta(seconds=age_s)
    (found,) = await b.events(echo())

    assert waits == isinstance(found, Throttled)
    assert waits or "echo" == because(b, echo())


TEMPLATE = {"attachments": (Attachment(type="template"),), "text": None}
BUTTONS = {"text": "Look", "buttons": [{"title": "Shop", "url": "https://shop.example/"}]}


@pytest.mark.parametrize(
    ("traced", "fields", "expected"),
    [
        (OURS, {}, "ours"),
        (FOREIGN, {}, "foreign"),
        # what an unanswered one says is ours, whether or not its answer ever comes
        (unanswered("sending", "hello"), {}, "ours"),
        (unanswered("uncertain", "hello"), {}, "ours"),
        (
            unanswered("uncertain", "hello {{first_name}}", name="Ana"),
            {"text": "hello Ana"},
            "ours",
        ),
        # while a call is under way its answer is awaited, whatever the echo says
        (unanswered("sending", "Something else"), {}, "doubtful"),
        # of an uncertain one no answer comes: other words are another's
        (unanswered("uncertain", "Something else"), {}, "foreign"),
        (unanswered("uncertain", "hello"), {"text": "hello!"}, "foreign"),
        # and what cannot be compared is open
        (unanswered("uncertain", content=BUTTONS), TEMPLATE, "doubtful"),
        (
            unanswered("uncertain", "Dear {{name}}, welcome"),
            {"text": "Dear Bo, welcome"},
            "doubtful",
        ),
        (unanswered("uncertain", "hello"), {"text": None}, "doubtful"),
        (unanswered("uncertain", content={"strange": True}), {}, "doubtful"),
    ],
)
def test_whose_a_message_is(traced: Traced, fields: dict[str, Any], expected: str) -> None:
    """By its id, else by its words, as far as they are told and no answer is still to come."""
    assert expected == whose(echo(**fields), traced)


async def test_an_echo_does_not_wait_for_an_answer_that_never_comes() -> None:
    """The echo of an uncertain message is recorded at once, and is no takeover."""
    b = bench(RULES)
    b.postgres.echoes[ECHO] = unanswered("uncertain", echo().text or "")
    (found,) = await b.events(echo())

    assert found is None
    assert "echo" == because(b, echo())


async def test_a_message_typed_while_another_is_uncertain_takes_over() -> None:
    """Not knowing what became of one message does not make us deaf to somebody's typing."""
    b = bench(RULES)
    b.postgres.echoes[ECHO] = unanswered("uncertain", "Here is your link")
    (found,) = await b.events(echo())

    assert found is None
    assert "taken_over" == because(b, echo())


async def test_an_echo_of_nobodys_account_is_not_looked_up() -> None:
    """An account nobody connected has no deliveries."""
    b = bench(RULES)
    await b.events(echo(account_id="17841400000000099"))

    assert 0 == b.postgres.lookups


def followed_up() -> tuple[Bench, LinkClicked, Draft]:
    """Return a bench where PERSON clicked a link that a follow-up would have asked about."""
    link = {"kind": "link", "title": "Shop", "url": "https://shop.example/"}
    asking = {
        "kind": "message",
        "variants": [
            {"text": "Look", "buttons": [link, {"kind": "step", "title": "More", "step": "more"}]}
        ],
    }
    follow_up = {"kind": "follow_up", "after": "PT1H", "variants": [{"text": "Still there?"}]}
    more = {"id": "more", "kind": "tag", "add": ["clicked"]}
    book = rules(campaign(on_message("price"), asking, follow_up, more))
    decision = decide(message("price"), book, Contact(), NOON)
    assert decision.after is not None
    sent = next(draft for draft in decision.drafts if draft.kind == "message")
    b = bench(book)
    b.knows(decision.after)
    b.postgres.clicks[SHOP, sent.id] = Origin(
        ours=True, person_id=PERSON, campaign_id=sent.campaign_id, campaign_version=1, step="0"
    )
    return b, clicked(sent), sent


async def test_a_click_is_its_deliverys_persons() -> None:
    """A click says nothing of who clicked; the delivery does, and the contact is theirs."""
    b, click, _ = followed_up()
    before: Flow = b.postgres.contacts[SOMEBODY].flows[0]

    await b.events(click)

    assert [[SOMEBODY]] == b.postgres.loads
    assert PERSON == b.row(click).person_id
    assert "clicked" == because(b, click)
    assert "tap" == before.awaits
    assert (before,) != b.postgres.contacts[SOMEBODY].flows


async def test_a_click_on_a_delivery_that_is_not_ours_is_nobodys() -> None:
    """A click that names a delivery we do not know is recorded and leads nowhere."""
    b, click, _ = followed_up()
    b.postgres.clicks.clear()

    await b.events(click)

    assert (None, "clicked") == (b.row(click).person_id, because(b, click))
    assert [] == b.postgres.loads
