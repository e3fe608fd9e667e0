"""The names of happenings: the same for every report of one, different for different ones."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from switchboard.contracts import (
    CampaignId,
    Contract,
    Event,
    MessageId,
    PostbackTapped,
    Reacted,
    TraceId,
)
from switchboard.contracts import ids as derived
from tests.contracts.samples import (
    COMMENT_WRITTEN,
    MID,
    OCCURRED,
    RECEIVED,
    SAMPLES,
    kind_of,
)

EVENTS = {kind_of(one): one for one in SAMPLES if isinstance(one, Event)}
ACCOUNT = "17841400000000123"
PERSON = "987654321098765432109"
MILLIS = 1_793_611_815_250

IDENTITIES = {
    "comment.v1": f"c:{ACCOUNT}:17858893269000001",
    "live_comment.v1": f"c:{ACCOUNT}:17858893269000001",
    "mention.v1": f"mn:{ACCOUNT}:17920000000000042:17858893269000001",
    "message.v1": f"m:{ACCOUNT}:{MID}",
    "story_reply.v1": f"m:{ACCOUNT}:{MID}",
    "story_mention.v1": f"m:{ACCOUNT}:{MID}",
    "quick_reply.v1": f"m:{ACCOUNT}:{MID}",
    "postback.v1": f"p:{ACCOUNT}:{MID}",
    "referral.v1": f"f:{ACCOUNT}:{PERSON}:{MILLIS}:spring-sale",
    "reaction.v1": f"r:{ACCOUNT}:{MID}:{PERSON}:react:❤️:{MILLIS}",
    "seen.v1": f"s:{ACCOUNT}:{PERSON}:{MID}",
    "edited.v1": f"ed:{ACCOUNT}:{MID}:2",
    "deleted.v1": f"d:{ACCOUNT}:{MID}",
    "echo.v1": f"e:{ACCOUNT}:{MID}",
    "thread_control.v1": f"t:{ACCOUNT}:{PERSON}:{MILLIS}:pass",
    "optin.v1": f"o:{ACCOUNT}:{PERSON}:{MILLIS}:notification_messages:news",
    "link_clicked.v1": f"l:{ACCOUNT}:018f7d9e-6c1a-7000-8000-000000000001",
    "flow_due.v1": f"w:{ACCOUNT}:3d5c1f5e-3a77-5d0c-9d35-000000000003",
    "not_understood.v1": f"u:{ACCOUNT}:73e65dbe7a524201829db94477a66e2b",
    "unreadable.v1": "x:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08:1",
}


def again(event: Event) -> Event:
    """Return another report of the same happening: later, by another webhook."""
    return event.model_copy(
        update={"received_at": RECEIVED + timedelta(hours=3), "trace_id": TraceId("f" * 32)}
    )


@pytest.mark.parametrize("kind", EVENTS)
def test_identity(kind: str) -> None:
    """Each kind is named by what Meta keeps unique about it. These names never change."""
    assert IDENTITIES[kind] == EVENTS[kind].identity()


@pytest.mark.parametrize("kind", EVENTS)
def test_another_report_is_the_same_event(kind: str) -> None:
    """When it arrived, and in which webhook, says nothing about what happened."""
    assert EVENTS[kind].event_id == again(EVENTS[kind]).event_id


@pytest.mark.parametrize("kind", sorted(set(EVENTS) - {"unreadable.v1"}))
def test_accounts_do_not_meet(kind: str) -> None:
    """The same ids under another account are another event."""
    elsewhere = EVENTS[kind].model_copy(update={"account_id": "17841400000000999"})

    assert EVENTS[kind].event_id != elsewhere.event_id


def test_what_shares_a_mid_does_not_collide() -> None:
    """A message, its echo, edit, deletion, reading, reaction and tap are seven happenings."""
    sharing = ("message", "echo", "edited", "deleted", "seen", "reaction", "postback")

    assert 7 == len({EVENTS[f"{kind}.v1"].event_id for kind in sharing})


def test_an_id_is_what_it_was_when_the_first_was_written() -> None:
    """The root of derived ids never changes, or a repeated comment would be answered again."""
    assert UUID("2d6610e7-05b7-5277-880d-f18b89c5d90d") == COMMENT_WRITTEN.event_id


def test_a_delivery_is_named_by_event_campaign_and_step() -> None:
    """Deciding twice names the same row; another step names another."""
    campaign = CampaignId(UUID(int=7))
    first = derived.delivery_id(COMMENT_WRITTEN.event_id, campaign, "0")

    assert first == derived.delivery_id(COMMENT_WRITTEN.event_id, campaign, "0")
    assert first != derived.delivery_id(COMMENT_WRITTEN.event_id, campaign, "1")
    assert first != derived.delivery_id(COMMENT_WRITTEN.event_id, CampaignId(UUID(int=8)), "0")


def test_an_ice_breaker_without_mid_is_named_by_who_when_and_what() -> None:
    """Meta sends no `mid` for it; another moment or another button is another tap."""
    with_mid = EVENTS["postback.v1"]
    assert isinstance(with_mid, PostbackTapped)
    tap = with_mid.model_copy(update={"message_id": None})
    later = tap.model_copy(update={"occurred_at": OCCURRED + timedelta(milliseconds=1)})
    other = tap.model_copy(update={"payload": "flow:7:other"})

    assert tap.event_id == again(tap).event_id
    assert 3 == len({tap.event_id, later.event_id, other.event_id})


def test_a_reaction_put_taken_and_put_again_is_three_events() -> None:
    """Otherwise the third would be taken for a repeat of the first."""
    put = EVENTS["reaction.v1"]
    assert isinstance(put, Reacted)
    taken = put.model_copy(update={"action": "unreact"})
    put_again = put.model_copy(update={"occurred_at": OCCURRED + timedelta(seconds=5)})

    assert 3 == len({put.event_id, taken.event_id, put_again.event_id})


@pytest.mark.parametrize(
    ("kind", "person"),
    [
        ("comment.v1", PERSON),
        ("live_comment.v1", None),  # the sample is the account's own comment
        ("mention.v1", None),
        ("message.v1", PERSON),
        ("echo.v1", PERSON),
        ("link_clicked.v1", None),
        ("unreadable.v1", None),
    ],
)
def test_the_person_on_the_other_side(kind: str, person: str | None) -> None:
    """Who may be answered; never the account itself."""
    assert person == EVENTS[kind].person


def test_windows_count_from_the_earlier_clock() -> None:
    """A window may be thought to close too soon, never too late."""
    ahead = COMMENT_WRITTEN.model_copy(update={"occurred_at": RECEIVED + timedelta(minutes=5)})

    assert OCCURRED == COMMENT_WRITTEN.began_at
    assert RECEIVED == ahead.began_at


def test_a_question_and_its_answer_name_the_events_account_and_trace() -> None:
    """They travel in the account's group and under the webhook's trace."""
    asked = [one for one in SAMPLES if kind_of(one) in {"question.v1", "answer.v1"}]

    assert [(ACCOUNT, COMMENT_WRITTEN.trace_id)] * 2 == [_whose(one) for one in asked]


def _whose(contract: Contract) -> tuple[str, str]:
    return getattr(contract, "account_id"), getattr(contract, "trace_id")  # noqa: B009  on both


def test_ids_longer_than_a_double_survive() -> None:
    """Meta's ids exceed 2^53; as text they keep every digit."""
    assert f'"{PERSON}"' in COMMENT_WRITTEN.to_json()
    assert int(PERSON) > 2**53
    assert isinstance(MID, str)
    assert MessageId(MID) == MID
