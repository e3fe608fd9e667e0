"""Lookups, timers and webhooks: what is told before it is recorded, and how each of them ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.sender.endings import Delivered, Ending, Late, Never, Postponed, TokenMissing
from services.sender.webhooks import MOST_TRIES
from switchboard.contracts import (
    ANSWER,
    INBOUND_EVENT,
    FlowDue,
    FollowerRead,
    PostsRead,
)
from switchboard.errors import Failure, Unavailable
from switchboard.graph import Posts, Profile, Said, Usage
from switchboard.graph.failures import refusal
from switchboard.hooks import Hook, HookFailed, HookForbidden, HookRefused
from switchboard.state import Limited
from tests.support.builders import answer as classified
from tests.support.builders import comment
from tests.unit.sender.builders import (
    DUE,
    FOLLOWER,
    ID,
    NOON,
    PERSON,
    POSTS,
    RECEIPT,
    SECRET,
    TRACE,
    Bench,
    bench,
    claimed,
)

EVENT = comment()
HOUR = timedelta(hours=1)
CONTENT = {"url": "https://a.example/hook", "body": {"type": "lead", "n": 1}}


def lookup(about: str = "follower", *, earlier: Any = None, **fields: Any) -> Bench:
    """A sender with a lookup to do."""
    content = {"about": about, "event": EVENT.model_dump(mode="json", exclude_none=True)}
    if earlier is not None:
        content["earlier"] = earlier
    return bench(claimed(**{"kind": "lookup", "content": content} | fields))


def webhook(**fields: Any) -> Bench:
    """A sender with a webhook to call."""
    return bench(claimed(**{"kind": "webhook", "content": CONTENT} | fields))


def timer(**fields: Any) -> Bench:
    """A sender with a timer to let go off."""
    return bench(claimed(**{"kind": "timer", "content": {}, "step": "3.timer"} | fields))


def refused(code: int, subcode: int | None = None, **fields: Any) -> Failure:
    """What a read that Meta refuses raises."""
    return refusal(Said(code=code, subcode=subcode, **fields), is_send=False)


async def ends(it: Bench) -> Ending:
    """How it ended."""
    await it.sender(DUE, RECEIPT)
    (ending,) = it.ledger.endings
    return ending


def answers(it: Bench) -> list[Any]:
    """What was put on the queue of answers."""
    return [ANSWER.validate_json(message.body) for message in it.classified.published]


async def test_an_answer_is_out_before_the_lookup_is_done() -> None:
    """Who dies in between leaves a row that is looked up again, never an event without answer."""
    it = lookup()

    assert Delivered() == await ends(it)
    assert ["claim", "reserve", "ask", "classified", "record"] == it.order
    assert [PERSON] == it.graph.asked


@pytest.mark.parametrize(
    ("profile", "follows", "because"),
    [
        (FOLLOWER, True, "read"),
        (replace(FOLLOWER, follows=False), False, "read"),
        (replace(FOLLOWER, follows=None), None, "not_told"),
        (refused(230), None, "no_consent"),
        (refused(100, 33), None, "refused"),
        (refused(551), None, "refused"),
    ],
)
async def test_whether_somebody_follows(
    profile: Profile | Failure,
    follows: bool | None,  # noqa: FBT001  a table's column
    because: str,
) -> None:
    """The answer says what Meta said, or why it said nothing; the event is never left waiting."""
    it = lookup()
    it.graph.profile = profile

    ending = await ends(it)

    expected = {"follows": follows, "because": because, "answered_at": NOON}
    assert [FollowerRead(event=EVENT, **expected)] == answers(it)
    assert "sent" == ending.outcome


@pytest.mark.parametrize(
    ("posts", "because"), [(POSTS, "read"), (Posts((), Said()), "read"), (refused(100), "refused")]
)
async def test_which_posts_there_are(posts: Posts | Failure, because: str) -> None:
    """Posts come back newest first as Meta told them, or not at all."""
    it = lookup("posts")
    it.graph.posts = posts

    await ends(it)

    found = posts.posts if isinstance(posts, Posts) else ()
    expected = {"posts": found, "because": because, "answered_at": NOON}
    assert [PostsRead(event=EVENT, **expected)] == answers(it)


async def test_what_the_classifier_had_said_travels_on() -> None:
    """An intent recognised before is not asked for again."""
    earlier = classified(EVENT, "price")
    it = lookup(earlier=earlier.model_dump(mode="json"))

    await ends(it)

    assert [earlier] == [answer.earlier for answer in answers(it)]


@pytest.mark.parametrize(
    ("failure", "ending"),
    [
        (Unavailable("timeout"), Postponed("unavailable", timedelta(seconds=15))),
        (refused(613), Postponed("rate_limited", timedelta(minutes=1), said=Said(code=613))),
        (
            refused(1),
            Postponed("unknown_failure", timedelta(minutes=1), counted=True, said=Said(code=1)),
        ),
        (
            refused(190),
            Postponed("token_invalid", timedelta(), reconnect=True, said=Said(code=190)),
        ),
        (
            refused(31337),
            Postponed("unknown_error", timedelta(minutes=1), counted=True, said=Said(code=31337)),
        ),
    ],
)
async def test_what_passes_is_asked_again(failure: Failure, ending: Postponed) -> None:
    """A question changes nothing, so it is never unclear: it is put again, and not answered yet."""
    it = lookup()
    it.graph.profile = failure

    assert ending == await ends(it)
    assert [] == answers(it)


async def test_an_error_nobody_knows_is_answered_in_the_end() -> None:
    """A question that Meta refuses twice in words we do not know is answered as refused."""
    it = lookup(attempts=2)
    it.graph.profile = refused(31337)

    await ends(it)

    assert ["refused"] == [answer.because for answer in answers(it)]


@pytest.mark.parametrize("about", ["follower", "posts"])
async def test_a_lookup_too_late_is_answered(about: str) -> None:
    """Its time is over: nobody is asked, and the event is told so."""
    it = lookup(about, deadline=NOON)

    assert Late("deadline_passed") == await ends(it)
    assert ["too_late"] == [answer.because for answer in answers(it)]
    assert [] == it.graph.asked


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "reconnect_needed"}, "account_reconnect_needed"),
        ({"held_until": NOON + HOUR, "hold_reason": "policy_block"}, "policy_block"),
    ],
)
async def test_a_lookup_waits_for_its_account(fields: dict[str, Any], reason: str) -> None:
    """Nothing is asked of Meta for an account that is held, or has no token."""
    it = lookup(**fields)

    assert reason == (await ends(it)).reason
    assert [] == it.graph.asked


async def test_a_lookup_is_not_stopped_by_a_human_or_an_opt_out() -> None:
    """It says nothing to anybody; what comes of it is decided by the one who asked."""
    it = lookup(opted_out_at=NOON, paused_until=NOON + HOUR)

    assert Delivered() == await ends(it)


async def test_an_answer_nobody_could_store_is_looked_up_again() -> None:
    """SQS away: the row is not done, and comes back."""
    it = lookup()
    it.classified.failure = Unavailable("SQS")

    assert Postponed("unavailable", timedelta(seconds=15)) == await ends(it)


async def test_a_lookup_without_a_token_waits_for_one() -> None:
    """The owner connects again, and the question is put then."""
    it = lookup()
    it.tokens.failure = TokenMissing("none")

    assert Postponed("token_missing", timedelta(), reconnect=True) == await ends(it)


async def test_a_lookup_heeds_what_meta_says_of_the_budget() -> None:
    """A read counts in Meta's budget as a send does."""
    it = lookup()
    it.graph.profile = replace(FOLLOWER, said=Said(usage=Usage(96)))

    await ends(it)

    assert [("heed", 0.1, timedelta(minutes=1))] == it.limits.told


@pytest.mark.parametrize("content", [{}, {"about": "weather"}, {"about": "posts", "event": {}}])
async def test_a_lookup_nobody_can_read(content: dict[str, Any]) -> None:
    """What says nothing we know is refused, not tried for ever."""
    assert Never("content_unreadable") == await ends(lookup(content=content))


async def test_a_timer_becomes_an_event() -> None:
    """What was to wait goes on: the event names the timer, and whose flow at which step it is."""
    it = timer()

    assert Delivered() == await ends(it)
    (event,) = [INBOUND_EVENT.validate_json(one.body) for one in it.events.published]
    expected = FlowDue(
        account_id=DUE.account_id,
        occurred_at=NOON,
        received_at=NOON,
        trace_id=TRACE,
        person_id=PERSON,
        delivery_id=ID,
        campaign_id=UUID(int=2),
        campaign_version=1,
        step=3,
    )
    assert expected == event
    assert ["claim", "events", "record"] == it.order


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "disconnected"},
        {"held_until": NOON + HOUR},
        {"opted_out_at": NOON},
        {"paused_until": NOON + HOUR},
        {"deadline": NOON},
    ],
)
async def test_a_timer_goes_off_whatever_else_is_true(fields: dict[str, Any]) -> None:
    """It asks nothing of Meta, and what may be said then is decided then."""
    it = timer(**fields)
    it.tokens.failure = TokenMissing("none")
    it.limits.failure = Unavailable("Redis")

    assert Delivered() == await ends(it)


async def test_a_timer_that_nobody_heard_goes_off_again() -> None:
    """SQS away: the row comes back, and the event is the same one."""
    it = timer()
    it.events.failure = Unavailable("SQS")

    assert Postponed("unavailable", timedelta(seconds=15)) == await ends(it)


@pytest.mark.parametrize("fields", [{"step": "timer"}, {"person_id": None}])
async def test_a_timer_of_nothing(fields: dict[str, Any]) -> None:
    """A timer without a step or a person is refused."""
    assert Never("content_unreadable") == await ends(timer(**fields))


async def test_a_webhook_is_told_once() -> None:
    """The owner's server hears it under the delivery's id, signed with the account's secret."""
    it = webhook()

    assert Delivered() == await ends(it)
    hook = Hook(str(ID), "https://a.example/hook", b'{"type":"lead","n":1}')
    assert [(hook, SECRET, NOON)] == it.hooks.told
    assert ["claim", "reserve", "call", "record"] == it.order


def waits(attempts: int) -> timedelta:
    """How long after a failed try the next one is made."""
    seconds = (5, 30, 120, 600, 1800, 7200, 18_000)
    return timedelta(seconds=seconds[attempts - 1])


@pytest.mark.parametrize("attempts", range(1, MOST_TRIES))
async def test_a_receiver_that_is_away_is_told_later(attempts: int) -> None:
    """Each try that comes to nothing is followed by a longer wait, and counts."""
    it = webhook(attempts=attempts, deadline=NOON + timedelta(days=2))
    it.hooks.failure = HookFailed("HTTP 503")

    assert Postponed("webhook_failed", waits(attempts), counted=True) == await ends(it)


@pytest.mark.parametrize(
    "fields",
    [
        {"attempts": MOST_TRIES},
        {"attempts": MOST_TRIES + 1},
        {"attempts": 5, "deadline": NOON + timedelta(minutes=30)},
    ],
)
async def test_a_receiver_that_stays_away_is_given_up(fields: dict[str, Any]) -> None:
    """After the last try, or when the next would come too late, it is over."""
    it = webhook(**fields)
    it.hooks.failure = HookFailed("HTTP 503")

    assert Never("webhook_failed") == await ends(it)


async def test_a_receiver_may_ask_for_a_longer_wait() -> None:
    """What `Retry-After` says counts if it is longer."""
    it = webhook()
    it.hooks.failure = HookFailed("HTTP 429", after_s=90)

    assert Postponed("webhook_failed", timedelta(seconds=90), counted=True) == await ends(it)


@pytest.mark.parametrize(
    ("failure", "ending"),
    [
        (HookRefused("HTTP 410"), Never("webhook_refused")),
        (HookForbidden("http"), Never("webhook_address_forbidden")),
    ],
)
async def test_a_receiver_that_wants_nothing_is_left_alone(failure: Failure, ending: Never) -> None:
    """A no is a no, and so is an address that is never called."""
    it = webhook()
    it.hooks.failure = failure

    assert ending == await ends(it)


async def test_a_webhook_waits_its_turn() -> None:
    """Our own limit delays it, without counting a try."""
    it = webhook()
    it.limits.failure = Limited("limit_webhooks", after_s=3)

    assert Postponed("limit_webhooks", timedelta(seconds=3)) == await ends(it)
    assert [] == it.hooks.told


async def test_a_webhook_is_over_in_time() -> None:
    """News that is too old is not told."""
    assert Late("deadline_passed") == await ends(webhook(deadline=NOON))


@pytest.mark.parametrize(
    "content", [{}, {"url": "https://a.example"}, {"url": 7, "body": {}}, {"body": {}}]
)
async def test_a_webhook_to_nowhere(content: dict[str, Any]) -> None:
    """Without an address or something to say it is refused."""
    assert Never("content_unreadable") == await ends(webhook(content=content))


async def test_a_webhook_is_not_metas_business() -> None:
    """A held, disconnected or taken-over account tells its owner's server all the same."""
    it = webhook(
        status="disconnected",
        held_until=NOON + HOUR,
        opted_out_at=NOON,
        paused_until=NOON + HOUR,
    )

    assert Delivered() == await ends(it)
