"""The classifier's heart: one question in, one answer out, whatever the model does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from services.classifier import recognisers, remembering
from services.classifier.attending import Attended
from services.classifier.recognisers import Recognisers
from services.classifier.remembering import Kept, Memory
from switchboard.clock import Clock
from switchboard.contracts import Answer, Calibration, Question
from switchboard.intents import prompt, tiers
from switchboard.intents.choosing import Model, NoAnswer
from switchboard.intents.confidence import UNCORRECTED
from switchboard.intents.prompt import near_examples, prompt_for
from switchboard.intents.reading import spoken
from switchboard.intents.recogniser import Ranking, Recogniser
from switchboard.intents.tiers import Judgement, Thresholds
from switchboard.queues import Outgoing, Receipt
from switchboard.telemetry import Meter, Metric

QUESTIONS = Metric("QuestionsAnswered")
ANSWER_TIME = Metric("AnswerTime", "Milliseconds")
# The model was wanted and could not be asked, or failed.
FALLBACK = Metric("ClassifierFallback")

log = structlog.get_logger()


class Out(Protocol):
    """Where answers go."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Store `messages`, or raise a `Failure`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """
    Answer a question in time: from memory, by the examples, by the model, or not at all.

    `model` is asked in its turn by `attended`; `None`: there is none, and the examples are all
    there is.
    """

    recognisers: Recognisers
    memory: Memory
    model: Model | None
    attended: Attended
    answers: Out
    meter: Meter
    now: Clock
    thresholds: Thresholds

    async def __call__(self, question: Question, _receipt: Receipt, /) -> None:
        """
        Publish the answer to `question`.

        Raises:
            Failure: The answer could not be stored. Nothing the model does is raised.
        """
        began_at = self.now()
        kept = await self._judged(question, began_at)
        answered_at = self.now()
        answer = _answer(question, kept, answered_at)
        await self.answers.publish([Outgoing(answer.to_json(), group=answer.account_id)])
        self._tell(answer, elapsed_ms=(answered_at - began_at).total_seconds() * 1000)

    async def _judged(self, question: Question, now: datetime) -> Kept:
        """Return what is made of `question`, and by whom."""
        if question.answer_by <= now:
            return Kept(Judgement("too_late"))
        if not spoken(question.text):
            return Kept(tiers.nothing_said())
        intents = recognisers.digest_of(question.intents)
        digest = remembering.digest_of(question, intents, *self._asked)
        known = await self.memory.find(question.account_id, digest)
        if known is not None:
            return replace(known, judgement=replace(known.judgement, by="cache"))
        kept, lasts = await self._asked_anew(question, intents)
        if lasts:
            await self.memory.keep(question.account_id, digest, kept)
        return kept

    async def _asked_anew(self, question: Question, intents: str) -> tuple[Kept, bool]:
        """Return what is made of `question`, and whether the same would be made of it tomorrow."""
        try:
            ranking, recogniser = await self.recognisers.rank(
                question.text, question.intents, intents, within_s=self._left_s(question)
            )
        except NoAnswer as failure:
            self.meter.count(FALLBACK, 1, because=failure.because)
            return Kept(Judgement(failure.because)), False
        thresholds = self._thresholds_for(question)
        calibration = _calibration_for(question, recogniser)
        alone = tiers.by_examples_alone(ranking, thresholds, calibration)
        if alone is not None:
            return Kept(alone, recogniser.measure), True
        if self.model is None:
            judgement = tiers.without_model(ranking, thresholds, calibration)
            return Kept(judgement, _name(judgement, recogniser)), True
        try:
            chosen = await self._choose(self.model, question, ranking, recogniser)
        except NoAnswer as failure:
            self.meter.count(FALLBACK, 1, because=failure.because)
            judgement = tiers.without_model(ranking, thresholds, calibration, failure.because)
            return Kept(judgement, _name(judgement, recogniser)), False
        judgement = tiers.by_model(chosen, ranking, thresholds, calibration)
        return Kept(judgement, self.model.name, prompt.VERSION), True

    async def _choose(
        self, model: Model, question: Question, ranking: Ranking, recogniser: Recogniser
    ) -> str | None:
        near = near_examples(recogniser.examples, ranking.near)
        shown = prompt_for(question.text, question.intents, near)
        return await self.attended.ask(
            lambda within_s: model.choose(shown, within_s=within_s),
            within_s=self._left_s(question),
        )

    @property
    def _asked(self) -> tuple[str, ...]:
        """Who is asked: another model may answer otherwise."""
        clear = str(self.thresholds.clear)
        model = () if self.model is None else (self.model.name, str(prompt.VERSION))
        return (self.recognisers.name, clear, *model)

    def _thresholds_for(self, question: Question) -> Thresholds:
        if question.threshold is None:
            return self.thresholds
        return replace(self.thresholds, believed=question.threshold)

    def _left_s(self, question: Question) -> float:
        return max(0.0, (question.answer_by - self.now()).total_seconds())

    def _tell(self, answer: Answer, *, elapsed_ms: float) -> None:
        """Write the question's one line: ids and outcome, nothing that anybody wrote."""
        self.meter.count(QUESTIONS, 1, outcome=answer.because, by=answer.by)
        self.meter.observe(ANSWER_TIME, elapsed_ms, by=answer.by)
        log.info(
            "question.answered",
            event_id=str(answer.event.event_id),
            account_id=answer.account_id,
            trace_id=answer.trace_id,
            outcome=answer.because,
            by=answer.by,
            elapsed_ms=round(elapsed_ms, 1),
        )


def _name(judgement: Judgement, recogniser: Recogniser) -> str | None:
    return recogniser.measure if judgement.by == "examples" else None


def _calibration_for(question: Question, recogniser: Recogniser) -> Calibration:
    """Return what the account's history says of confidence measured like this."""
    told = question.calibration
    if told is None:
        return UNCORRECTED
    if told.measure != recogniser.measure:
        return told.model_copy(update={"slope": 1.0, "shift": 0.0})
    return told


def _answer(question: Question, kept: Kept, now: datetime) -> Answer:
    judgement = kept.judgement
    confidence = judgement.confidence
    return Answer(
        event=question.event,
        intent=judgement.intent,
        because=judgement.because,
        by=judgement.by,
        confidence=None if confidence is None else round(confidence, 4),
        model=kept.model,
        prompt=kept.prompt,
        guess=judgement.guess,
        intents_version=question.intents_version,
        answered_at=now,
    )
