"""What keywords cannot decide goes by way of the model and back, and never waits for it in vain."""

from __future__ import annotations

from tests.support.builders import on_message, private_reply, text_message
from tests.support.installation import Scene
from tests.support.ollama_server import fails, says

PRICE = {
    "trigger": {"kind": "intent", "intent": "price"},
    "steps": [private_reply("12 euros, privately"), text_message("12 euros")],
}
HOURS = {"trigger": on_message("hours"), "steps": [text_message("From 7 to 18")]}


async def test_a_recognised_intent_is_answered(scene: Scene) -> None:
    """No keyword, but the model recognises the wish: the message and the comment are answered."""
    shop = await scene.business(HOURS, PRICE)
    await scene.intent(shop, "price", "how much is it")
    scene.installation.ollama.behave = says("price")

    await scene.simulator.message(
        shop.account_id, "what do you charge", username="bo", expect={"message": 1}
    )
    await scene.simulator.comment(
        shop.account_id, shop.media_id, "is it dear?", expect={"private_reply": 1}
    )

    assert (await scene.simulator.all_answered())["ok"]
    assert "12 euros" == (await scene.simulator.conversation(shop.account_id, "bo"))[-1]["text"]
    assert {"matched": 2} == await scene.outcomes(shop)


async def test_a_model_that_fails_leaves_keywords_alone(scene: Scene) -> None:
    """While the model fails, keywords answer, and what only it could decide ends undecided."""
    shop = await scene.business(HOURS, PRICE)
    await scene.intent(shop, "price", "how much is it")
    scene.installation.ollama.behave = fails(500)
    try:
        await scene.simulator.message(
            shop.account_id, "what do you charge", username="bo", expect={"message": 0}
        )
        await scene.simulator.message(
            shop.account_id, "your hours?", username="cy", expect={"message": 1}
        )
        judgement = await scene.simulator.all_answered()
        outcomes = await scene.decided(shop, events=2)
    finally:
        scene.installation.ollama.behave = says("price")

    assert judgement["ok"]
    assert {"matched": 1, "no_match": 1} == outcomes
