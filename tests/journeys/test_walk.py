"""The walk, end to end: what people write comes back answered, once, whatever Meta does to it."""

from __future__ import annotations

import pytest

from tests.support.builders import on_comment, on_message, private_reply, public_reply, text_message
from tests.support.installation import Scene
from tests.support.waiting import until

LINK = {"trigger": on_comment("link"), "steps": [private_reply("Here it is"), public_reply("Sent")]}
PRICE = {"trigger": on_message("price"), "steps": [text_message("12 euros")]}
THANKS = {"trigger": {"kind": "story_reply"}, "steps": [text_message("Thank you!")]}
BOTH = {"private_reply": 1, "public_reply": 1}


async def test_a_comment_gets_its_private_and_its_public_reply(scene: Scene) -> None:
    """LINK under a reel: the link arrives privately, and everyone sees that it was sent."""
    shop = await scene.business(LINK)

    told = await scene.simulator.comment(shop.account_id, shop.media_id, "LINK 🙏", expect=BOTH)
    private = await scene.simulator.reply(told["comment_id"], "private_reply")
    public = await scene.simulator.reply(told["comment_id"], "public_reply")

    assert "Here it is" == private["text"]
    assert "Sent" == public["text"]
    assert (await scene.simulator.all_answered())["ok"]
    assert {"matched": 1} == await scene.outcomes(shop)


async def test_a_message_and_a_story_reply_are_answered(scene: Scene) -> None:
    """A price is asked for and given; a story is answered and its answer thanked for."""
    shop = await scene.business(PRICE, THANKS)

    await scene.simulator.message(shop.account_id, "Price?", username="bo", expect={"message": 1})
    await scene.simulator.message(
        shop.account_id, "😍", username="cy", story_id="18000000000000070", expect={"message": 1}
    )

    assert (await scene.simulator.all_answered())["ok"]
    to_bo = await scene.simulator.conversation(shop.account_id, "bo")
    to_cy = await scene.simulator.conversation(shop.account_id, "cy")
    assert ["person", "account"] == [message["from"] for message in to_bo]
    assert "12 euros" == to_bo[-1]["text"]
    assert "Thank you!" == to_cy[-1]["text"]


async def test_what_matches_nothing_is_recorded_and_not_answered(scene: Scene) -> None:
    """A comment without the keyword gets nothing, and the ledger says so."""
    shop = await scene.business(LINK)
    nothing = {"private_reply": 0, "public_reply": 0}

    await scene.simulator.comment(shop.account_id, shop.media_id, "lovely", expect=nothing)
    await scene.simulator.comment(
        shop.account_id, shop.media_id, "link", username="bo", expect=BOTH
    )

    assert (await scene.simulator.all_answered())["ok"]
    assert {"matched": 1, "no_match": 1} == await scene.outcomes(shop)


@pytest.mark.parametrize("copies", [2, 5])
async def test_a_repeated_webhook_is_answered_once(scene: Scene, copies: int) -> None:
    """Meta repeats a webhook; the person hears from us once."""
    shop = await scene.business(LINK)

    await scene.simulator.comment(
        shop.account_id, shop.media_id, "link", expect=BOTH, webhook={"copies": copies}
    )
    judgement = await scene.simulator.all_answered()

    assert judgement["ok"]
    assert [] == judgement["refused"]
    assert {"matched": 1} == await scene.outcomes(shop)
    assert {"sent": 2} == await scene.states(shop)


async def test_a_forged_webhook_gets_nothing(scene: Scene) -> None:
    """Without our secret, nobody can make us say anything; with it, work goes on."""
    shop = await scene.business(LINK)
    once = {"webhook_retry": {"attempts": 1, "base_delay_s": 1}}
    await scene.simulator.call("PUT", "/sim/config", once)

    forged = await scene.simulator.comment(
        shop.account_id, shop.media_id, "link", webhook={"secret": "forged"}
    )
    await scene.simulator.comment(
        shop.account_id, shop.media_id, "link", username="bo", expect=BOTH
    )

    assert [401] == [attempt["status"] for attempt in forged["webhook"]][:1]
    assert (await scene.simulator.all_answered())["ok"]
    answers = await scene.simulator.replies_to(forged["comment_id"])
    assert [] == [*answers["private_replies"], *answers["public_replies"]]


async def test_a_disordered_pair_is_understood(scene: Scene) -> None:
    """A deletion that overtakes its message is neither a duplicate nor a new message."""
    shop = await scene.business(PRICE)

    held = {"hold": True}
    told = await scene.simulator.message(
        shop.account_id, "price", username="bo", expect={"message": 1}, webhook=held
    )
    await scene.simulator.call("POST", "/sim/deletions", {"mid": told["mid"], "webhook": held})
    await scene.simulator.call("POST", "/sim/flush", {"batch": False, "order": "reversed"})

    assert (await scene.simulator.all_answered())["ok"]
    assert {"matched": 1, "ignored": 1} == await scene.outcomes(shop)


async def test_a_batch_of_two_accounts_is_answered_whole(scene: Scene) -> None:
    """Sixty comments of two businesses in one webhook: each gets its own business's reply."""
    first, second = await scene.business(LINK), await scene.business(LINK)
    for number in range(30):
        for shop in (first, second):
            await scene.simulator.comment(
                shop.account_id,
                shop.media_id,
                "link",
                username=f"p{number}",
                expect=BOTH,
                webhook={"hold": True},
            )
    flushed = await scene.simulator.call(
        "POST", "/sim/flush", {"batch": True, "order": "shuffled", "seed": 1}
    )

    assert 1 == len(flushed["webhook"])
    assert (await scene.simulator.all_answered())["ok"]
    assert {"matched": 30} == await scene.outcomes(first) == await scene.outcomes(second)


async def test_we_do_not_answer_ourselves(scene: Scene) -> None:
    """Our own comment with the keyword, and the echoes of our replies, set nothing off."""
    shop = await scene.business(LINK)

    await scene.simulator.call(
        "POST",
        "/sim/self-comments",
        {"account_id": shop.account_id, "media_id": shop.media_id, "text": "write LINK below"},
    )
    await scene.simulator.comment(shop.account_id, shop.media_id, "link", expect=BOTH)
    judgement = await scene.simulator.all_answered()

    assert judgement["ok"]
    assert 2 == judgement["sent"]


async def test_an_open_window_is_needed(scene: Scene) -> None:
    """A message that reaches us after its window has closed is not answered, and never sent."""
    shop = await scene.business(PRICE)

    await scene.simulator.message(
        shop.account_id,
        "price",
        username="bo",
        created_at="2026-01-01T00:00:00Z",
        expect={"message": 0},
    )
    await scene.simulator.message(shop.account_id, "price", username="cy", expect={"message": 1})
    judgement = await scene.simulator.all_answered()

    assert judgement["ok"]
    assert [] == judgement["outside_window"]
    assert {"matched": 2} == await scene.outcomes(shop)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"raw": "not JSON at all \u0000 <"}, "unreadable.v1"),
        ({"body": {"object": "something_new", "entry": [{"id": "17841490000009999"}]}}, None),
        (
            {
                "body": {
                    "object": "instagram",
                    "entry": [
                        {
                            "id": "17841490000009998",
                            "time": 1760000001,
                            "changes": [{"field": "story_poll", "value": {"text": "a\u0000b"}}],
                        }
                    ],
                }
            },
            "not_understood.v1",
        ),
    ],
)
async def test_what_we_cannot_read_is_kept(
    scene: Scene, sent: dict[str, object], kind: str | None
) -> None:
    """A signed webhook that makes no sense to us is accepted, and is in the ledger to be read."""
    shop = await scene.business(PRICE)
    before = await scene.db.fetchrow(KEPT, kind)

    answered = await scene.simulator.call("POST", "/sim/webhooks", sent)
    await scene.simulator.message(shop.account_id, "price", expect={"message": 1})

    assert 200 == answered["status"]
    assert (await scene.simulator.all_answered())["ok"]
    await until(lambda: scene.db.fetchrow(KEPT, kind), lambda now: now != before)


KEPT = """
select count(*)::int as n
  from public.events
 where kind = coalesce($1, kind) and kind in ('unreadable.v1', 'not_understood.v1')
"""
