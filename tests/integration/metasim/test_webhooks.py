"""What arrives at the webhook, byte for byte and header for header."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.metasim.stage import ACCOUNT, MEDIA, OTHER_ACCOUNT, Meta, Receiver


async def test_comment_arrives_signed_in_metas_shape(meta: Meta, receiver: Receiver) -> None:
    """A comment is one `changes[]` entry in seconds, with Meta's headers and a good signature."""
    made = await meta.comment("LINK please")

    (delivery,) = receiver.deliveries
    (entry,) = delivery.body["entry"]
    expected = {
        "field": "comments",
        "value": {
            "id": made["comment_id"],
            "from": {"id": made["igsid"], "username": "ana"},
            "text": "LINK please",
            "media": {"id": MEDIA, "media_product_type": "FEED"},
        },
    }
    assert delivery.is_signed
    assert [expected] == entry["changes"]
    assert ACCOUNT == entry["id"]
    assert entry["time"] < 10**11
    assert "facebookexternalua" == delivery.headers["User-Agent"]
    assert "application/json" == delivery.headers["Content-Type"]
    assert "v26.0" == delivery.headers["Facebook-API-Version"]
    assert [200] == [one["status"] for one in made["webhook"]]


async def test_message_arrives_in_milliseconds_and_escaped(meta: Meta, receiver: Receiver) -> None:
    """A message is one `messaging[]` item in milliseconds; what is not ASCII travels escaped."""
    made = await meta.write("äöå 🎩")

    (delivery,) = receiver.deliveries
    (entry,) = delivery.body["entry"]
    (told,) = entry["messaging"]
    assert b"\\u00e4\\u00f6\\u00e5 \\ud83c\\udfa9" in delivery.content
    assert {"mid": made["mid"], "text": "äöå 🎩"} == told["message"]
    assert {"id": made["igsid"]} == told["sender"]
    assert {"id": ACCOUNT} == told["recipient"]
    assert told["timestamp"] > 10**12
    assert delivery.is_signed


@pytest.mark.parametrize(
    ("secret", "present"),
    [
        ("forged", {"X-Hub-Signature", "X-Hub-Signature-256"}),
        ("missing", set()),
        ("sha1only", {"X-Hub-Signature"}),
    ],
)
async def test_bad_signatures_are_sent_on_request(
    meta: Meta, receiver: Receiver, secret: str, present: set[str]
) -> None:
    """A forged, missing or SHA-1-only signature is exactly that."""
    await meta.comment(webhook={"secret": secret})

    (delivery,) = receiver.deliveries
    assert present == {name for name in delivery.headers if name.startswith("X-Hub")}
    assert not delivery.is_signed


async def test_refused_webhook_comes_again_unchanged(meta: Meta, receiver: Receiver) -> None:
    """Anything but 200 is retried, with the same bytes, until it is accepted."""
    receiver.statuses = [503, 500]
    made = await meta.comment(expect={"private_reply": 1})
    await meta.reply_in_private(made["comment_id"])
    judgement = await meta.sim("GET", "/wait?all=true")

    assert [503] == [one["status"] for one in made["webhook"]]
    assert 3 == len(receiver.deliveries)
    assert 1 == len({delivery.content for delivery in receiver.deliveries})
    assert {"delivered": 1, "refused": 0, "failed": 0, "pending": 0} == judgement["webhooks"]


async def test_retries_are_bounded(meta: Meta, receiver: Receiver) -> None:
    """After the last attempt a webhook is given up; what it asked for is undelivered, not lost."""
    await meta.sim("PUT", "/config", {"webhook_retry": {"attempts": 2}})
    receiver.statuses = [500] * 10
    await meta.comment(expect={"private_reply": 1})
    await receiver.received(2)
    settled = await settled_webhooks(meta)

    judgement = await meta.judgement()
    assert ["refused"] == settled
    assert 2 == len(receiver.deliveries)
    assert ([], 1) == (judgement["lost"], len(judgement["undelivered"]))


async def settled_webhooks(meta: Meta) -> list[str]:
    """Return how deliveries ended, once one has."""
    after = 0
    while True:
        told = await meta.sim("GET", f"/timeline?after={after}&wait_s=10")
        ended = [one["outcome"] for one in told["entries"] if one["kind"] == "settled"]
        if ended:
            return ended
        after = told["entries"][-1]["n"]


async def test_copies_are_identical(meta: Meta, receiver: Receiver) -> None:
    """`copies` delivers the same signed bytes that often."""
    made = await meta.comment(webhook={"copies": 3})

    assert 3 == len(receiver.deliveries) == len(made["webhook"])
    assert 1 == len({delivery.content for delivery in receiver.deliveries})


async def test_held_events_of_two_accounts_share_one_batch(meta: Meta, receiver: Receiver) -> None:
    """A batch has one entry per account and kind, in the order asked for."""
    held = {"hold": True}
    first = await meta.comment("one", webhook=held)
    await meta.comment("two", webhook=held)
    await meta.write("hi", webhook=held)
    await meta.sim(
        "POST",
        "/messages",
        {"account_id": OTHER_ACCOUNT, "username": "ana", "text": "hey", "webhook": held},
    )
    assert ["held"] == [one["outcome"] for one in first["webhook"]]
    assert [] == receiver.deliveries
    await meta.sim("POST", "/flush", {"batch": True, "order": "reversed"})

    (delivery,) = receiver.deliveries
    told = [(entry["id"], updates_of(entry)) for entry in delivery.body["entry"]]
    expected = [(OTHER_ACCOUNT, ["hey"]), (ACCOUNT, ["hi"]), (ACCOUNT, ["two", "one"])]
    assert expected == told


def updates_of(entry: Any) -> list[str]:
    """Return the texts in an entry."""
    messages = [one["message"]["text"] for one in entry.get("messaging", [])]
    return messages + [one["value"]["text"] for one in entry.get("changes", [])]


@pytest.mark.parametrize(
    ("shape", "path"),
    [("changes", ["entry", 0, "changes", 0, "field"]), ("bare", ["entry", 0, "field"]),
     ("array", [0, "entry", 0, "changes", 0, "field"])],
)  # fmt: skip
async def test_shapes(meta: Meta, receiver: Receiver, shape: str, path: list[Any]) -> None:
    """All three envelopes that were seen or documented can be sent."""
    await meta.comment(webhook={"shape": shape})

    found = receiver.deliveries[0].body
    for step in path:
        found = found[step]
    assert "comments" == found


async def test_dashboard_test_event(meta: Meta, receiver: Receiver) -> None:
    """A test event has entry id 0, the dashboard's parties, and comes as `changes[]`."""
    await meta.write(webhook={"as_test": True})

    (entry,) = receiver.deliveries[0].body["entry"]
    (change,) = entry["changes"]
    assert ("0", "messages") == (entry["id"], change["field"])
    assert {"id": "12334"} == change["value"]["sender"]
    assert isinstance(change["value"]["timestamp"], str)


async def test_everything_else_a_person_can_do(meta: Meta, receiver: Receiver) -> None:
    """Each kind of event carries its own key, and is about the message it should be about."""
    mid = (await meta.write("hi"))["mid"]
    who = {"account_id": ACCOUNT, "username": "ana"}
    await meta.sim("POST", "/reactions", {**who, "mid": mid})
    await meta.sim("POST", "/reactions", {**who, "mid": mid, "action": "unreact"})
    await meta.sim("POST", "/seen", {**who, "mid": mid})
    await meta.sim("POST", "/edits", {"mid": mid, "text": "hello"})
    await meta.sim("POST", "/deletions", {"mid": mid})
    await meta.sim("POST", "/referrals", {**who, "ref": "bio"})
    await meta.sim("POST", "/postbacks", {**who, "payload": "P", "title": "T", "mid": None})
    await meta.sim("POST", "/hand-typed", {**who, "text": "by hand"})
    await meta.write("LINK", story_id="18000000000000070")
    await meta.sim("POST", "/messages", {**who, "story_mention": True})
    await meta.sim("POST", "/messages", {**who, "text": "S", "quick_reply": "SIZE:S"})
    await meta.sim(
        "POST", "/self-comments", {"account_id": ACCOUNT, "media_id": MEDIA, "text": "ty"}
    )

    told = [delivery.body["entry"][0] for delivery in receiver.deliveries]
    items = [entry["messaging"][0] for entry in told if "messaging" in entry]
    assert {"mid": mid, "action": "react", "reaction": "love", "emoji": "❤️"} == items[1]["reaction"]
    assert {"mid": mid, "action": "unreact"} == items[2]["reaction"]
    assert {"mid": mid} == items[3]["read"]
    assert {"mid": mid, "text": "hello", "num_edit": 1} == items[4]["message_edit"]
    assert {"mid": mid, "is_deleted": True} == items[5]["message"]
    referral = {"ref": "bio", "source": "https://ig.me/m/shop", "type": "OPEN_THREAD"}
    assert referral == items[6]["referral"]
    assert {"title": "T", "payload": "P"} == items[7]["postback"]
    assert (ACCOUNT, True) == (items[8]["sender"]["id"], items[8]["message"]["is_echo"])
    assert "18000000000000070" == items[9]["message"]["reply_to"]["story"]["id"]
    assert "story_mention" == items[10]["message"]["attachments"][0]["type"]
    assert {"payload": "SIZE:S"} == items[11]["message"]["quick_reply"]
    author = told[-1]["changes"][0]["value"]["from"]
    assert ACCOUNT == author["id"]
    assert "self_ig_scoped_id" in author


async def test_any_body_can_be_sent(meta: Meta, receiver: Receiver) -> None:
    """`/sim/webhooks` signs and sends what it is given, JSON or not, and says what came back."""
    receiver.statuses = [200, 400]
    good = await meta.sim("POST", "/webhooks", {"body": {"object": "page", "note": "é"}})
    bad = await meta.sim("POST", "/webhooks", {"raw": "not json", "secret": "forged"})

    assert (200, 400) == (good["status"], bad["status"])
    assert b'{"object":"page","note":"\\u00e9"}' == receiver.deliveries[0].content
    assert [True, False] == [one.is_signed for one in receiver.deliveries]


async def test_handshake(meta: Meta) -> None:
    """The verification succeeds with the right token and reports a refusal with a wrong one."""
    good = await meta.sim("POST", "/verify-webhook", {"challenge": "1158201444"})
    bad = await meta.sim("POST", "/verify-webhook", {"verify_token": "wrong"})

    assert (True, 200, "1158201444") == (good["ok"], good["status"], good["body"])
    assert (False, 403) == (bad["ok"], bad["status"])


async def test_only_subscribed_fields_are_delivered_when_required(
    meta: Meta, receiver: Receiver
) -> None:
    """With `require_subscription`, an account hears only what it subscribed to."""
    await meta.sim("PUT", "/config", {"require_subscription": True})
    await meta.comment()
    await meta.graph("POST", "/me/subscribed_apps?subscribed_fields=comments")
    await meta.comment()
    await meta.write()

    fields = [delivery.body["entry"][0]["changes"][0]["field"] for delivery in receiver.deliveries]
    assert ["comments"] == fields
