"""One update in, one event out: every shape Meta is known to send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingress.envelope import unfold
from services.ingress.normalise import normalise
from switchboard.contracts import InboundEvent, TraceId
from tests.unit.ingress.bodies import (
    FAN,
    SENT_MS,
    SHOP,
    change,
    comment,
    entry,
    envelope,
    item,
    message,
    wire,
)

NOW = datetime(2025, 11, 1, 12, 30, tzinfo=UTC)
TRACE = TraceId("a" * 32)
SENT_AT = datetime.fromtimestamp(SENT_MS / 1000, UTC)
CDN = "https://cdn.example/ig_messaging_cdn/?asset_id=5&signature=q"
MENTION = {"type": "story_mention", "payload": {"url": CDN}}
FROM_SHOP = {"sender": {"id": SHOP}, "recipient": {"id": FAN}}

# What every event of a conversation says, and what a message says besides.
PERSONS = {"sender_id": FAN}
MESSAGES = PERSONS | {
    "message_id": "aWdfmid1",
    "attachments": [],
    "unsupported": False,
    "self_message": False,
}
COMMENTS = {
    "comment_id": "17955500000000021",
    "author_id": FAN,
    "author_username": "fan.of.shoes",
    "own": False,
    "text": "Send me the LINK",
    "media_id": "18055500000000031",
    "media_product_type": "REELS",
}


def happened(**fields: Any) -> InboundEvent:
    """Return the one event of an entry with these fields."""
    (update,) = unfold(wire(envelope(entry(**fields))))
    return normalise(update, received_at=NOW, trace_id=TRACE)


def said(event: InboundEvent) -> dict[str, Any]:
    """Return what `event` says beyond what every event says."""
    common = {"account_id", "occurred_at", "received_at", "trace_id", "standby"}
    return event.model_dump(mode="json", exclude_none=True, exclude=common)


AD = {
    "id": "18055500000000099",
    "media_product_type": "AD",
    "ad_id": "120255500000000001",
    "ad_title": "Winter sale",
    "original_media_id": "18055500000000031",
}
SELF = {"id": SHOP, "username": "shoes", "self_ig_scoped_id": "5555555555555555"}

CHANGES: list[tuple[str, Any, dict[str, Any]]] = [
    ("comments", comment(), {"kind": "comment.v1"} | COMMENTS),
    ("live_comments", comment(), {"kind": "live_comment.v1"} | COMMENTS),
    (
        "comments",
        comment(parent_id="17955500000000020"),
        {"kind": "comment.v1", "parent_id": "17955500000000020"} | COMMENTS,
    ),
    (
        "comments",
        comment(media=AD),
        {"kind": "comment.v1"} | COMMENTS
        | {("media_id" if key == "id" else key): value for key, value in AD.items()},
    ),
    (
        "comments",
        comment(**{"from": SELF}),
        {"kind": "comment.v1"} | COMMENTS
        | {"own": True, "author_id": SHOP, "author_username": "shoes"},
    ),
    (
        "comments",
        comment(**{"from": {"id": FAN, "username": "fan.of.shoes", "self_ig_scoped_id": "5"}}),
        {"kind": "comment.v1", **COMMENTS, "own": True},
    ),
    (  # Facebook login's sample: another name for the id, a number, and no name of the author
        "comments",
        {"comment_id": 17955500000000021, "from": {"id": int(FAN)}, "media_id": 5, "text": "x"},
        {"kind": "comment.v1", "comment_id": "17955500000000021", "author_id": FAN, "own": False,
         "text": "x", "media_id": "5"},
    ),
    (
        "comments",
        {"id": "1", "from": {"id": FAN, "username": ["odd"]}, "media": "odd"},
        {"kind": "comment.v1", "comment_id": "1", "author_id": FAN, "own": False},
    ),
    ("mentions", {"media_id": "50"}, {"kind": "mention.v1", "media_id": "50"}),
    (
        "mentions",
        {"media_id": 50, "comment_id": 60},
        {"kind": "mention.v1", "media_id": "50", "comment_id": "60"},
    ),
    ("mentions", {"media": {"id": "50"}}, {"kind": "mention.v1", "media_id": "50"}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "expected"), CHANGES)
def test_changes(field: str, value: Any, expected: dict[str, Any]) -> None:
    """Every shape of a comment or a mention says the same thing in our words."""
    assert expected == said(happened(changes=[change(field, value)]))


def attached(*attachments: Any, **fields: Any) -> dict[str, Any]:
    return message(attachments=list(attachments), **fields)


ITEMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("messages", message(text="price?"), {"kind": "message.v1", **MESSAGES, "text": "price?"}),
    (
        "messages",
        message(text="yes", reply_to={"mid": "aWdfmid0"}),
        {"kind": "message.v1", **MESSAGES, "text": "yes", "reply_to": "aWdfmid0"},
    ),
    (
        "messages",
        message(text="cut \ud83d"),
        {"kind": "message.v1", **MESSAGES, "text": "cut \ufffd"},
    ),
    (
        "messages",
        message(is_unsupported=True),
        {"kind": "message.v1", **MESSAGES, "unsupported": True},
    ),
    (
        "messages",
        attached({"type": "image", "payload": {"url": CDN}}, {"type": "audio", "payload": {}}),
        {"kind": "message.v1", **MESSAGES,
         "attachments": [{"type": "image", "url": CDN}, {"type": "audio"}]},
    ),
    (
        "messages",
        attached({"type": "ephemeral"}, {"type": "hologram", "payload": {"depth": 3}}, "odd", None),
        {"kind": "message.v1", **MESSAGES,
         "attachments": [{"type": "ephemeral"}, {"type": "hologram"},
                         {"type": "unknown"}, {"type": "unknown"}]},
    ),
    (
        "messages",
        message(attachments={"type": "file", "payload": {"url": CDN}}),
        {"kind": "message.v1", **MESSAGES, "attachments": [{"type": "file", "url": CDN}]},
    ),
    (  # one share of one post, told twice
        "messages",
        attached(
            {"type": "share", "payload": {"ig_post_media_id": "31", "title": "T", "url": CDN}},
            {"type": "ig_post", "payload": {"ig_post_media_id": 31, "title": "T", "url": CDN}},
        ),
        {"kind": "message.v1", **MESSAGES,
         "attachments": [{"type": "ig_post", "media_id": "31", "title": "T", "url": CDN}]},
    ),
    (  # two posts, each told once
        "messages",
        attached(
            {"type": "share", "payload": {"ig_post_media_id": "30"}},
            {"type": "ig_post", "payload": {"ig_post_media_id": "31"}},
        ),
        {"kind": "message.v1", **MESSAGES,
         "attachments": [{"type": "share", "media_id": "30"},
                         {"type": "ig_post", "media_id": "31"}]},
    ),
    (
        "messages",
        attached(
            {"type": "ig_reel", "payload": {"reel_video_id": "32", "title": "R", "url": CDN}},
            {"type": "ig_story", "payload": {"story_media_id": "33", "url": CDN}},
        ),
        {"kind": "message.v1", **MESSAGES,
         "attachments": [{"type": "ig_reel", "media_id": "32", "title": "R", "url": CDN},
                         {"type": "ig_story", "media_id": "33", "url": CDN}]},
    ),
    (
        "messages",
        attached(MENTION),
        {"kind": "story_mention.v1", **MESSAGES, "story_url": CDN,
         "attachments": [{"type": "story_mention", "url": CDN}]},
    ),
    (
        "messages",
        message(text="LINK", reply_to={"story": {"id": "70", "url": CDN,
                                                 "link_sticker_url": "https://shop.example"}}),
        {"kind": "story_reply.v1", **MESSAGES, "text": "LINK", "story_id": "70", "story_url": CDN,
         "link_sticker_url": "https://shop.example"},
    ),
    (
        "messages",
        message(text="❤️", reply_to={"story": {"url": CDN}}),
        {"kind": "story_reply.v1", **MESSAGES, "text": "❤️", "story_url": CDN},
    ),
    (
        "messages",
        message(text="Yes please", quick_reply={"payload": "FLOW:7:YES"}),
        {"kind": "quick_reply.v1", **MESSAGES, "text": "Yes please", "payload": "FLOW:7:YES"},
    ),
    (
        "messages",
        message(text="odd chip", quick_reply={"title": "no payload"}),
        {"kind": "message.v1", **MESSAGES, "text": "odd chip"},
    ),
    (
        "messages",
        message(text="Hi", referral={"ref": "summer", "ad_id": 12, "source": "ADS",
                                     "type": "OPEN_THREAD",
                                     "ads_context_data": {"ad_title": "Winter sale"}}),
        {"kind": "message.v1", **MESSAGES, "text": "Hi",
         "referral": {"ref": "summer", "ad_id": "12", "source": "ADS", "type": "OPEN_THREAD",
                      "ad_title": "Winter sale"}},
    ),
    (
        "messages",
        message(text="Hi") | {"referral": {"ref": "beside"}},
        {"kind": "message.v1", **MESSAGES, "text": "Hi", "referral": {"ref": "beside"}},
    ),
    (
        "messages",
        message(text="me") | {"is_self": True},
        {"kind": "message.v1", **MESSAGES, "text": "me", "self_message": True},
    ),
    (
        "messages",
        message(text="Here you go", is_echo=True, app_id=77, metadata="m") | FROM_SHOP,
        {"kind": "echo.v1", "recipient_id": FAN, "message_id": "aWdfmid1", "text": "Here you go",
         "attachments": [], "self_message": False, "app_id": "77", "metadata": "m"},
    ),
    (  # no flag, but it is the account that wrote
        "message_echoes",
        message(text="by hand", reply_to={"story": {"id": "70"}}) | FROM_SHOP,
        {"kind": "echo.v1", "recipient_id": FAN, "message_id": "aWdfmid1", "text": "by hand",
         "attachments": [], "self_message": False},
    ),
    (
        "messages",
        message(text="test", is_echo=True, is_self=True)
        | {"sender": {"id": int(SHOP)}, "recipient": {"id": 5555}},
        {"kind": "echo.v1", "recipient_id": "5555", "message_id": "aWdfmid1", "text": "test",
         "attachments": [], "self_message": True},
    ),
    (
        "messages",
        message(is_deleted=True),
        {"kind": "deleted.v1", **PERSONS, "message_id": "aWdfmid1"},
    ),
    (
        "messages",
        message(is_deleted=True, is_echo=True) | FROM_SHOP,
        {"kind": "deleted.v1", "sender_id": SHOP, "message_id": "aWdfmid1"},
    ),
    (
        "message_edit",
        item(message_edit={"mid": "aWdfmid1", "text": "LINK", "num_edit": 2}),
        {"kind": "edited.v1", **PERSONS, "message_id": "aWdfmid1", "text": "LINK", "num_edit": "2"},
    ),
    (
        "messaging_postbacks",
        item(postback={"mid": "aWdfmid1", "title": "Send it", "payload": "FLOW:7:GO"}),
        {"kind": "postback.v1", **PERSONS, "message_id": "aWdfmid1", "title": "Send it",
         "payload": "FLOW:7:GO", "self_message": False},
    ),
    (  # an ice breaker, through a link
        "messaging_postbacks",
        item(postback={"payload": "", "referral": {"ref": "bio", "type": "OPEN_THREAD"}},
             is_self=True),
        {"kind": "postback.v1", **PERSONS, "payload": "", "self_message": True,
         "referral": {"ref": "bio", "type": "OPEN_THREAD"}},
    ),
    (
        "messaging_referral",
        item(referral={"ref": "X", "source": "https://ig.me/m/shoes", "type": "OPEN_THREAD"}),
        {"kind": "referral.v1", **PERSONS,
         "referral": {"ref": "X", "source": "https://ig.me/m/shoes", "type": "OPEN_THREAD"}},
    ),
    (
        "message_reactions",
        item(reaction={"mid": "aWdfmid1", "action": "react", "reaction": "love", "emoji": "❤️"}),
        {"kind": "reaction.v1", **PERSONS, "message_id": "aWdfmid1", "action": "react",
         "reaction": "love", "emoji": "❤️"},
    ),
    (
        "message_reactions",
        item(reaction={"mid": "aWdfmid1", "action": "unreact"}),
        {"kind": "reaction.v1", **PERSONS, "message_id": "aWdfmid1", "action": "unreact"},
    ),
    (
        "messaging_seen",
        item(read={"mid": "aWdfmid1"}),
        {"kind": "seen.v1", **PERSONS, "message_id": "aWdfmid1"},
    ),
    (
        "messaging_handover",
        item(pass_thread_control={"previous_owner_app_id": 111, "new_owner_app_id": "222",
                                  "metadata": "a person, please"}),
        {"kind": "thread_control.v1", **PERSONS, "action": "pass", "previous_owner_app_id": "111",
         "new_owner_app_id": "222", "metadata": "a person, please"},
    ),
    (
        "messaging_handover",
        item(take_thread_control={"previous_owner_app_id": None, "new_owner_app_id": "222"}),
        {"kind": "thread_control.v1", **PERSONS, "action": "take", "new_owner_app_id": "222"},
    ),
    (
        "messaging_handover",
        item(request_thread_control={"requested_owner_app_id": "333"}),
        {"kind": "thread_control.v1", **PERSONS, "action": "request", "new_owner_app_id": "333"},
    ),
    (
        "messaging_handover",
        {"recipient": {"id": FAN}, "timestamp": SENT_MS, "app_roles": {"9": ["primary_receiver"]}},
        {"kind": "thread_control.v1", **PERSONS, "action": "roles",
         "metadata": '{"9":["primary_receiver"]}'},
    ),
    (
        "messaging_optins",
        item(optin={"type": "notification_messages", "payload": "P", "title": "News"}),
        {"kind": "optin.v1", **PERSONS, "type": "notification_messages", "payload": "P",
         "raw": '{"payload":"P","title":"News","type":"notification_messages"}'},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("field", "told", "expected"), ITEMS)
def test_conversations(field: str, told: dict[str, Any], expected: dict[str, Any]) -> None:
    """An item says the same in `messaging[]`, in `standby[]` and as a change's value."""
    live = happened(messaging=[told])
    standby = happened(standby=[told])
    changed = happened(changes=[change(field, told)])

    assert [expected] * 3 == [said(live), said(standby), said(changed)]
    assert (False, True) == (live.standby, standby.standby)
    assert [SENT_AT] * 3 == [one.occurred_at for one in (live, standby, changed)]
    assert live.identity() == standby.identity() == changed.identity()


@pytest.mark.parametrize(
    ("field", "told", "what"),
    [
        ("story_insights", {"media_id": "1"}, "field:story_insights"),
        ("x" * 200, {}, "field:" + "x" * 64),
        ("comments", None, "value"),
        ("comments", [comment()], "value"),
        ("comments", {"id": "1", "text": "no author"}, "from"),
        ("comments", comment(**{"from": {"username": "no.id"}}), "id"),
        ("comments", comment(id=None), "id"),
        ("comments", comment(text=["LINK"]), "text"),
        ("mentions", {"comment_id": "1"}, "media_id"),
        ("messages", None, "item"),
        ("messages", "hi", "item"),
        ("messages", {}, "item:"),
        ("messages", item(delivery={"mids": []}), "item:"),
        ("messages", item(message="hi"), "message"),
        ("messages", item(message={"text": "no mid"}), "mid"),
        ("messages", message(text=5), "text"),
        ("messages", message(text="x") | {"sender": {}}, "id"),
        ("messages", message(text="x") | {"sender": FAN}, "id"),
        ("messages", message(is_echo=True) | {"recipient": None}, "id"),
        ("messages", message(text="x") | {"postback": {"payload": "P"}}, "item:message+postback"),
        ("messaging_postbacks", item(postback={"title": "no payload"}), "payload"),
        ("messaging_postbacks", item(postback={"payload": 5}), "payload"),
        ("messaging_referral", item(referral="X"), "referral"),
        ("message_reactions", item(reaction={"mid": "m"}), "action"),
        ("messaging_seen", item(read={"watermark": 5}), "mid"),
        ("message_edit", item(message_edit={"mid": "m", "text": "x"}), "num_edit"),
        ("messaging_handover", item(pass_thread_control="x"), "pass_thread_control"),
        ("messaging_optins", item(optin=True), "optin"),
    ],
)
def test_what_is_not_understood_is_kept(field: str, told: Any, what: str) -> None:
    """An unknown field, kind or shape is kept whole, with the name of what we did not know."""
    event = happened(changes=[change(field, told)])

    assert said(event) == {
        "kind": "not_understood.v1",
        "what": what,
        "raw": wire(dict(sorted(change(field, _sorted(told)).items()))).decode(),
    }
    assert event.account_id == SHOP


@pytest.mark.parametrize(
    "spelled", [SENT_MS, str(SENT_MS), "2025-11-01T12:28:43.456+0000", SENT_MS / 1000]
)
def test_the_time_of_a_message_is_its_own(spelled: Any) -> None:
    """A message's time is the same in every spelling of it, and so is a tap's identity."""
    tap = item(postback={"payload": "P"})

    event = happened(messaging=[tap | {"timestamp": spelled}])

    assert event.occurred_at == SENT_AT
    assert event.identity() == happened(messaging=[tap]).identity()


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (SENT_MS, SENT_AT),
        (SENT_MS // 1000, SENT_AT.replace(microsecond=0)),
        (str(SENT_MS // 1000), SENT_AT.replace(microsecond=0)),
        (None, NOW),
        ("soon", NOW),
    ],
)
def test_without_its_own_time_it_has_its_entrys(time: Any, expected: datetime) -> None:
    """A comment has no time of its own: the entry's counts, and ours if there is none."""
    event = happened(changes=[change("comments", comment())], time=time)

    assert expected == event.occurred_at
    assert event.received_at == NOW


def test_what_the_account_does_is_no_persons_doing() -> None:
    """A deletion by the account itself names no person."""
    ours = happened(messaging=[message(is_deleted=True) | FROM_SHOP])
    theirs = happened(messaging=[message(is_deleted=True)])

    assert (None, FAN) == (ours.person, theirs.person)


def _sorted(value: Any) -> Any:
    """Return `value` with the keys of its objects in order, as it is kept."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value
