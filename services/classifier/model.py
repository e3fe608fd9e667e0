"""
The door to Ollama: the only module that knows its client.

The client has no time-out of its own and lets three libraries' errors through; here every call has
a deadline, and whatever goes wrong becomes `NoAnswer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final

import httpx
import ollama

from services.classifier.choosing import NONE, Model, NoAnswer, Prompt

# A host on our own network accepts in milliseconds; one that swallows packets must not cost a
# question its whole budget.
_CONNECT_S: Final = 1.0

# The same question gets the same answer: nothing is drawn. An answer is a short JSON object around
# a name of at most 64 characters; the context is what `prompt.MAX_INTENTS_CHARACTERS` counts on.
_OPTIONS: Final[Mapping[str, Any]] = {
    "temperature": 0,
    "seed": 1,
    "num_predict": 128,
    "num_ctx": 8_192,
}


@contextlib.asynccontextmanager
async def open_model(
    host: str | None, *, name: str, concurrency: int, call_budget_s: float, unreachable_s: float
) -> AsyncIterator[Model]:
    """
    Open the model `name` of the Ollama server at `host`; without a host, one that is always away.

    `concurrency` bounds the calls that are open at once. After a connection that failed, none is
    tried for `unreachable_s` seconds.
    """
    if host is None:
        yield AbsentModel(name)
        return
    timeout = httpx.Timeout(call_budget_s, connect=min(_CONNECT_S, call_budget_s))
    async with ollama.AsyncClient(host=host, timeout=timeout) as client:
        yield OllamaModel(client, name=name, concurrency=concurrency, unreachable_s=unreachable_s)


class AbsentModel:
    """No model was configured."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def choose(self, prompt: Prompt, *, within_s: float) -> str | None:  # noqa: ARG002  it reads nothing
        """Say at once that nobody is there."""
        raise NoAnswer("no OLLAMA_HOST", because="unavailable")


class OllamaModel:
    """A chat model that answers with one of the names it is given; see `Model`."""

    def __init__(
        self,
        client: ollama.AsyncClient,
        *,
        name: str,
        concurrency: int,
        unreachable_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._client, self._unreachable_s, self._monotonic = client, unreachable_s, monotonic
        self._slots = asyncio.Semaphore(concurrency)
        self._try_again_at = float("-inf")

    async def choose(self, prompt: Prompt, *, within_s: float) -> str | None:
        """Ask the model; see `Model.choose`. Waiting for a free slot counts towards `within_s`."""
        with _model_errors():
            async with asyncio.timeout(within_s), self._slots:
                self._require_reachable()
                content = await self._ask(prompt)
        return read_choice(content, prompt.names)

    def _require_reachable(self) -> None:
        if self._monotonic() < self._try_again_at:
            raise NoAnswer("the model could not be reached just now", because="unavailable")

    async def _ask(self, prompt: Prompt) -> str | None:
        """Make the call, and remember a host that could not be reached."""
        try:
            answer = await self._client.chat(
                self.name,
                [
                    {"role": "system", "content": prompt.instructions},
                    {"role": "user", "content": prompt.message},
                ],
                format=answer_schema(prompt.names),
                options=_OPTIONS,
            )
        except (ConnectionError, httpx.ConnectTimeout):
            self._try_again_at = self._monotonic() + self._unreachable_s
            raise
        return answer.message.content


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
    except (OSError, httpx.HTTPError) as error:
        raise NoAnswer(type(error).__name__, because="unavailable") from None
    except (ValueError, TypeError):  # not JSON, or JSON of another shape
        raise NoAnswer("no chat response", because="nonsense") from None


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
