"""The classifier's heart: one question in, one answer out, whatever the model does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import structlog

from services.classifier.choosing import Model, NoAnswer
from services.classifier.prompt import prompt_for
from switchboard.clock import Clock
from switchboard.contracts import Answer, Question
from switchboard.queues import Outgoing, Receipt
from switchboard.telemetry import Meter, Metric

QUESTIONS = Metric("QuestionsAnswered")
ANSWER_TIME = Metric("AnswerTime", "Milliseconds")

Because = Literal[
    "recognised", "none_fits", "unsure", "too_late", "unavailable", "timed_out", "nonsense"
]

log = structlog.get_logger()


class Answers(Protocol):
    """Where answers go."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Store `messages`, or raise a `Failure`."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of a question: an intent, or why there is none; and whether the model said so."""

    because: Because
    intent: str | None = None
    by: Literal["model", "nobody"] = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """
    Answer a question in time: ask the model, or abstain.

    `call_budget_s` is the longest the model is waited for, and never beyond the question's own
    `answer_by`.
    """

    model: Model
    answers: Answers
    meter: Meter
    now: Clock
    call_budget_s: float

    async def __call__(self, question: Question, _receipt: Receipt, /) -> None:
        """
        Publish the answer to `question`.

        Raises:
            Failure: The answer could not be stored. Nothing the model does is raised.
        """
        began_at = self.now()
        judgement = await self._judge(question, began_at)
        answered_at = self.now()
        answer = self._answer(question, judgement, answered_at)
        await self.answers.publish([Outgoing(answer.to_json(), group=answer.account_id)])
        self._tell(answer, elapsed_ms=(answered_at - began_at).total_seconds() * 1000)

    async def _judge(self, question: Question, now: datetime) -> Judgement:
        """Return what the model makes of `question`, or why it was not heard."""
        left_s = (question.answer_by - now).total_seconds()
        if left_s <= 0:
            return Judgement("too_late")
        try:
            intent = await self.model.choose(
                prompt_for(question), within_s=min(self.call_budget_s, left_s)
            )
        except NoAnswer as failure:
            return Judgement(failure.because)
        return Judgement("none_fits" if intent is None else "recognised", intent, by="model")

    def _answer(self, question: Question, judgement: Judgement, now: datetime) -> Answer:
        return Answer(
            event=question.event,
            intent=judgement.intent,
            because=judgement.because,
            by=judgement.by,
            model=self.model.name if judgement.by == "model" else None,
            intents_version=question.intents_version,
            answered_at=now,
        )

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
