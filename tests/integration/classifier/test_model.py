"""The real `ollama` client against a server that behaves, and one that does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import ollama
import pytest

from services.classifier.choosing import Model, NoAnswer, Prompt
from services.classifier.model import OllamaModel, open_model
from tests.integration.classifier.conftest import free_port
from tests.support.ollama_server import (
    MODEL,
    Behaviour,
    OllamaServer,
    drops,
    fails,
    hangs,
    says,
    says_content,
    serve_ollama,
)

PROMPT = Prompt(instructions="Label it.", message='"how much?"', names=("price", "розмір"))
LONG_S = 30.0


def open_at(host: str | None, **fields: Any) -> AbstractAsyncContextManager[Model]:
    """Open the model at `host`."""
    whole: dict[str, Any] = {
        "name": MODEL,
        "concurrency": 2,
        "call_budget_s": LONG_S,
        "unreachable_s": 60.0,
    }
    return open_model(host, **whole | fields)


async def why_not(model: Model, *, within_s: float = LONG_S) -> str:
    """Ask, and return why there was no answer."""
    with pytest.raises(NoAnswer) as caught:
        await model.choose(PROMPT, within_s=within_s)
    return caught.value.because


@pytest.mark.parametrize(
    ("said", "chosen"), [("price", "price"), ("розмір", "розмір"), ("none", None)]
)
async def test_an_answer(ollama_server: OllamaServer, said: str, chosen: str | None) -> None:
    """An allowed name comes back as it is; "none" as nothing."""
    ollama_server.behave = says(said)
    async with open_at(ollama_server.url) as model:
        assert chosen == await model.choose(PROMPT, within_s=LONG_S)


async def test_the_call(ollama_server: OllamaServer) -> None:
    """One answer, not a stream; only allowed names; nothing drawn at random."""
    async with open_at(ollama_server.url) as model:
        await model.choose(PROMPT, within_s=LONG_S)

    (asked,) = ollama_server.asked
    assert (MODEL, False) == (asked["model"], asked["stream"])
    assert [
        {"role": "system", "content": "Label it."},
        {"role": "user", "content": '"how much?"'},
    ] == asked["messages"]
    assert {
        "type": "object",
        "properties": {"intent": {"type": "string", "enum": ["price", "розмір", "none"]}},
        "required": ["intent"],
        "additionalProperties": False,
    } == asked["format"]
    assert (0, 1) == (asked["options"]["temperature"], asked["options"]["seed"])


@pytest.mark.parametrize(
    ("behaviour", "because"),
    [
        (fails(500), "unavailable"),
        (fails(503), "unavailable"),
        (fails(400), "unavailable"),
        (drops, "unavailable"),
        (fails(200, "<html>"), "nonsense"),
        (fails(200, "[1, 2]"), "nonsense"),
        (fails(200, '{"model": "tiny:1b"}'), "nonsense"),
        (says_content(""), "nonsense"),
        (says_content("I think it is the price."), "nonsense"),
        (says_content('"price"'), "nonsense"),
        (says_content('{"intent": ["price"]}'), "nonsense"),
        (says_content('{"label": "price"}'), "nonsense"),
        (says("refund"), "nonsense"),
        (says("PRICE"), "nonsense"),
        (says_content("[" * 100_000), "nonsense"),
    ],
)
async def test_what_goes_wrong(
    ollama_server: OllamaServer, behaviour: Behaviour, because: str
) -> None:
    """Errors of three libraries and whatever a model may say: each has one word."""
    ollama_server.behave = behaviour
    async with open_at(ollama_server.url) as model:
        assert because == await why_not(model)


async def test_a_model_the_server_does_not_have(ollama_server: OllamaServer) -> None:
    """Nobody can answer; the words of the question are not in the error."""
    async with open_at(ollama_server.url, name="missing:7b") as model:
        with pytest.raises(NoAnswer, match=r"^HTTP 404$") as caught:
            await model.choose(PROMPT, within_s=LONG_S)

    assert "unavailable" == caught.value.because


@pytest.mark.parametrize("budgets", [{"call_budget_s": 0.05}, {"within_s": 0.05}])
async def test_a_model_that_hangs(ollama_server: OllamaServer, budgets: dict[str, float]) -> None:
    """The call ends at its deadline, and its connection with it."""
    ollama_server.behave = hangs
    within_s = budgets.pop("within_s", LONG_S)
    async with open_at(ollama_server.url, **budgets) as model:
        assert "timed_out" == await why_not(model, within_s=within_s)
        ollama_server.behave = says("price")
        assert "price" == await model.choose(PROMPT, within_s=LONG_S)


async def test_no_host_is_no_model() -> None:
    """Nothing is configured, so nothing is tried."""
    async with open_at(None) as model:
        assert "unavailable" == await why_not(model)
        assert MODEL == model.name


async def test_a_server_that_cannot_be_reached_costs_one_try() -> None:
    """For a while after a failed connection nobody tries; then one does, and all is well again."""
    now, port = 1_000.0, free_port()
    async with ollama.AsyncClient(host=f"http://127.0.0.1:{port}", timeout=LONG_S) as client:
        model = OllamaModel(
            client, name=MODEL, concurrency=2, unreachable_s=60, monotonic=lambda: now
        )
        assert "unavailable" == await why_not(model)
        async with serve_ollama(port) as server:
            now += 59
            assert "unavailable" == await why_not(model)
            assert [] == server.asked
            now += 1
            assert "price" == await model.choose(PROMPT, within_s=LONG_S)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_concurrency_is_bounded(ollama_server: OllamaServer, concurrency: int) -> None:
    """A model serves few at once; the others wait here, and are answered."""
    together = asyncio.Event()

    async def answer_together(request: Any) -> Any:
        if ollama_server.open_now == concurrency:
            together.set()
        await together.wait()
        return await says("price")(request)

    ollama_server.behave = answer_together
    async with open_at(ollama_server.url, concurrency=concurrency) as model:
        answers = await asyncio.gather(*(model.choose(PROMPT, within_s=LONG_S) for _ in range(9)))

    assert ["price"] * 9 == answers
    assert concurrency == ollama_server.most_open


async def test_waiting_for_a_place_counts(ollama_server: OllamaServer) -> None:
    """Behind a call that hangs, a question ends at its own deadline, never having been asked."""
    ollama_server.behave = hangs
    async with open_at(ollama_server.url, concurrency=1) as model:
        first = asyncio.create_task(why_not(model, within_s=2))
        await ollama_server.was_asked(1)
        assert "timed_out" == await why_not(model, within_s=0.05)
        assert 1 == len(ollama_server.asked)
        assert "timed_out" == await first


def test_behaviours_are_what_they_say() -> None:
    """The table above holds behaviours, not calls of them."""
    made: list[Callable[..., Any]] = [fails(500), says("price"), hangs, drops]

    assert all(asyncio.iscoroutinefunction(one) for one in made)
