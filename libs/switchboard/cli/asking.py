"""Labelled texts put to the tiers, as the classifier would put them, with the time they took."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from switchboard.cli.failing import CannotDo
from switchboard.contracts import Calibration, IntentOption
from switchboard.intents import tiers
from switchboard.intents.background import CHATTER
from switchboard.intents.choosing import Model, NoAnswer
from switchboard.intents.confidence import UNCORRECTED, calibrate
from switchboard.intents.encoder import BuiltIn
from switchboard.intents.evaluating import Answered, by_examples
from switchboard.intents.prompt import near_examples, prompt_for
from switchboard.intents.reading import spoken
from switchboard.intents.recogniser import Ranking, Recogniser
from switchboard.intents.samples import Sample
from switchboard.intents.tiers import Judgement, Thresholds
from switchboard.intents.vectors import Known
from switchboard.models import Embedding, Server

# So many texts are put one by one, to see how long one takes; the others so many together.
_TIMED: Final = 200
_AT_ONCE: Final = 200
_CALLS_AT_ONCE: Final = 4
_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Whom to ask: by which vectors, and which models of which Ollama server, if any."""

    encoder: bool = True
    ollama: str | None = None
    model: str | None = None
    embed_model: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What an account has made of its intents: what tells them apart, and how sure one must be."""

    recogniser: Recogniser
    intents: Sequence[IntentOption]
    thresholds: Thresholds
    calibration: Calibration = UNCORRECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The tiers, ready to be asked."""

    encoder: BuiltIn | None
    embedding: Embedding | None
    model: Model | None

    async def recogniser(
        self, intents: Sequence[IntentOption], texts: Sequence[str] = ()
    ) -> Recogniser:
        """Return what tells `intents` apart, and ranks `texts` if an embedding model must."""
        if self.embedding is None:
            return Recogniser.of(intents, self.encoder)
        examples = [text for intent in intents for text in intent.examples]
        said = dict.fromkeys(filter(None, map(spoken, [*examples, *CHATTER, *texts])))
        rows = await self.embedding.encode(list(said), within_s=_WITHIN_S * 10)
        known = Known(self.embedding.name, dict(zip(said, rows[:, None, :], strict=True)))
        return Recogniser.of(intents, known)

    async def answer(
        self,
        account: Account,
        asked: Sequence[Sample],
        counted: Callable[[], None] = lambda: None,
    ) -> list[Answered]:
        """Return what each of `asked` would be answered; `counted` is called for each."""
        slots = asyncio.Semaphore(_CALLS_AT_ONCE)

        async def one(sample: Sample, ranking: Ranking, took_ms: float | None) -> Answered:
            async with slots:
                judgement, more_ms = await self._judged(sample.text, ranking, account)
            counted()
            took_ms = None if took_ms is None else took_ms + more_ms
            return _answered(sample, ranking, judgement, account.calibration, took_ms)

        found: list[Answered] = []
        for some in (asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE)):
            timed = _TIMED - len(found)
            ranked = _ranked(account.recogniser, [sample.text for sample in some], timed)
            found += await asyncio.gather(*(one(*each) for each in zip(some, *ranked, strict=True)))
        return found

    async def _judged(
        self, text: str, ranking: Ranking, account: Account
    ) -> tuple[Judgement | None, float]:
        """Return the model's judgement where it is asked, and how long that took."""
        if self.model is None or not spoken(text):
            return None, 0.0
        thresholds, calibration = account.thresholds, account.calibration
        if tiers.by_examples_alone(ranking, thresholds, calibration) is not None:
            return None, 0.0
        began = time.perf_counter()
        near = near_examples(account.recogniser.examples, ranking.near)
        shown = prompt_for(text, account.intents, near)
        try:
            chosen = await self.model.choose(shown, within_s=_WITHIN_S)
        except NoAnswer:
            return None, (time.perf_counter() - began) * 1000
        judgement = tiers.by_model(chosen, ranking, thresholds, calibration)
        return judgement, (time.perf_counter() - began) * 1000


@contextlib.asynccontextmanager
async def open_asking(who: Who) -> AsyncIterator[Asking]:
    """
    Make the tiers ready.

    Raises:
        CannotDo: A model is named that the server does not have, or that cannot do what it is for.
    """
    encoder = BuiltIn(remembers=0) if who.encoder else None  # or the times would be too good
    if who.ollama is None:
        if who.model or who.embed_model:
            raise CannotDo("--ollama: give the address of the server that has the model")
        yield Asking(encoder=encoder, embedding=None, model=None)
        return
    async with Server.open(who.ollama, call_budget_s=_WITHIN_S) as server:
        for name, ability in ((who.model, "completion"), (who.embed_model, "embedding")):
            if name is not None:
                await require(server, name, ability)
        yield Asking(
            encoder=encoder,
            embedding=server.embedding(who.embed_model) if who.embed_model else None,
            model=server.chat(who.model) if who.model else None,
        )


async def require(server: Server, name: str, ability: str) -> None:
    """
    See to it that the server has the model `name`, and that it can do what it is for.

    Raises:
        CannotDo: It has not, or cannot.
    """
    try:
        found = await server.abilities(name, within_s=_WITHIN_S)
    except NoAnswer as failure:
        raise CannotDo(f"Ollama: {name}: {failure}; is it up, and was the model pulled?") from None
    if found and ability not in found:
        raise CannotDo(
            f"Ollama: {name} has no {ability!r}, only {', '.join(sorted(found))}; choose another"
        )


def learn_calibration(
    answered: Sequence[Answered],
    measure: str,
    model: tuple[Sequence[bool], Sequence[bool]] = ((), ()),
) -> Calibration:
    """
    Return what a labelled history says, answered without being corrected by one.

    `model` says whether the chat model's answers were right: where the examples agreed, and not.
    """
    examples = [one for one in answered if one.best is not None and one.by == "examples"]
    return calibrate(
        [one.confidence for one in examples],
        [one.best == one.right for one in examples],
        measure=measure,
        model_agrees=model[0],
        model_differs=model[1],
    )


def _ranked(
    recogniser: Recogniser, texts: Sequence[str], timed: int
) -> tuple[list[Ranking], list[float | None]]:
    """Return each text's ranking, and how many ms it took if it is one of the first `timed`."""
    if timed <= 0:
        return recogniser.rank_all(texts), [None] * len(texts)
    rankings: list[Ranking] = []
    times: list[float | None] = []
    for text in texts:
        began = time.perf_counter()
        rankings.append(recogniser.rank(text))
        times.append((time.perf_counter() - began) * 1000)
    return rankings, times


def _answered(
    sample: Sample,
    ranking: Ranking,
    judgement: Judgement | None,
    calibration: Calibration,
    took_ms: float | None,
) -> Answered:
    if judgement is not None:
        best = judgement.intent or judgement.guess
        return Answered(
            sample.text, sample.label, best, judgement.confidence or 0.0, "model", took_ms
        )
    return by_examples(sample, ranking, calibration, took_ms)
