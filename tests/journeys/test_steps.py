"""Everything a campaign can do, through the whole path."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from tests.support.builders import on_comment, on_message, private_reply, text_message
from tests.support.follower import Follower, url_under
from tests.support.installation import Business, Scene
from tests.support.waiting import until
from tests.support.webhook_receiver import serve_receiver

PRICE = on_message("price")


def says(text: str, *, kind: str = "message", **more: Any) -> dict[str, Any]:
    """Return a step that says one thing, with buttons or chips under it."""
    step: dict[str, Any] = {name: more.pop(name) for name in ("id", "after") if name in more}
    return {"kind": kind, "variants": [{"text": text, **more}], **step}


def to_step(step: str, title: str) -> dict[str, Any]:
    """Return a button or chip to a step."""
    return {"kind": "step", "title": title, "step": step}


async def follower(scene: Scene, *campaigns: dict[str, Any], name: str = "ana") -> Follower:
    """Return somebody before a business with these campaigns."""
    return Follower(scene.simulator, await scene.business(*campaigns), name)


async def test_a_button_under_the_private_reply_leads_to_the_link(scene: Scene) -> None:
    """Comment, tap, link: and the click on the tracked link is ours to see."""
    shop = {"kind": "link", "title": "To the shop", "url": "https://shop.example/autumn"}
    person = await follower(
        scene,
        {
            "trigger": on_comment("link"),
            "steps": [
                says("Want it?", kind="private_reply", buttons=[to_step("give", "Yes")]),
                says("Here you are, {{username|friend}}", id="give", buttons=[shop]),
            ],
        },
    )

    comment_id = await person.comments("link", expect={"private_reply": 1})
    asked = await scene.simulator.reply(comment_id, "private_reply")
    await person.taps(asked, "Yes")
    person.heard = 1  # the private reply is in the conversation, too
    given = await person.hears()

    assert "Here you are, ana" == given["text"]
    async with scene.http.get(url_under(given), allow_redirects=False) as answer:
        assert "https://shop.example/autumn" == answer.headers["Location"]
    outcomes = await scene.decided(person.business, events=3)
    assert {"matched": 2, "ignored": 1} == outcomes
    assert (await scene.simulator.judgement())["ok"]


async def test_chips_variants_and_media(scene: Scene) -> None:
    """A question with chips; the tap leads to a file of every kind and a post, in order."""
    files = {"image": "s.jpg", "video": "s.mp4", "audio": "s.m4a", "file": "s.pdf"}

    def campaign(shop: Business) -> dict[str, Any]:
        media: list[dict[str, Any]] = [
            {"kind": kind, "url": f"https://shop.example/{name}"} for kind, name in files.items()
        ]
        media.append({"kind": "post", "media_id": shop.media_id})
        steps = [{"kind": "message", "variants": [{"media": one}]} for one in media]
        steps[0]["id"] = "s"
        chips = [to_step("s", "S"), to_step("s", "M")]
        last = {"kind": "message", "variants": [{"text": "One"}, {"text": "Two"}]}
        asked = says("Which size?", quick_replies=chips)
        return {"trigger": PRICE, "steps": [asked, *steps, last]}

    person = Follower(scene.simulator, await scene.business(campaign), "ana")
    await person.writes("price")
    await person.taps(await person.hears(), "M")
    *shown, last = [await person.hears() for _ in range(6)]

    kinds = [one["message"]["attachment"]["type"] for one in shown]
    assert ["image", "video", "audio", "file", "MEDIA_SHARE"] == kinds
    assert last["text"] in {"One", "Two"}
    assert (await scene.simulator.judgement())["ok"]


async def test_a_picture_for_many_is_uploaded_once(scene: Scene) -> None:
    """Three people see the same picture: fetched for the first, kept for the other two."""
    picture = {"media": {"kind": "image", "url": "https://shop.example/hat.png"}}
    shop = await scene.business(
        {"trigger": PRICE, "steps": [{"kind": "message", "variants": [picture]}]}
    )
    for name in ("ana", "ben", "caro"):
        person = Follower(scene.simulator, shop, name)
        await person.writes("price")
        heard = await person.hears()
        assert "image" == heard["message"]["attachment"]["type"]

    told = await scene.simulator.call("GET", f"/sim/accounts/{shop.account_id}/attachments")
    (kept,) = told["attachments"]
    assert 2 == kept["uses"]
    assert (await scene.simulator.judgement())["ok"]


async def test_a_name_is_read_once_somebody_wrote(scene: Scene) -> None:
    """Their first name is Meta's to tell of people who wrote; else the fallback stands."""
    hello = {"trigger": PRICE, "steps": [text_message("Hi {{first_name|there}}!")]}
    person = await follower(scene, hello)
    await scene.simulator.call("PUT", "/sim/people/ana", {"name": "Ana María"})

    await person.writes("price")

    assert "Hi Ana!" == (await person.hears())["text"]


async def test_an_address_is_asked_for_until_it_is_one(scene: Scene) -> None:
    """Asked, refused politely, given, kept with the contact, and used in what follows."""
    ask = {
        "kind": "ask",
        "what": "email",
        "variants": [{"text": "Where to?"}],
        "retry": ["Sorry, that is no address."],
    }
    person = await follower(
        scene, {"trigger": PRICE, "steps": [ask, text_message("Sent to {{email}}")]}
    )

    heard = []
    for text in ("price", "to me", "it's Ana@Shop.Example, thanks"):
        await person.writes(text)
        heard.append((await person.hears())["text"])

    assert ["Where to?", "Sorry, that is no address."] == heard[:2]
    (contact,) = await scene.db.fetch(
        "select email from public.contacts where account_id = $1", person.business.account
    )
    assert f"Sent to {contact['email']}" == heard[2]
    assert "ana@shop.example" == contact["email"].lower()


async def test_a_phone_number_and_a_text_are_kept(scene: Scene) -> None:
    """A number comes in international form; a text under the name the owner gave it."""
    steps = [
        {"kind": "ask", "what": what, "variants": [{"text": what}], "retry": ["Again?"], **more}
        for what, more in (("phone", {}), ("text", {"field": "size"}))
    ]
    person = await follower(
        scene, {"trigger": PRICE, "steps": [*steps, text_message("{{phone}}, {{size}}")]}
    )

    for text in ("price", "+49 (0)30 901820", "42 wide"):
        await person.writes(text)
        last = await person.hears()

    assert "+4930901820, 42 wide" == last["text"]


@pytest.mark.parametrize("comes_later", [False, True])
async def test_a_gate_lets_followers_through(scene: Scene, *, comes_later: bool) -> None:
    """Meta is asked after the tap: who follows gets it, who does not can follow and tap again."""
    gate = {
        "kind": "follow_gate",
        "id": "gate",
        "variants": ["Follow us first, then tap."],
        "button_title": "I follow now",
        "when_unknown": "ask",
    }
    person = await follower(
        scene,
        {
            "trigger": on_comment("link"),
            "steps": [
                says("Want it?", kind="private_reply", buttons=[to_step("gate", "Yes")]),
                gate,
                text_message("The secret"),
            ],
        },
    )
    await person.follows(is_following=not comes_later)

    comment_id = await person.comments("link")
    await person.taps(await scene.simulator.reply(comment_id, "private_reply"), "Yes")
    person.heard = 1
    if comes_later:
        closed = await person.hears()
        assert "Follow us first, then tap." == closed["text"]
        await person.follows()
        await person.taps(closed, "I follow now")

    assert "The secret" == (await person.hears())["text"]
    assert (await scene.simulator.judgement())["ok"]


async def test_a_wait_and_a_follow_up(scene: Scene) -> None:
    """After the wait comes the next message; without a tap the reminder; after one, none."""
    person = await follower(
        scene,
        {
            "trigger": PRICE,
            "steps": [
                {"kind": "wait", "duration": 1},
                says("Want it?", buttons=[to_step("give", "Yes")]),
                says("Still there?", kind="follow_up", after=1),
                says("Last call", kind="follow_up", after=3600),
                says("Here it is", id="give"),
            ],
        },
    )

    await person.writes("price")
    asked, reminded = await person.hears(), await person.hears()
    await person.taps(asked, "Yes")

    assert ["Want it?", "Still there?"] == [asked["text"], reminded["text"]]
    assert "Here it is" == (await person.hears())["text"]


async def test_tags_and_a_handover(scene: Scene) -> None:
    """The contact is tagged, a person is announced, and the automation is silent."""
    person = await follower(
        scene,
        {
            "trigger": PRICE,
            "steps": [
                {"kind": "tag", "add": ["warm"]},
                text_message("A colleague will write to you."),
                {"kind": "handover", "pause": "PT1H"},
            ],
        },
    )

    await person.writes("price")
    said = await person.hears()
    await person.writes("price", expect={"message": 0})
    outcomes = await scene.decided(person.business, events=2)

    assert "A colleague will write to you." == said["text"]
    assert {"matched": 1, "ignored": 1} == outcomes
    (contact,) = await scene.db.fetch(
        "select tags, paused_until > now() as paused from public.contacts where account_id = $1",
        person.business.account,
    )
    assert (["warm"], True) == (contact["tags"], contact["paused"])


async def test_a_signed_webhook(scene: Scene) -> None:
    """The owner's server is told once, with a signature it can check by itself."""
    async with serve_receiver() as receiver:
        person = await follower(
            scene,
            {
                "trigger": PRICE,
                "steps": [{"kind": "webhook", "url": receiver.url}, text_message("Noted")],
            },
        )
        await person.writes("price")
        told = await receiver.next()

    assert "Noted" == (await person.hears())["text"]
    assert person.business.account_id == told.body["account_id"]
    assert "price" == told.body["text"]
    assert told.is_signed_with(person.business.webhook_secret)


async def test_a_button_starts_another_campaign(scene: Scene) -> None:
    """A tap starts it at its first step, whatever its own trigger is."""
    sizes = {"trigger": on_message("sizes"), "steps": [text_message("S-XL")]}

    def price(shop: Business) -> dict[str, Any]:
        start = {"kind": "campaign", "title": "Sizes", "campaign": str(shop.campaign(0))}
        return {"trigger": PRICE, "steps": [says("12 euros", buttons=[start])]}

    person = Follower(scene.simulator, await scene.business(sizes, price), "ana")

    await person.writes("price")
    await person.taps(await person.hears(), "Sizes")

    assert "S-XL" == (await person.hears())["text"]


async def test_a_flow_finishes_on_the_version_it_began(scene: Scene) -> None:
    """Published again in between: the old button leads to the old text, a new one to the new."""

    def version(text: str) -> dict[str, Any]:
        return {
            "trigger": PRICE,
            "steps": [says("Want it?", buttons=[to_step("give", "Yes")]), says(text, id="give")],
        }

    person = await follower(scene, version("Old"))
    await person.writes("price")
    asked = await person.hears()
    await scene.publish(person.business, 0, version("New"))
    other = Follower(scene.simulator, person.business, "bo")

    await person.taps(asked, "Yes")
    assert "Old" == (await person.hears())["text"]

    async def tap_anew() -> str:
        await other.writes("price")
        await other.taps(await other.hears(), "Yes")
        return str((await other.hears())["text"])

    assert "New" == await until(tap_anew, lambda text: text == "New")


async def test_stop_and_start(scene: Scene) -> None:
    """Who says stop gets nothing more, not even for a comment; who says start does again."""
    person = await follower(
        scene,
        {"trigger": PRICE, "steps": [text_message("12 euros")]},
        {"trigger": on_comment("link"), "steps": [private_reply("Here")]},
    )

    await person.writes("STOP", expect={"message": 0})
    await scene.decided(person.business, events=1)
    await person.writes("price", expect={"message": 0})
    await person.comments("link", expect={"private_reply": 0})
    await scene.decided(person.business, events=3)
    await person.writes("START", expect={"message": 0})
    await scene.decided(person.business, events=4)
    await person.writes("price", expect={"message": 1})

    assert "12 euros" == (await person.hears())["text"]
    assert (await scene.simulator.all_answered())["ok"]


async def test_a_hand_typed_message_takes_the_conversation_over(scene: Scene) -> None:
    """The owner writes in the app: from then on the automation leaves this person to them."""
    person = await follower(scene, {"trigger": PRICE, "steps": [text_message("12 euros")]})
    await person.writes("price")
    await person.hears()

    await person.does("hand-typed", text="Hi, I am Eva, how can I help?")
    await until(lambda: scene.paused(person.business), lambda paused: paused == 1)
    await person.writes("price?", expect={"message": 0})

    outcomes = await scene.decided(person.business, events=3)
    assert {"matched": 1, "ignored": 2} == outcomes
    other = Follower(scene.simulator, person.business, "bo")
    await other.writes("price")
    assert "12 euros" == (await other.hears())["text"]


def test_these_are_all_the_steps_there_are() -> None:
    """A kind of step that no journey here plays would be a promise nobody has tried."""
    schema = CAMPAIGN_DEFINITION.json_schema()
    kinds = set(schema["properties"]["steps"]["items"]["discriminator"]["mapping"])

    played = {"public_reply", "private_reply", "message", "ask", "follow_gate", "wait"}
    assert kinds == played | {"follow_up", "tag", "handover", "webhook"}
