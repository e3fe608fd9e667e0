"""The stand-in, asked by Ollama's own client: the shapes it knows, and what it is told to do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import ollama
import pytest

from tests.support.ollama_server import MODEL, OllamaServer, serve_ollama
from tools.ollamasim.misbehaving import BEHAVIOURS, CONTENTS

MESSAGES = [
    {"role": "system", "content": 'Intents:\n{"name": "price", "examples": ["how much is it"]}'},
    {"role": "user", "content": json.dumps("so how much is it")},
]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"intent": {"type": "string", "enum": ["price", "sizes", "none"]}},
}


@pytest.fixture
async def server() -> AsyncIterator[OllamaServer]:
    """The stand-in as it is by itself."""
    async with serve_ollama() as server:
        server.behave = None
        yield server


@pytest.fixture
async def client(server: OllamaServer) -> AsyncIterator[ollama.AsyncClient]:
    """Ollama's own client."""
    async with ollama.AsyncClient(host=server.url, timeout=30) as client:
        yield client


async def test_the_same_chat_gets_the_same_answer(client: ollama.AsyncClient) -> None:
    """Among the names that the schema allows, the one whose line is most like the message."""
    answers = [await client.chat(MODEL, MESSAGES, format=SCHEMA) for _ in range(2)]

    assert ['{"intent": "price"}'] * 2 == [one.message.content for one in answers]
    assert (True, "stop") == (answers[0].done, answers[0].done_reason)


async def test_what_is_like_nothing_is_none(client: ollama.AsyncClient) -> None:
    """Where nothing is shared, "none" is chosen if it is allowed."""
    messages = [MESSAGES[0], {"role": "user", "content": json.dumps("zzz qqq")}]
    answer = await client.chat(MODEL, messages, format=SCHEMA)

    assert '{"intent": "none"}' == answer.message.content


async def test_a_chat_in_pieces(client: ollama.AsyncClient) -> None:
    """Streamed, the last piece says that it is done."""
    pieces = [
        piece async for piece in await client.chat(MODEL, MESSAGES, format=SCHEMA, stream=True)
    ]

    assert '{"intent": "price"}' == "".join(piece.message.content or "" for piece in pieces)
    assert [False, True] == [piece.done for piece in pieces]


async def test_vectors(client: ollama.AsyncClient) -> None:
    """Texts that share parts of words lie closer than those that do not."""
    (one, like, other) = (
        await client.embed("nomic-embed-text", ["how much is it", "how much are they", "zzz"])
    ).embeddings

    def near(a: Any, b: Any) -> float:
        return float(sum(x * y for x, y in zip(a, b, strict=True)))

    assert pytest.approx(1, abs=1e-3) == near(one, one)
    assert near(one, like) > near(one, other)


async def test_what_it_has(client: ollama.AsyncClient) -> None:
    """Its models, what they can do, and which of them are loaded: those that were asked for."""
    listed = {model.model for model in (await client.list()).models}
    before = (await client.ps()).models
    await client.chat(MODEL, MESSAGES)
    shown = await client.show("nomic-embed-text")

    assert {"qwen2.5:3b", "nomic-embed-text:latest", MODEL} == listed
    assert ([], [MODEL]) == ([*before], [one.model for one in (await client.ps()).models])
    assert ["embedding"] == shown.capabilities


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda client: client.chat("missing", MESSAGES), 404),
        (lambda client: client.show("missing"), 404),
        (lambda client: client.chat("nomic-embed-text", MESSAGES), 400),
        (lambda client: client.embed(MODEL, "hi"), 501),
    ],
)
async def test_what_it_refuses(client: ollama.AsyncClient, ask: Any, status: int) -> None:
    """With Ollama's statuses."""
    with pytest.raises(ollama.ResponseError) as caught:
        await ask(client)

    assert status == caught.value.status_code


async def test_it_misbehaves_as_often_as_it_is_told(
    client: ollama.AsyncClient, server: OllamaServer
) -> None:
    """Then it behaves again; what it was asked can be seen."""
    async with aiohttp.ClientSession(server.url) as http:
        body = {"behaviour": "fails", "times": 1, "on": ["chat"]}
        async with http.put("/sim/config", json=body) as answer:
            assert body | {"delay_s": 0.0} == await answer.json()
        with pytest.raises(ollama.ResponseError):
            await client.chat(MODEL, MESSAGES)
        await client.chat(MODEL, MESSAGES)
        async with http.get("/sim/calls") as answer:
            assert {"chat": 2} == (await answer.json())["counts"]
        async with http.put("/sim/config", json={"behaviour": "explodes"}) as answer:
            error = (await answer.json())["error"]

    assert all(name in error for name in (*BEHAVIOURS, *CONTENTS))


async def test_the_version(server: OllamaServer) -> None:
    """For those who only ask whether it is there."""
    async with aiohttp.ClientSession(server.url) as http:
        async with http.get("/") as answer:
            assert "Ollama is running" == await answer.text()
        async with http.get("/api/version") as answer:
            assert {"version"} == set(await answer.json())
