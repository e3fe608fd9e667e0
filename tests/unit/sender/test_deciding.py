"""Whether a delivery may go, in which limits it takes its turn, and what it says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sender.composing import Private, Public, Tracking, compose
from services.sender.endings import Late, Postponed
from services.sender.obstacles import obstacle
from services.sender.pacing import buckets, ceiling
from switchboard.contracts import AccountId, DeliveryId
from switchboard.graph import NotSendable
from tests.unit.sender.builders import ACCOUNT, COMMENT, NOON, PERSON, claimed

BUDGET, MARGIN = timedelta(seconds=10), timedelta(minutes=5)


def blocked(**fields: Any) -> Late | Postponed | None:
    """What stands in the way at noon."""
    return obstacle(claimed(**fields), now=NOON, call_budget=BUDGET, margin=MARGIN)


@pytest.mark.parametrize(
    ("left", "ending"),
    [
        (timedelta(days=7), None),
        (MARGIN + BUDGET + timedelta(milliseconds=1), None),
        (MARGIN + BUDGET, Late("deadline_passed")),
        (timedelta(), Late("deadline_passed")),
        (timedelta(days=-1), Late("deadline_passed")),
    ],
)
def test_the_deadline_has_a_margin(left: timedelta, ending: Late | None) -> None:
    """A window that closes during the call, or within the margin after it, is closed."""
    assert ending == blocked(deadline=NOON + left)


@pytest.mark.parametrize("status", ["reconnect_needed", "disconnected"])
def test_an_account_without_a_token_waits(status: str) -> None:
    """Nothing is tried with a token known to be dead."""
    assert Postponed(f"account_{status}", timedelta()) == blocked(status=status)


@pytest.mark.parametrize(
    ("held_until", "ending"),
    [
        (None, None),
        (NOON, None),
        (NOON + timedelta(hours=1), Postponed("policy_block", timedelta(hours=1))),
    ],
)
def test_a_held_account_waits_until_then(
    held_until: datetime | None, ending: Postponed | None
) -> None:
    """A hold that is over is no hold."""
    assert ending == blocked(held_until=held_until, hold_reason="policy_block")


def test_late_is_late_though_held() -> None:
    """A held delivery whose time is over is told so, not parked for ever."""
    ending = blocked(deadline=NOON, held_until=NOON + timedelta(hours=1))

    assert Late("deadline_passed") == ending


@given(most=st.integers(1, 100_000), share=st.integers(2, 50))
def test_a_ceiling_is_never_exceeded(most: int, share: int) -> None:
    """Whatever an account may do, burst and refill of its bucket add up to no more, in any hour."""
    hour = timedelta(hours=1)
    bucket = ceiling(most, hour, share=share)

    refilled = (hour // timedelta(microseconds=1)) // bucket.interval_us
    assert bucket.burst + refilled <= most
    assert bucket.burst >= 1


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("message", ["sends", "person"]),
        ("private_reply", ["sends", "person", "private_replies"]),
        ("public_reply", ["public_replies"]),
    ],
)
def test_each_kind_takes_its_turns(kind: str, names: list[str]) -> None:
    """Only private replies count against the hour; public replies are not messages."""
    assert names == [bucket.name for bucket in buckets(claimed(kind=kind))]


def test_only_the_long_window_is_recalled() -> None:
    """What an hour has seen must survive an emptied Redis; a second need not."""
    taken = buckets(claimed(kind="private_reply"))

    assert ["private_replies"] == [bucket.name for bucket in taken if bucket.recalled]
    assert all(b.recalled or b.ceiling.most + b.ceiling.burst <= 100 for b in taken)


class FakeCodes:
    """Codes a reader can read."""

    def code(self, delivery_id: DeliveryId, account_id: AccountId, url: str) -> str:
        return f"{delivery_id.int}.{account_id}.{len(url)}"


BUTTON = {"title": "Open shop", "url": "https://shop.example/hat"}


def test_links_lead_through_us() -> None:
    """A tracked link names the delivery and the account; the page itself is behind it."""
    tracking = Tracking(FakeCodes(), "https://go.example")
    said = compose(claimed(content={"text": "Here", "button": BUTTON}), tracking)

    assert isinstance(said, Private)
    (button,) = said.message.body["message"]["attachment"]["payload"]["buttons"]
    assert f"https://go.example/l/7.{ACCOUNT}.24" == button["url"]


def test_links_are_left_alone_when_nobody_counts() -> None:
    """Without an address of our own the owner's link is sent as it is."""
    said = compose(claimed(content={"text": "Here", "button": BUTTON}), None)

    assert isinstance(said, Private)
    (button,) = said.message.body["message"]["attachment"]["payload"]["buttons"]
    assert "https://shop.example/hat" == button["url"]


def test_each_kind_has_its_addressee() -> None:
    """A message goes to the person, a private reply to the comment, a public one under it."""
    message, private, public = (
        compose(claimed(kind=kind), None) for kind in ("message", "private_reply", "public_reply")
    )

    assert isinstance(message, Private)
    assert {"id": PERSON} == message.message.body["recipient"]
    assert isinstance(private, Private)
    assert {"comment_id": COMMENT} == private.message.body["recipient"]
    assert Public(COMMENT, "Hello") == public


@pytest.mark.parametrize(
    "fields",
    [
        {"content": {}},
        {"content": {"text": ""}},
        {"content": {"text": "x" * 1001}},
        {"content": {"text": "Hi", "button": {"title": "x" * 21, "url": "https://a.example"}}},
        {"content": {"text": "x" * 641, "button": BUTTON}},
        {"content": {"text": "Hi", "quick_replies": []}},
        {"kind": "public_reply", "content": {"text": "Hi", "button": BUTTON}},
        {"kind": "message", "person_id": None},
        {"kind": "private_reply", "comment_id": None},
    ],
)
def test_what_cannot_be_said_is_refused_here(fields: dict[str, Any]) -> None:
    """Content we do not know, or Meta would not take, costs no call, and is not quoted."""
    with pytest.raises(NotSendable) as caught:
        compose(claimed(**fields), None)

    assert "xxx" not in str(caught.value)
