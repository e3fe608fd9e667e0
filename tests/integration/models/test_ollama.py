"""The real `ollama` client against a server that behaves, and one that does not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from switchboard.intents.choosing import Model, NoAnswer, Prompt
from switchboard.models import Server
from tests.support.ollama_server import (
    EMBED_MODEL,
    MODEL,
    Behaviour,
    OllamaServer,
    drops,
    fails,
    hangs,
    says,
    says_content,
)

PROMPT = Prompt(instructions="Label it.", message='"how much?"', names=("price", "розмір"))
LONG_S = 30.0


@asynccontextmanager
async def open_at(
    host: str, *, name: str = MODEL, call_budget_s: float = LONG_S
) -> AsyncIterator[Model]:
    """Open the chat model at `host`."""
    async with Server.open(host, call_budget_s=call_budget_s) as server:
        yield server.chat(name)


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


@pytest.mark.parametrize(("call_budget_s", "within_s"), [(0.05, LONG_S), (LONG_S, 0.05)])
async def test_a_model_that_hangs(
    ollama_server: OllamaServer, call_budget_s: float, within_s: float
) -> None:
    """The call ends at its deadline, and its connection with it."""
    ollama_server.behave = hangs
    async with open_at(ollama_server.url, call_budget_s=call_budget_s) as model:
        assert "timed_out" == await why_not(model, within_s=within_s)
        ollama_server.behave = says("price")
        assert "price" == await model.choose(PROMPT, within_s=LONG_S)


async def test_a_server_that_cannot_be_reached() -> None:
    """Nobody listens there: nobody can answer."""
    async with open_at(f"http://127.0.0.1:{free_port()}") as model:
        assert "unavailable" == await why_not(model)


@pytest.mark.parametrize(
    ("behaviour", "because"),
    [
        ("overloaded", "unavailable"),
        ("garbage", "nonsense"),
        ("empty", "nonsense"),
        ("floods", "nonsense"),
        ("redirects", "unavailable"),
        ("chatters", "nonsense"),
        ("lies", "nonsense"),
        ("shouts", "nonsense"),
        ("deep", "nonsense"),
        ("obeys", "nonsense"),
    ],
)
async def test_a_model_that_misbehaves(
    ollama_server: OllamaServer, behaviour: str, because: str
) -> None:
    """However a server or a model behaves, it has one word, and we read no gigabyte."""
    ollama_server.behave = None
    ollama_server.sim.config.behaviour = behaviour
    async with open_at(ollama_server.url) as model:
        assert because == await why_not(model)


async def test_a_server_that_drips(ollama_server: OllamaServer) -> None:
    """A byte at a time never times a read out; the call's own deadline ends it."""
    ollama_server.behave = None
    ollama_server.sim.config.behaviour = "drips"
    async with open_at(ollama_server.url) as model:
        assert "timed_out" == await why_not(model, within_s=0.1)


async def test_vectors(ollama_server: OllamaServer) -> None:
    """One row of length 1 for each text, the same for the same text, however many there are."""
    texts = [f"text {n}" for n in range(300)] + ["text 0"]
    async with Server.open(ollama_server.url, call_budget_s=LONG_S) as server:
        rows = await server.embedding(EMBED_MODEL).encode(texts, within_s=LONG_S)

    assert (301, 256) == rows.shape
    assert np.allclose(1, np.linalg.norm(rows, axis=1))
    assert np.array_equal(rows[0], rows[-1])
    assert [256, 45] == [len(body["input"]) for body in ollama_server.asked]


@pytest.mark.parametrize(
    ("name", "behaviour", "because"),
    [
        (MODEL, "well", "unavailable"),
        ("missing", "well", "unavailable"),
        (EMBED_MODEL, "hangs", "timed_out"),
        (EMBED_MODEL, "garbage", "nonsense"),
        (EMBED_MODEL, "empty", "nonsense"),
        (EMBED_MODEL, "overloaded", "unavailable"),
        (EMBED_MODEL, "floods", "nonsense"),
    ],
)
async def test_vectors_that_do_not_come(
    ollama_server: OllamaServer, name: str, behaviour: str, because: str
) -> None:
    """A model that has none, or a server that gives none, is told apart like a chat's."""
    ollama_server.sim.config.behaviour = behaviour
    within_s = 0.1 if behaviour == "hangs" else LONG_S
    async with Server.open(ollama_server.url, call_budget_s=LONG_S) as server:
        with pytest.raises(NoAnswer) as caught:
            await server.embedding(name).encode(["hi"], within_s=within_s)

    assert because == caught.value.because


async def test_what_models_can_do(ollama_server: OllamaServer) -> None:
    """The server says what a model is for; of one that it does not have it says so."""
    async with Server.open(ollama_server.url, call_budget_s=LONG_S) as server:
        assert {"completion"} == await server.abilities(MODEL, within_s=LONG_S)
        assert {"embedding"} == await server.abilities(EMBED_MODEL, within_s=LONG_S)
        with pytest.raises(NoAnswer, match=r"^HTTP 404$"):
            await server.abilities("missing", within_s=LONG_S)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_behaviours_are_what_they_say() -> None:
    """The table above holds behaviours, not calls of them."""
    made: list[Callable[..., Any]] = [fails(500), says("price"), hangs, drops]

    assert all(asyncio.iscoroutinefunction(one) for one in made)
