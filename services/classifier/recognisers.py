"""Recognisers, made once for each set of intents, away from the loop, and kept while in use."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

from switchboard.contracts import IntentOption
from switchboard.intents.background import CHATTER
from switchboard.intents.choosing import NoAnswer
from switchboard.intents.reading import spoken
from switchboard.intents.recogniser import Ranking, Recogniser
from switchboard.intents.vectors import Encoder, Known, Matrix

# A recogniser of 15 intents with 10 examples each holds 5 MB, one of 150 with 100 holds 250 MB.
_KEPT: Final = 64
# Of a question's time, what an embedding model may take before the next best has its turn.
_FIRST_SHARE: Final = 0.75
_AT_ONCE: Final = 64  # examples an embedding model is given in one call


class Places(Protocol):
    """Whoever places texts by their meaning, and may be away."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    async def encode(self, texts: Sequence[str], *, within_s: float) -> Matrix:
        """Return a row of length 1 for each of `texts`; raises `NoAnswer` if it cannot."""
        ...


def digest_of(intents: Sequence[IntentOption]) -> str:
    """Return what names this set of intents: the same for the same words, whatever the version."""
    told = "\n".join(intent.model_dump_json() for intent in intents)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


class Recognisers:
    """
    Ranks texts by the examples of the intents they are asked about.

    With an embedding model by its vectors; when that is away, as without one, by the encoder in
    this process; without either by n-grams.
    """

    def __init__(
        self, encoder: Encoder | None, *, places: Places | None = None, fetch_budget_s: float = 60.0
    ) -> None:
        self._encoder, self._places, self._fetch_budget_s = encoder, places, fetch_budget_s
        self._made: OrderedDict[tuple[str, str], asyncio.Task[Recogniser]] = OrderedDict()

    @property
    def name(self) -> str:
        """By whose vectors texts are ranked, when all is well."""
        encoder = self._places or self._encoder
        return "" if encoder is None else encoder.name

    async def rank(
        self, text: str, intents: Sequence[IntentOption], digest: str, *, within_s: float
    ) -> tuple[Ranking, Recogniser]:
        """
        Return what the examples of `intents` say of `text`, and who says so.

        Raises:
            NoAnswer: The recogniser of these intents is still being made, and was not ready in
                `within_s` seconds. It goes on being made, for those who come later.
        """
        try:
            async with asyncio.timeout(within_s):
                return await self._ranked(text, intents, digest, within_s)
        except TimeoutError:
            raise NoAnswer("no recogniser in time", because="timed_out") from None

    async def _ranked(
        self, text: str, intents: Sequence[IntentOption], digest: str, within_s: float
    ) -> tuple[Ranking, Recogniser]:
        if self._places is not None:
            try:
                async with asyncio.timeout(_FIRST_SHARE * within_s):
                    return await self._by_model(self._places, text, intents, digest, within_s)
            except (NoAnswer, TimeoutError):
                pass  # the next best is at hand
        recogniser = await self._recogniser(intents, digest)
        return recogniser.rank(text), recogniser

    async def _by_model(
        self,
        places: Places,
        text: str,
        intents: Sequence[IntentOption],
        digest: str,
        within_s: float,
    ) -> tuple[Ranking, Recogniser]:
        recogniser = await self._fetched(places, intents, digest)
        said = spoken(text)
        row = await places.encode([said], within_s=within_s) if said else None
        return recogniser.rank(text, row), recogniser

    async def _recogniser(self, intents: Sequence[IntentOption], digest: str) -> Recogniser:
        name = "" if self._encoder is None else self._encoder.name

        async def make() -> Recogniser:
            return await asyncio.to_thread(Recogniser.of, intents, self._encoder)

        return await self._once((name, digest), make)

    async def _fetched(
        self, places: Places, intents: Sequence[IntentOption], digest: str
    ) -> Recogniser:
        async def make() -> Recogniser:
            own = {text for one in intents for text in map(spoken, one.examples) if text}
            texts = [*own, *(text for text in map(spoken, CHATTER) if text not in own)]
            rows: dict[str, Matrix] = {}
            for some in (texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE)):
                found = await places.encode(some, within_s=self._fetch_budget_s)
                rows |= zip(some, found, strict=True)
            known = Known(places.name, rows)
            return await asyncio.to_thread(Recogniser.of, intents, known)

        return await self._once((places.name, digest), make)

    async def _once(
        self, key: tuple[str, str], make: Callable[[], Coroutine[Any, Any, Recogniser]]
    ) -> Recogniser:
        """Return the recogniser called `key`; those who ask while it is being made wait for it."""
        task = self._made.get(key)
        if task is None:
            task = self._made[key] = asyncio.create_task(make())
            task.add_done_callback(lambda done: self._drop_failed(key, done))
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return await asyncio.shield(task)  # who asked first may leave; the others still want it

    def _drop_failed(self, key: tuple[str, str], done: asyncio.Task[Recogniser]) -> None:
        """Forget a recogniser that could not be made, so that the next question tries again."""
        failed = done.cancelled() or done.exception() is not None
        if failed and self._made.get(key) is done:
            del self._made[key]
