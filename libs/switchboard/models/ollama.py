"""
The door to Ollama.

The client has no time-out of its own, reads answers of any length and lets three libraries' errors
through; here each call ends in time, and in an answer or `NoAnswer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final, Self

import httpx
import numpy as np
import ollama

from switchboard.intents.choosing import NONE, NoAnswer, Prompt
from switchboard.intents.vectors import Matrix, unit
from switchboard.models.bounded import BoundedTransport, TooMuch

# A host on our own network accepts in milliseconds; one that swallows packets must not cost a
# question its whole budget.
_CONNECT_S: Final = 1.0
# A chat answer is a few hundred bytes. 1000 vectors of 4096 numbers, 12 bytes each, are 50 MB.
_MAX_ANSWER_BYTES: Final = 64 * 2**20
_MAX_CHAT_BYTES: Final = 2**18

# The same question gets the same answer: nothing is drawn. An answer is a short JSON object around
# a name of at most 64 characters; the context is what `prompt.MAX_INTENTS_CHARACTERS` counts on.
_OPTIONS: Final[Mapping[str, Any]] = {
    "temperature": 0,
    "seed": 1,
    "num_predict": 128,
    "num_ctx": 8_192,
}
_TEXTS_AT_ONCE: Final = 256


class Server:
    """An Ollama server; open it with `Server.open`."""

    def __init__(self, chat: ollama.AsyncClient, embed: ollama.AsyncClient) -> None:
        self._chat, self._embed = chat, embed

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, host: str, *, call_budget_s: float) -> AsyncIterator[Self]:
        """Open the server at `host`; no call to it takes longer than `call_budget_s`."""
        times = httpx.Timeout(call_budget_s, connect=min(_CONNECT_S, call_budget_s))
        async with (
            _client(host, times, _MAX_CHAT_BYTES) as chat,
            _client(host, times, _MAX_ANSWER_BYTES) as embed,
        ):
            yield cls(chat, embed)

    def chat(self, name: str) -> Chat:
        """Return its chat model `name`."""
        return Chat(self._chat, name)

    def embedding(self, name: str) -> Embedding:
        """Return its embedding model `name`."""
        return Embedding(self._embed, name)

    async def abilities(self, name: str, *, within_s: float) -> frozenset[str]:
        """
        Return what the model `name` can do ("completion", "embedding" ...), as the server says.

        Raises:
            NoAnswer: The server is away, or has no such model.
        """
        return await abilities(self._embed, name, within_s=within_s)


class Chat:
    """A chat model that answers with one of the names it is given; see `choosing.Model`."""

    def __init__(self, client: ollama.AsyncClient, name: str) -> None:
        self.name, self._client = name, client

    async def choose(self, prompt: Prompt, *, within_s: float) -> str | None:
        """Ask the model; see `choosing.Model`."""
        with _model_errors():
            async with asyncio.timeout(within_s):
                answer = await self._client.chat(
                    self.name,
                    [
                        {"role": "system", "content": prompt.instructions},
                        {"role": "user", "content": prompt.message},
                    ],
                    format=answer_schema(prompt.names),
                    options=_OPTIONS,
                )
        return read_choice(answer.message.content, prompt.names)


class Embedding:
    """An embedding model that places texts by their meaning."""

    def __init__(self, client: ollama.AsyncClient, name: str) -> None:
        self.name, self._client = name, client

    async def encode(self, texts: Sequence[str], *, within_s: float) -> Matrix:
        """
        Return one row of length 1 for each of `texts`.

        Raises:
            NoAnswer: It is away, took longer than `within_s` seconds, or gave no such rows.
        """
        found: list[Matrix] = []
        with _model_errors():
            async with asyncio.timeout(within_s):
                for start in range(0, len(texts), _TEXTS_AT_ONCE):
                    some = texts[start : start + _TEXTS_AT_ONCE]
                    answer = await self._client.embed(self.name, some)
                    found.append(_rows(answer.embeddings, len(some)))
            return unit(np.vstack(found))


async def abilities(client: ollama.AsyncClient, name: str, *, within_s: float) -> frozenset[str]:
    """Return what the model `name` can do; see `Server.abilities`."""
    with _model_errors():
        async with asyncio.timeout(within_s):
            shown = await client.show(name)
    return frozenset(shown.capabilities or ())


@contextlib.asynccontextmanager
async def _client(
    host: str, times: httpx.Timeout, max_bytes: int
) -> AsyncIterator[ollama.AsyncClient]:
    transport = BoundedTransport(max_bytes)
    async with ollama.AsyncClient(
        host=host, timeout=times, transport=transport, follow_redirects=False
    ) as client:
        yield client


def _rows(embeddings: Sequence[Sequence[float]], texts: int) -> Matrix:
    rows = np.array(embeddings, dtype=np.float32)
    if rows.ndim != 2 or len(rows) != texts or not rows.size or not np.isfinite(rows).all():  # noqa: PLR2004
        raise NoAnswer("no vector for each text", because="nonsense")
    return rows


@contextlib.contextmanager
def _model_errors() -> Iterator[None]:
    """Turn what the client, its HTTP library and its parser raise into `NoAnswer`."""
    try:
        yield
    except NoAnswer:
        raise
    except httpx.ConnectTimeout:
        raise NoAnswer("no connection in time", because="unavailable") from None
    except (TimeoutError, httpx.TimeoutException):
        raise NoAnswer("no answer in time", because="timed_out") from None
    except ollama.ResponseError as error:
        # Its text is the server's, which may quote the prompt: only the status is kept.
        raise NoAnswer(f"HTTP {error.status_code}", because="unavailable") from None
    except TooMuch:
        raise NoAnswer("an answer without end", because="nonsense") from None
    except (OSError, httpx.HTTPError) as error:
        raise NoAnswer(type(error).__name__, because="unavailable") from None
    except (ValueError, TypeError):  # not JSON, or JSON of another shape
        raise NoAnswer("no response of the API's", because="nonsense") from None


def answer_schema(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the JSON schema of the only answers allowed."""
    return {
        "type": "object",
        "properties": {"intent": {"type": "string", "enum": [*names, NONE]}},
        "required": ["intent"],
        "additionalProperties": False,
    }


def read_choice(content: str | None, names: tuple[str, ...]) -> str | None:
    """
    Return the name in `content`; a server may ignore the schema, so it is checked.

    Raises:
        NoAnswer: It is no JSON object with an allowed name.
    """
    try:
        chosen = json.loads(content or "")["intent"]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise NoAnswer("not the JSON that was asked for", because="nonsense") from None
    if chosen == NONE:
        return None
    if chosen not in names:
        raise NoAnswer("a name that was not offered", because="nonsense")
    return str(chosen)
