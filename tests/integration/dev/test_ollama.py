"""`make run` asks a model only if the server answers and has it, and says what it found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dev.ollama import look_for_model
from dev.surroundings import Surroundings, read_surroundings
from tests.support.ollama_server import EMBED_MODEL, MODEL, OllamaServer, serve_ollama


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaServer]:
    """A small Ollama."""
    async with serve_ollama() as server:
        yield server


def around(folder: Path, **environ: str) -> Surroundings:
    """Return the surroundings with this environment."""
    return read_surroundings({"LOCAL_DIR": str(folder), **environ}, keeps=False)


async def test_a_server_that_has_the_models(tmp_path: Path, ollama: OllamaServer) -> None:
    """They are asked; the default model's tag is Ollama's own."""
    fields = {"CLASSIFIER_MODEL": MODEL, "CLASSIFIER_EMBED_MODEL": EMBED_MODEL}
    found = await look_for_model(around(tmp_path, OLLAMA_HOST=ollama.url, **fields))

    assert (True, {}) == (found.usable, found.environment)
    assert f"{MODEL}, {EMBED_MODEL} at {ollama.url}" == found.told


@pytest.mark.parametrize(
    ("model", "behaviour", "told"),
    [
        ("missing:7b", "well", "has no missing:7b"),
        (MODEL, "garbage", "does not answer as Ollama does"),
        (MODEL, "fails", "does not answer as Ollama does"),
        (MODEL, "empty", "does not answer as Ollama does"),
    ],
)
async def test_a_server_that_has_not(
    tmp_path: Path, ollama: OllamaServer, model: str, behaviour: str, told: str
) -> None:
    """Nothing is asked, and one line says why."""
    ollama.sim.config.behaviour, ollama.sim.config.on = behaviour, ("tags",)
    found = await look_for_model(around(tmp_path, OLLAMA_HOST=ollama.url, CLASSIFIER_MODEL=model))

    assert not found.usable
    assert {"OLLAMA_HOST": "", "CLASSIFIER_EMBED_MODEL": ""} == found.environment
    assert told in found.told


async def test_nobody_there(tmp_path: Path) -> None:
    """Without an address, or with a dead one, examples are all there is."""
    assert "no OLLAMA_HOST" in (await look_for_model(around(tmp_path))).told
    dead = await look_for_model(around(tmp_path, OLLAMA_HOST="http://127.0.0.1:1"))

    assert "does not answer" in dead.told
