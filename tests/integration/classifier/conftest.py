"""A model, and queues of each test's own."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.classifier.settings import Settings
from switchboard.queues import SqsClient, create_queues, open_sqs
from tests.support.ollama_server import MODEL, OllamaServer, serve_ollama

REGION = "us-east-1"
SettingsOf = Callable[..., Settings]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def ollama_server() -> AsyncIterator[OllamaServer]:
    """A stand-in for Ollama."""
    async with serve_ollama() as server:
        yield server


@pytest.fixture
async def sqs(sqs_endpoint_url: str) -> AsyncIterator[SqsClient]:
    """Our client, talking to a real server."""
    async with open_sqs(endpoint_url=sqs_endpoint_url, region=REGION) as client:
        yield client


@pytest.fixture
async def prefix(sqs: SqsClient) -> str:
    """Return the prefix of queues that no other test knows."""
    prefix = f"t{uuid4().hex[:12]}"
    await create_queues(sqs, prefix)
    return prefix


@pytest.fixture
def settings_of(sqs_endpoint_url: str, prefix: str) -> SettingsOf:
    """Return the settings of a classifier of these queues."""

    def build(**fields: Any) -> Settings:
        whole: dict[str, Any] = {
            "aws_endpoint_url": sqs_endpoint_url,
            "queue_prefix": prefix,
            "health_port": free_port(),
            "classifier_model": MODEL,
            "drain_s": 5.0,
        }
        return Settings(**whole | fields)

    return build


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
