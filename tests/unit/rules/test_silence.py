"""When nothing is said, and what makes it so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from switchboard.contracts import EventId, InboundEvent
from switchboard.rules.contact import Contact, Flow, Origin
from switchboard.rules.decide import decide
from switchboard.rules.decision import Decision
from switchboard.rules.rulebook import AccountSettings, compile_rules
from tests.support.builders import (
    NOON,
    campaign,
    comment,
    echo,
    flow_due,
    message,
    on_comment,
    on_message,
    rules,
    text_message,
)

HOUR = timedelta(hours=1)
BOOK = rules(campaign(on_message("price")), campaign(on_comment("link"), number=2))
THEIRS = Origin(ours=False)
OURS = Origin(ours=True)


def decided(event: InboundEvent, contact: Contact = Contact(), **more: object) -> Decision:  # noqa: B008  frozen
    """Decide at noon."""
    answer = more.get("answer")
    assert answer is None or isinstance(answer, Origin)
    return decide(event, BOOK, contact, NOON, answer)


def flow() -> Flow:
    """Return a flow that waits for an answer."""
    return Flow(
        campaign_id=campaign(on_message("x")).id,
        version=1,
        step=0,
        awaits="answer",
        since=NOON - HOUR,
        event_id=EventId(campaign(on_message("x")).id),
    )


def test_a_hand_typed_message_silences_the_bot() -> None:
    """An echo we did not send is a person of the business: silence, and flows are over."""
    taken = decided(echo(), Contact(flows=(flow(),)), answer=THEIRS)

    assert ("ignored", "taken_over") == (taken.outcome, taken.because)
    assert taken.after is not None
    assert NOON + 12 * HOUR == taken.after.paused_until
    assert (1, ()) == (taken.after.revision, taken.after.flows)
    assert "paused" == decided(message("price"), taken.after).because


def test_our_own_echo_silences_nobody() -> None:
    """What we sent comes back to us and changes nothing."""
    assert ("echo", None) == (
        (ours := decided(echo(), answer=OURS)).because,
        ours.after,
    )


def test_an_old_echo_shortens_no_silence() -> None:
    """Echoes arrive in any order; the longest silence stands, and one that is over is none."""
    silent = Contact(paused_until=NOON + 20 * HOUR)
    long_ago = NOON - 13 * HOUR

    assert decided(echo(), silent, answer=THEIRS).after is None
    assert decided(echo(occurred_at=long_ago), answer=THEIRS).after is None


def test_the_owner_says_how_long() -> None:
    """How long a conversation is left to a person is the account's setting."""
    book = compile_rules(7, [], [], AccountSettings(takeover=HOUR))

    after = decide(echo(), book, Contact(), NOON, THEIRS).after

    assert after is not None
    assert NOON + HOUR == after.paused_until


def test_a_paused_account_is_silent_towards_everyone() -> None:
    """Until then nothing is answered; from then on everything is."""
    one = campaign(on_message("price"))
    paused = compile_rules(7, [one], [], AccountSettings(paused_until=NOON + HOUR))
    over = compile_rules(7, [one], [], AccountSettings(paused_until=NOON))

    assert "paused" == decide(message("price"), paused, Contact(), NOON).because
    assert "matched" == decide(message("price"), over, Contact(), NOON).outcome


@pytest.mark.parametrize("said", ["STOP", "stop!", "Stop."])
def test_stop_ends_automatic_messages(said: str) -> None:
    """The whole message is the word: from now on nothing is answered, comments neither."""
    out = decided(message(said), Contact(flows=(flow(),)))

    assert ("ignored", "opted_out") == (out.outcome, out.because)
    assert out.after is not None
    assert (NOON, ()) == (out.after.opted_out_at, out.after.flows)
    assert "opted_out" == decided(comment("link"), out.after).because
    assert "opted_out" == decided(message("price"), out.after).because


def test_stop_within_a_sentence_is_no_stop() -> None:
    """Who asks about a bus stop wants an answer."""
    assert "no_keyword_matched" == decided(message("where is the bus stop?")).because


def test_stop_under_a_post_is_a_comment() -> None:
    """Only a message to the account asks it to be silent."""
    assert decided(comment("stop")).after is None


def test_stop_counts_while_a_person_talks() -> None:
    """A pause must not swallow the wish to be left alone."""
    talking = Contact(paused_until=NOON + HOUR)

    assert "opted_out" == decided(message("stop"), talking).because


def test_start_undoes_an_earlier_stop_only() -> None:
    """Words arrive in any order: the one that was written later holds."""
    before, after = Contact(opted_out_at=NOON - HOUR), Contact(opted_out_at=NOON + HOUR)

    again = decided(message("start"), before)
    assert ("opted_in", None) == (again.because, again.after and again.after.opted_out_at)
    assert "opted_out" == decided(message("start"), after).because
    assert "no_keyword_matched" == decided(message("start")).because


def test_a_late_stop_moves_nothing_back() -> None:
    """Two stops: the later one is kept, so that a start between them does not count."""
    out = decided(message("stop", occurred_at=NOON - HOUR), Contact(opted_out_at=NOON))

    assert out.after is None


def test_a_timer_that_meets_silence_ends_its_flow() -> None:
    """Nothing is said now, and nothing waits for ever."""
    wait = {"kind": "wait", "duration": "PT1H"}
    one = campaign(on_message("price"), wait, text_message("Still there?"))
    started = decide(message("price"), rules(one), Contact(), NOON)
    assert started.after is not None
    taken = decide(echo(), rules(one), started.after, NOON, THEIRS).after
    assert taken is not None
    waiting = Contact(revision=9, flows=started.after.flows, paused_until=taken.paused_until)

    due = decide(flow_due(started.drafts[0]), rules(one), waiting, NOON + HOUR)

    assert ("ignored", "paused") == (due.outcome, due.because)
    assert due.after is not None
    assert () == due.after.flows
