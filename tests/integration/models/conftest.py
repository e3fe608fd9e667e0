"""A stand-in for Ollama."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.ollama_server import OllamaServer, serve_ollama


@pytest.fixture
async def ollama_server() -> AsyncIterator[OllamaServer]:
    """A stand-in for Ollama."""
    async with serve_ollama() as server:
        yield server
