"""Whether a delivery may go, in which limits it takes its turn, and what it says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sender.composing import Private, Public, Tracking, compose, lacks_name
from services.sender.endings import Late, Never, Postponed
from services.sender.obstacles import obstacle
from services.sender.pacing import UPLOAD, buckets, calls_meta
from switchboard.contracts import AccountId, DeliveryId
from switchboard.graph import NotSendable
from switchboard.rules.ceilings import ceiling, private_replies, sends
from switchboard.rules.sentences import REASONS
from switchboard.state import Bucket
from tests.unit.sender.builders import ACCOUNT, COMMENT, NOON, PERSON, claimed

BUDGET, MARGIN = timedelta(seconds=10), timedelta(minutes=5)


def blocked(**fields: Any) -> Never | Late | Postponed | None:
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
        (NOON + timedelta(hours=1), Postponed("policy_block", timedelta())),
    ],
)
def test_a_held_account_waits_until_it_is_let(
    held_until: datetime | None, ending: Postponed | None
) -> None:
    """A hold that is over is no hold; one that is not may end sooner than it says now."""
    assert ending == blocked(held_until=held_until, hold_reason="policy_block")


def test_nothing_overtakes_an_earlier_message() -> None:
    """What is behind another to the same person comes back in a moment; unwanted is unwanted."""
    moment = timedelta(seconds=1)

    assert Postponed("conversation_order", moment) == blocked(behind=True)
    assert Never("opted_out") == blocked(behind=True, opted_out_at=NOON)


def test_late_is_late_though_held() -> None:
    """A held delivery whose time is over is told so, not parked for ever."""
    ending = blocked(deadline=NOON, held_until=NOON + timedelta(hours=1))

    assert Late("deadline_passed") == ending


def test_a_paused_account_waits_until_its_owner_wants_it_to_speak() -> None:
    """What is queued is not lost by a pause, nor said during it; the pause may end sooner."""
    pause = NOON + timedelta(minutes=5)

    assert Postponed("account_paused", timedelta()) == blocked(account_paused_until=pause)
    assert blocked(account_paused_until=NOON) is None


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("kind", ["message", "private_reply", "public_reply"])
@pytest.mark.parametrize(
    ("fields", "ending"),
    [
        ({"opted_out_at": NOON}, Never("opted_out")),
        ({"paused_until": NOON + HOUR}, Never("taken_over")),
        ({"paused_until": NOON + HOUR, "paused_by": UUID(int=9)}, Never("taken_over")),
        ({"paused_until": NOON + HOUR, "paused_by": UUID(int=1)}, None),  # this very event
        ({"paused_until": NOON, "paused_by": UUID(int=9)}, None),
        ({"opted_out_at": NOON, "status": "disconnected"}, Never("opted_out")),
    ],
)
def test_who_is_not_to_be_written_to(
    kind: str, fields: dict[str, Any], ending: Never | None
) -> None:
    """Who said stop, or is talking to a human, hears nothing; but what began the pause goes out."""
    assert ending == blocked(kind=kind, event_id=UUID(int=1), **fields)


@pytest.mark.parametrize(
    ("kind", "closes", "ending"),
    [
        ("message", None, Late("deadline_passed")),
        ("message", NOON - HOUR, Late("deadline_passed")),
        ("message", NOON + MARGIN, Late("deadline_passed")),
        ("message", NOON + HOUR, None),
        ("private_reply", NOON + HOUR, Late("deadline_passed")),
    ],
)
def test_a_window_that_moved_on(kind: str, closes: datetime | None, ending: Late | None) -> None:
    """Who wrote again may be written to for longer; a comment's days do not move with it."""
    assert ending == blocked(kind=kind, deadline=NOON, window_closes_at=closes)


def test_a_window_never_closes_before_the_deadline() -> None:
    """A window known from longer ago takes nothing away."""
    assert blocked(deadline=NOON + HOUR, window_closes_at=NOON - HOUR) is None


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
        ("lookup", ["lookups"]),
        ("webhook", ["webhooks"]),
        ("timer", []),
    ],
)
def test_each_kind_takes_its_turns(kind: str, names: list[str]) -> None:
    """Only private replies count against the hour; public replies are not messages."""
    assert names == [bucket.name for bucket in buckets(claimed(kind=kind))]


def _of_a_broadcast() -> list[Bucket]:
    return buckets(claimed(kind="private_reply", lane="live"))


def test_an_answer_to_a_broadcast_has_a_lane_of_its_own() -> None:
    """Meta counts answers to a broadcast's comments by the second, not by the hour."""
    taken = _of_a_broadcast()

    assert ["sends", "person", "live_replies"] == [bucket.name for bucket in taken]


@pytest.mark.parametrize(
    ("kind", "counts"), [("audio", True), ("video", True), ("image", False), ("file", False)]
)
def test_what_plays_is_limited_more_narrowly(kind: str, counts: bool) -> None:  # noqa: FBT001  a table's column
    """Meta takes ten a second of audio and video, also if Redis grants a burst again."""
    media = {"kind": kind, "url": "https://shop.example/hat"}
    taken = buckets(claimed(content={"media": media}))

    found = [bucket.ceiling for bucket in taken if bucket.name == "media"]
    assert counts is bool(found)
    assert all(one.most + one.burst <= 10 for one in found)


@given(allowed=st.integers(2, 100_000))
def test_private_replies_stay_under_metas_hour(allowed: int) -> None:
    """What an account may send is never over 720, and 750 even if a burst is granted twice."""
    bucket = private_replies(allowed)

    assert bucket.most <= min(allowed, 720)
    assert bucket.most + bucket.burst <= 750


@given(allowed=st.integers(2, 100))
def test_sends_stay_under_metas_second(allowed: int) -> None:
    """No account sends more than Meta's 100 a second, even if a burst is granted twice."""
    bucket = sends(allowed)

    assert bucket.most <= min(allowed, 80)
    assert bucket.most + bucket.burst <= 100


@pytest.mark.parametrize("kind", ["message", "private_reply", "public_reply", "lookup", "webhook"])
def test_every_limit_has_its_sentence(kind: str) -> None:
    """Whoever asks why something waits is told which limit it was."""
    content = {"media": {"kind": "video", "url": "https://shop.example/hat"}}
    taken = [*buckets(claimed(kind=kind, content=content)), *_of_a_broadcast(), UPLOAD]

    assert {f"limit_{bucket.name}" for bucket in taken} <= set(REASONS)
    assert {"cooling", "app_cooling"} <= set(REASONS)


def test_only_the_long_window_is_recalled() -> None:
    """What an hour has seen must survive an emptied Redis; a second need not."""
    taken = [*buckets(claimed(kind="private_reply")), *_of_a_broadcast()]

    assert ["private_replies"] == [bucket.name for bucket in taken if bucket.recalled]
    assert all(b.recalled or b.ceiling.most + b.ceiling.burst <= 100 for b in taken)


@pytest.mark.parametrize(
    ("kind", "is_call"), [("message", True), ("lookup", True), ("webhook", False)]
)
def test_what_is_not_metas_is_not_slowed(kind: str, is_call: bool) -> None:  # noqa: FBT001  a table's column
    """Meta's limits are no reason to keep something from the owner's server."""
    assert is_call is calls_meta(claimed(kind=kind))


class FakeCodes:
    """Codes a reader can read."""

    def code(self, delivery_id: DeliveryId, account_id: AccountId, url: str) -> str:
        return f"{delivery_id.int}.{account_id}.{len(url)}"


CHIP = {"title": "Yes", "payload": "y"}
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
        {"content": {"text": "Hi", "quick_replies": [{"title": "Yes"}]}},
        {"content": {"text": "Hi", "media": {"kind": "image", "url": "https://a.example/x.png"}}},
        {"content": {"media": {"kind": "image", "url": "nowhere"}}},
        {"content": {"text": "{{email}}"}},
        {"kind": "private_reply", "content": {"media": {"kind": "post", "media_id": "1"}}},
        {"kind": "public_reply", "content": {"media": {"kind": "post", "media_id": "1"}}},
        {"kind": "public_reply", "content": {"text": "Hi", "quick_replies": [CHIP]}},
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


ANA = {"name": "Ana Lima", "username": "ana.l", "email": "ana@a.example", "phone": "+351 9"}


def text_of(**fields: Any) -> str:
    """What a delivery says in the end."""
    said = compose(claimed(**fields), None)
    text = said.text if isinstance(said, Public) else said.message.body["message"]["text"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("text", "fields", "said"),
    [
        ("Hi {{first_name}}!", ANA, "Hi Ana!"),
        ("Hi {{name|you}}!", ANA, "Hi Ana Lima!"),
        ("Hi {{first_name|you}}!", {}, "Hi you!"),
        ("Hi {{first_name|you}}!", {"name": "  "}, "Hi you!"),
        ("@{{username}}", ANA, "@ana.l"),
        ("{{email}}, {{phone}}", ANA, "ana@a.example, +351 9"),
        ("Size {{size|M}}", {"fields": {"size": "XL"}}, "Size XL"),
        ("Size {{size|M}}", {}, "Size M"),
        ("Hi {{username}}", {"fields": {"username": "me"}} | ANA, "Hi ana.l"),
    ],
)
def test_a_text_calls_people_by_what_is_known_now(
    text: str, fields: dict[str, Any], said: str
) -> None:
    """Variables become what is known when it is sent, or their fallback."""
    assert said == text_of(content={"text": text}, **fields)


def test_what_deciding_knew_is_said() -> None:
    """The keyword that matched is only known from the decision, and is in the content."""
    content = {"text": "You wrote {{keyword}}, {{username}}", "values": {"keyword": "LINK"}}

    assert "You wrote LINK, ana.l" == text_of(content=content, **ANA)


def test_nothing_private_is_said_in_public() -> None:
    """Under a comment, for all to see, nothing is told that the person told us in private."""
    content = {
        "text": "{{username}}: {{email|-}} {{size|-}} {{keyword}}",
        "values": {"keyword": "k"},
    }
    text = text_of(kind="public_reply", content=content, **ANA, fields={"size": "XL"})

    assert "ana.l: - - k" == text


def test_a_variable_is_not_read_twice() -> None:
    """Somebody who calls themselves a variable is not replaced by one."""
    assert "Hi {{email}}" == text_of(content={"text": "Hi {{name}}"}, **ANA | {"name": "{{email}}"})


@pytest.mark.parametrize(
    ("fields", "lacks"),
    [
        ({"content": {"text": "Hi {{first_name}}"}}, True),
        ({"content": {"text": "Hi {{name|you}}"}}, True),
        ({"content": {"text": "Hi {{name}}"}, "name": "Ana"}, False),
        ({"content": {"text": "Hi {{username}}"}}, False),
        ({"content": {"text": "Hi name"}}, False),
        ({"content": {"text": "Hi {{name}}"}, "kind": "private_reply"}, False),
        ({"content": {"media": {"kind": "post", "media_id": "1"}}}, False),
        ({"content": {"text": 7}}, False),
    ],
)
def test_whose_name_is_missing(fields: dict[str, Any], lacks: bool) -> None:  # noqa: FBT001  a table's column
    """Meta is asked only for a name that is said, to somebody who wrote to us."""
    assert lacks is lacks_name(claimed(**fields))


def test_only_links_lead_through_us() -> None:
    """A tap on another button goes to Meta, with its payload as it is."""
    postback = {"kind": "postback", "title": "More", "payload": "sb1:x"}
    link = {"kind": "link", **BUTTON}
    tracking = Tracking(FakeCodes(), "https://go.example")
    said = compose(claimed(content={"text": "Hi", "buttons": [postback, link]}), tracking)

    assert isinstance(said, Private)
    more, shop = said.message.body["message"]["attachment"]["payload"]["buttons"]
    assert {"type": "postback", "title": "More", "payload": "sb1:x"} == more
    assert shop["url"].startswith("https://go.example/l/")
