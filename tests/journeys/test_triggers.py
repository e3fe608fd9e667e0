"""Everything that can set a campaign off, through the whole path."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.builders import on_comment, on_message, private_reply, public_reply, text_message
from tests.support.follower import Follower
from tests.support.installation import Scene

ANSWER = text_message("Got you")
BOTH = [private_reply("Got you"), public_reply("Look in your inbox")]
OTHER_POST = "18009000009000001"
AD = "18009000009000002"


async def follower(scene: Scene, *campaigns: dict[str, Any], name: str = "ana") -> Follower:
    """Return somebody before a business with these campaigns."""
    return Follower(scene.simulator, await scene.business(*campaigns), name)


async def post(scene: Scene, person: Follower, media_id: str, **more: Any) -> None:
    """Let the business publish something."""
    path = f"/sim/accounts/{person.business.account_id}/media/{media_id}"
    await scene.simulator.call("PUT", path, {"caption": "Another", **more})


async def test_a_comment_on_one_of_several_posts(scene: Scene) -> None:
    """Under a named post the campaign answers, under another it does not."""
    person = await follower(scene, {"trigger": {"kind": "comment"}, "steps": BOTH})
    named = {
        "trigger": {"kind": "comment", "media_ids": [person.business.media_id, "18009"]},
        "steps": BOTH,
    }
    shop = Follower(scene.simulator, await scene.business(named), "bo")
    other = OTHER_POST
    await post(scene, shop, other)

    await shop.comments("hello", media_id=other, expect={"private_reply": 0, "public_reply": 0})
    await person.comments("hello", expect={"private_reply": 1, "public_reply": 1})

    assert (await scene.simulator.all_answered())["ok"]
    assert {"no_match": 1} == await scene.decided(shop.business, events=1)


async def test_a_comment_on_an_ad_counts_as_one_on_the_post_behind_it(scene: Scene) -> None:
    """The ad's own id differs; Meta names the post behind it, and the campaign knows that."""
    first = await follower(scene)
    media_id = str(int(first.business.media_id) + 1)  # the next business's post
    named = {"trigger": on_comment("link", media_ids=[media_id]), "steps": BOTH}
    person = await follower(scene, named, name="bo")
    assert media_id == person.business.media_id
    await post(
        scene,
        person,
        AD,
        media_product_type="AD",
        original_media_id=media_id,
        ad_id="120200000000000001",
    )

    await person.comments(
        "link",
        media_id=AD,
        expect={"private_reply": 1, "public_reply": 1},
        webhook={"copies": 2},
    )

    assert (await scene.simulator.all_answered())["ok"]


async def test_a_comment_on_the_next_post(scene: Scene) -> None:
    """Meta is asked when posts were published: the first one after the campaign is its post."""
    person = await follower(scene, {"trigger": on_comment("link", next_post=True), "steps": BOTH})
    await post(scene, person, OTHER_POST)

    await person.comments("link", expect={"private_reply": 1, "public_reply": 1})
    await scene.simulator.all_answered()
    late = Follower(scene.simulator, person.business, "bo")
    await late.comments("link", media_id=OTHER_POST, expect={"private_reply": 0, "public_reply": 0})

    assert {"matched": 1, "no_match": 1} == await scene.decided(person.business, events=2)
    assert (await scene.simulator.all_answered())["ok"]
    (bound,) = await scene.db.fetch(
        "select next_media_id from public.campaigns where account_id = $1",
        person.business.account,
    )
    assert person.business.media_id == bound["next_media_id"]


async def test_a_comment_during_a_broadcast(scene: Scene) -> None:
    """One private message while it is live, and nothing in public."""
    live = {"kind": "live_comment", "keywords": {"include": ["link"]}}
    person = await follower(scene, {"trigger": live, "steps": BOTH})
    await post(scene, person, OTHER_POST, media_product_type="LIVE", is_live=True)

    await person.comments(
        "link",
        media_id=OTHER_POST,
        live=True,
        expect={"private_reply": 1, "public_reply": 0},
    )

    assert (await scene.simulator.all_answered())["ok"]


@pytest.mark.parametrize(
    ("trigger", "text", "more"),
    [
        (on_message("price"), "the price?", {}),
        ({"kind": "message"}, "anything at all", {}),
        ({"kind": "story_reply"}, "😍", {"story_id": "18000000000000070"}),
        ({"kind": "story_mention"}, None, {"story_mention": True}),
        ({"kind": "quick_reply", "payloads": ["SIZE:S"]}, "Small", {"quick_reply": "SIZE:S"}),
        (
            {"kind": "referral", "refs": ["autumn"]},
            "hi",
            {"referral": {"ref": "autumn", "source": "ADS", "type": "OPEN_THREAD"}},
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) and "kind" in value else None,
)
async def test_what_arrives_as_a_message(
    scene: Scene, trigger: dict[str, Any], text: str | None, more: dict[str, Any]
) -> None:
    """A keyword, any message, a story's answer or mention, a chip, an ad: each is answered."""
    person = await follower(scene, {"trigger": trigger, "steps": [ANSWER]})

    await person.writes(text, expect={"message": 1}, **more)

    assert "Got you" == (await person.hears())["text"]
    assert (await scene.simulator.all_answered())["ok"]


async def test_an_ice_breaker(scene: Scene) -> None:
    """A tap with a payload the owner has named."""
    hours = {"kind": "postback", "payloads": ["FAQ:HOURS"]}
    person = await follower(scene, {"trigger": hours, "steps": [ANSWER]})

    await person.does("postbacks", payload="FAQ:HOURS", title="Opening hours?")

    assert "Got you" == (await person.hears())["text"]


async def test_a_link_into_an_open_conversation(scene: Scene) -> None:
    """An `ig.me` link is answered where a window is open, and recorded where none is."""
    link = {"trigger": {"kind": "referral", "refs": ["autumn"]}, "steps": [ANSWER]}
    person = await follower(scene, link)
    stranger = Follower(scene.simulator, person.business, "bo")
    await person.writes("hello", expect={"message": 0})
    await scene.decided(person.business, events=1)

    await person.does("referrals", ref="autumn", expect={"message": 1})
    await stranger.does("referrals", ref="autumn", expect={"message": 0})

    assert "Got you" == (await person.hears())["text"]
    assert {"matched": 2, "no_match": 1} == await scene.decided(person.business, events=3)
    assert (await scene.simulator.all_answered())["ok"]


async def test_a_text_that_fires_two_campaigns_is_answered_once(scene: Scene) -> None:
    """However many campaigns match a comment, it gets one private reply: the better one's."""
    person = await follower(
        scene,
        {"trigger": on_comment("link"), "steps": [private_reply("General")]},
        {"trigger": on_comment("link please"), "steps": [private_reply("Special")]},
    )

    comment_id = await person.comments("LINK PLEASE", expect={"private_reply": 1})

    assert "Special" == (await scene.simulator.reply(comment_id, "private_reply"))["text"]
    assert (await scene.simulator.all_answered())["ok"]
