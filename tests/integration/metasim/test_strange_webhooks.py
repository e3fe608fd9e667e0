"""Webhooks as only a bad day brings them: late, again, of no known kind, many at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.integration.metasim.stage import (
    ACCOUNT,
    APP_SECRET,
    MEDIA,
    META_APP_SECRET,
    OTHER_ACCOUNT,
    Meta,
    Receiver,
    error_of,
)
from tools.metasim.app import create_app
from tools.metasim.settings import Settings

_AD = "18000000000000099"
_HELD = {"hold": True}
_WHO = {"account_id": ACCOUNT, "username": "ana"}


async def test_either_secret_signs(meta: Meta, receiver: Receiver) -> None:
    """The Instagram app's secret signs, or the Meta app's where that is asked for."""
    await meta.comment()
    await meta.comment(webhook={"secret": "meta"})

    assert [(True, False), (False, True)] == [
        (one.is_signed_with(APP_SECRET), one.is_signed_with(META_APP_SECRET))
        for one in receiver.deliveries
    ]


async def test_a_secret_that_is_not_set() -> None:
    """Without the Meta app's secret nothing can be signed with it, and the setting is named."""
    settings = Settings(app_id="1", app_secret="s", verify_token="t")
    async with (
        TestServer(create_app(settings)) as server,
        ClientSession(server.make_url("/")) as http,
    ):
        meta = Meta(http)
        await meta.sim("PUT", f"/accounts/{ACCOUNT}", {"username": "shop"})
        now = {"body": {}, "secret": "meta"}
        late = {**_WHO, "text": "x", "webhook": {"secret": "meta", "after_s": 1}}
        problems = [
            await meta.sim("POST", "/webhooks", now, status=400),
            await meta.sim("POST", "/messages", late, status=400),
        ]

    assert all("METASIM_META_APP_SECRET" in problem["detail"] for problem in problems)


async def test_two_accounts_five_events_and_an_unknown_field(
    meta: Meta, receiver: Receiver
) -> None:
    """One body may tell of several accounts and kinds, also of some nobody knows."""
    await meta.comment("one", webhook=_HELD)
    await meta.comment("two", webhook=_HELD)
    await meta.write("hi", webhook=_HELD)
    other = {"account_id": OTHER_ACCOUNT, "username": "ana", "text": "hey", "webhook": _HELD}
    await meta.sim("POST", "/messages", other)
    unknown = {"account_id": ACCOUNT, "field": "moods", "value": {"mood": "é"}, "webhook": _HELD}
    await meta.sim("POST", "/events", unknown)
    await meta.sim("POST", "/flush", {"batch": True})

    (delivery,) = receiver.deliveries
    told = [
        (entry["id"], [one["field"] for one in entry.get("changes", [])], "messaging" in entry)
        for entry in delivery.body["entry"]
    ]
    assert [
        (ACCOUNT, ["comments", "comments", "moods"], False),
        (ACCOUNT, [], True),
        (OTHER_ACCOUNT, [], True),
    ] == told
    assert delivery.is_signed


async def test_an_unknown_item_in_a_conversation(meta: Meta, receiver: Receiver) -> None:
    """What Meta may tell of a conversation one day comes as its other items do."""
    body = {"account_id": ACCOUNT, "username": "ana", "field": "messaging_moods"}
    await meta.sim("POST", "/events", {**body, "value": {"mood": {"is": "good"}}})

    (item,) = receiver.deliveries[0].body["entry"][0]["messaging"]
    assert {"is": "good"} == item["mood"]
    assert {"id": ACCOUNT} == item["recipient"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("comments", {**_WHO, "media_id": MEDIA, "text": "LINK"}),
        ("comments", {**_WHO, "media_id": MEDIA, "text": "LINK", "live": True}),
        ("self-comments", {"account_id": ACCOUNT, "media_id": MEDIA, "text": "ty"}),
        ("messages", {**_WHO, "text": "price?"}),
        ("messages", {**_WHO, "text": "LINK", "story_id": "18000000000000070"}),
        ("messages", {**_WHO, "story_mention": True}),
        ("messages", {**_WHO, "text": "S", "quick_reply": "SIZE:S"}),
        ("messages", {**_WHO, "is_unsupported": True}),
        ("postbacks", {**_WHO, "payload": "P", "title": "T"}),
        ("postbacks", {**_WHO, "payload": "P", "title": "T", "mid": None}),
        ("reactions", {**_WHO, "mid": "m"}),
        ("seen", {**_WHO, "mid": "m"}),
        ("referrals", {**_WHO, "ref": "bio"}),
        ("hand-typed", {**_WHO, "text": "by hand"}),
        ("mentions", {**_WHO, "comment_id": "17900000000000060"}),
        ("handover", {**_WHO, "previous_owner_app_id": "1", "new_owner_app_id": "2"}),
        ("events", {**_WHO, "field": "moods", "value": {}}),
    ],
)
async def test_each_kind_can_come_twice(
    meta: Meta, receiver: Receiver, path: str, body: dict[str, Any]
) -> None:
    """Whatever happened may be told twice, in the same bytes."""
    await meta.sim("POST", f"/{path}", {**body, "webhook": {"copies": 2}})

    assert 2 == len(receiver.deliveries)
    assert 1 == len({delivery.content for delivery in receiver.deliveries})


@pytest.mark.parametrize(("path", "more"), [("edits", {"text": "new"}), ("deletions", {})])
async def test_changes_can_come_twice(
    meta: Meta, receiver: Receiver, path: str, more: dict[str, str]
) -> None:
    """So may edits and deletions."""
    mid = (await meta.write())["mid"]
    await meta.sim("POST", f"/{path}", {"mid": mid, **more, "webhook": {"copies": 2}})

    assert 1 == len({delivery.content for delivery in receiver.deliveries[1:]})
    assert 3 == len(receiver.deliveries)


async def test_again_after_a_day(meta: Meta, receiver: Receiver) -> None:
    """The same bytes can come once more, long after they were accepted."""
    await meta.comment(webhook={"again_after_s": 86_400})
    before = len(receiver.deliveries)
    await meta.sim("PUT", "/config", {"clock": {"offset_s": 86_401}})
    first, second = await receiver.received(2)

    assert 1 == before
    assert first.content == second.content


async def test_late(meta: Meta, receiver: Receiver) -> None:
    """A webhook can come long after what it tells of; until then nothing was promised."""
    late = {"after_s": 86_400}
    made = await meta.write(expect={"message": 1}, webhook=late)
    before = len(receiver.deliveries), await meta.judgement()
    await meta.sim("PUT", "/config", {"clock": {"offset_s": 86_401}})
    (delivery,) = await receiver.received(1)
    entry = delivery.body["entry"][0]

    assert ["late"] == [one["outcome"] for one in made["webhook"]]
    assert (0, 1) == (before[0], len(before[1]["undelivered"]))
    assert entry["time"] - entry["messaging"][0]["timestamp"] >= 86_400_000


async def test_a_deletion_before_its_message(meta: Meta, receiver: Receiver) -> None:
    """Held and turned round, the deletion of a message comes before the message."""
    mid = (await meta.write("oops", webhook=_HELD))["mid"]
    await meta.sim("POST", "/deletions", {"mid": mid, "webhook": _HELD})
    await meta.sim("POST", "/flush", {"order": "reversed"})

    told = [one.body["entry"][0]["messaging"][0]["message"] for one in receiver.deliveries]
    assert [{"mid": mid, "is_deleted": True}, {"mid": mid, "text": "oops"}] == told


async def test_a_comment_on_an_ad_is_told_twice(meta: Meta, receiver: Receiver) -> None:
    """Once as one on the ad, with the post behind it, and once as one on that post."""
    ad = {"media_product_type": "AD", "ad_id": "120200000000000001", "original_media_id": MEDIA}
    await meta.sim("PUT", f"/accounts/{ACCOUNT}/media/{_AD}", ad)
    made = await meta.comment(media_id=_AD, as_original_too=True)

    told = [one.body["entry"][0]["changes"][0]["value"] for one in receiver.deliveries]
    assert [made["comment_id"]] * 2 == [one["id"] for one in told]
    assert {"id": _AD, **ad} == told[0]["media"]
    assert {"id": MEDIA, "media_product_type": "FEED"} == told[1]["media"]
    assert 2 == len(made["webhook"])


async def test_only_an_ad_has_a_post_behind_it(meta: Meta) -> None:
    """A comment on an ordinary post cannot be told as that, and does not appear."""
    body = {**_WHO, "media_id": MEDIA, "text": "x", "as_original_too": True}
    problem = await meta.sim("POST", "/comments", body, status=400)
    shown = await meta.sim("GET", f"/accounts/{ACCOUNT}/media/{MEDIA}/comments")

    assert ("as_original_too", []) == (problem["field"], shown["comments"])


@pytest.mark.parametrize(("per_post", "posts"), [(1, 25), (10, 3), (1000, 1)])
async def test_a_burst_on_a_broadcast(
    meta: Meta, receiver: Receiver, per_post: int, posts: int
) -> None:
    """Many people comment live at once, each once, some in one body."""
    burst = {"account_id": ACCOUNT, "media_id": MEDIA, "count": 25, "live": True}
    made = await meta.sim("POST", "/bursts", {**burst, "per_post": per_post})

    told = [
        (change["field"], change["value"]["from"]["username"])
        for delivery in receiver.deliveries
        for change in delivery.body["entry"][0]["changes"]
    ]
    assert {"accepted": posts} == made["webhooks"]
    assert {("live_comments", f"fan{n}") for n in range(1, 26)} == set(told)
    assert (25, 25, posts) == (len(told), len(set(made["comment_ids"])), len(receiver.deliveries))


async def test_a_burst_is_judged_comment_by_comment(meta: Meta) -> None:
    """Each comment of a burst expects its answer, and a held one has not been told."""
    burst = {"account_id": ACCOUNT, "media_id": MEDIA, "expect": {"private_reply": 1}}
    told = await meta.sim("POST", "/bursts", {**burst, "count": 3})
    held = await meta.sim("POST", "/bursts", {**burst, "count": 2, "webhook": _HELD})
    await meta.reply_in_private(told["comment_ids"][0])

    counts = await meta.sim("GET", "/summary")
    assert {"held": 2} == held["webhooks"]
    assert (5, 2, 2) == (counts["expected"], counts["lost"], counts["undelivered"])


@pytest.mark.parametrize(
    ("age_h", "expected"),
    [(23, (400, 100)), (25, 200), (61 * 24, (400, 190))],
)
async def test_tokens_of_every_age(meta: Meta, age_h: int, expected: Any) -> None:
    """A token of 23 hours is too young to be refreshed, one of 61 days is dead."""
    issued_at = (datetime.now(UTC) - timedelta(hours=age_h)).isoformat()
    account = {"username": "shop", "token": "aged", "token_issued_at": issued_at}
    await meta.sim("PUT", f"/accounts/{ACCOUNT}", account)
    path = "/refresh_access_token?grant_type=ig_refresh_token"
    answer = await meta.graph("GET", path, token="aged")

    assert expected == (answer[0] if answer[0] == 200 else error_of(answer)[:2])
