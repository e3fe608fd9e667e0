"""Conversations while something is being broken: everybody gets to the end of theirs, once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

from redis.asyncio import Redis

from tests.support.builders import on_comment, on_message, text_message
from tests.support.follower import Follower
from tests.support.installation import Scene
from tests.support.waiting import until

PEOPLE = 12
PATIENCE_S = 60.0


def to_step(step: str, title: str) -> dict[str, Any]:
    """Return a button to a step."""
    return {"kind": "step", "title": title, "step": step}


GUIDE: dict[str, Any] = {
    "trigger": on_comment("guide"),
    "conditions": {"once": {"per": "post"}},
    "steps": [
        {
            "kind": "private_reply",
            "variants": [{"text": "Shall I send it?", "buttons": [to_step("mail", "Yes")]}],
        },
        {
            "kind": "ask",
            "id": "mail",
            "what": "email",
            "variants": [{"text": "Where to?"}],
            "retry": ["That is no address"],
        },
        {"kind": "tag", "add": ["guide"]},
        text_message("It is on its way to {{email}}"),
    ],
}


async def flush(scene: Scene) -> None:
    """Make Redis forget everything."""
    async with Redis.from_url(scene.installation.stack.backing.redis_url) as redis:
        await redis.flushall()


async def begin(person: Follower) -> None:
    """Comment, twice and with each webhook repeated, and hear the one question."""
    comment_id = await person.comments("GUIDE", webhook={"copies": 3})
    asked = await person.simulator.reply(comment_id, "private_reply")
    await person.comments("guide again", expect={"private_reply": 0})
    person.heard = 1
    await person.taps(asked, "Yes")
    assert "Where to?" == (await person.hears())["text"]


async def end(person: Follower) -> None:
    """Give an address, and hear the end."""
    await person.writes(f"{person.name}@shop.example", webhook={"copies": 2})
    assert f"It is on its way to {person.name}@shop.example" == (await person.hears())["text"]


async def cast(scene: Scene) -> list[Follower]:
    """Return people before a business with the guide."""
    shop = await scene.business(GUIDE)
    return [Follower(scene.simulator, shop, f"p{number}") for number in range(PEOPLE)]


async def tagged(scene: Scene, person: Follower) -> int:
    """Return how many contacts of the business got to the end."""
    rows = await scene.db.fetch(
        "select count(*) as n from public.contacts where account_id = $1 and tags = '{guide}'",
        person.business.account,
    )
    return int(rows[0]["n"])


async def test_what_redis_forgets_is_known_all_the_same(scene: Scene) -> None:
    """Emptied again and again in the middle of conversations, it costs nobody an answer."""
    people = await cast(scene)
    done = asyncio.Event()

    async def forget() -> None:
        while not done.is_set():
            await flush(scene)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await done.wait()

    forgetting = asyncio.create_task(forget())
    for step in (begin, end):
        await asyncio.gather(*(step(person) for person in people))
    done.set()
    await forgetting

    judgement = await scene.simulator.judgement()
    assert judgement["ok"], judgement
    assert PEOPLE == await until(lambda: tagged(scene, people[0]), lambda count: count == PEOPLE)


async def test_a_killed_router_loses_no_place_in_a_conversation(scene: Scene) -> None:
    """Killed between question and answer, and while it decides: each flow goes on where it was."""
    people = await cast(scene)
    await asyncio.gather(*(begin(person) for person in people))

    answering = asyncio.gather(*(end(person) for person in people))
    await scene.installation.end("router", signal.SIGKILL)
    await scene.installation.start("router")
    await answering

    judgement = await scene.simulator.judgement()
    assert judgement["ok"], judgement
    assert [] == judgement["refused"]


async def test_words_that_overtake_each_other(scene: Scene) -> None:
    """A START that overtakes its STOP is not remembered; said again, it counts."""
    shop = await scene.business({"trigger": on_message("price"), "steps": [text_message("12")]})
    person = Follower(scene.simulator, shop, "ana")
    await person.writes("STOP", expect={"message": 0}, webhook={"hold": True})
    await person.writes("START", expect={"message": 0})
    # Received together they would be put in order; so the one is over before the other comes.
    await scene.decided(shop, events=1)
    await scene.simulator.call("POST", "/sim/flush", {"batch": False})

    async def consent() -> list[Any]:
        rows = await scene.db.fetch(
            "select opted_out_at from public.contacts where account_id = $1", shop.account
        )
        return [row["opted_out_at"] for row in rows]

    await scene.decided(shop, events=2)
    assert [None] != await consent()
    await person.writes("start", expect={"message": 0})
    assert [None] == await until(consent, lambda found: found == [None])
    assert (await scene.simulator.judgement())["ok"]
