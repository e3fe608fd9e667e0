"""One question in, one answer out, whatever the model does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.classifier.choosing import NoAnswer, Prompt
from services.classifier.classifier import Classifier
from switchboard.contracts import (
    Answer,
    CommentId,
    CommentWritten,
    IntentOption,
    PersonId,
    Question,
)
from switchboard.errors import Unavailable
from switchboard.queues import Outgoing, Receipt
from switchboard.telemetry import Meter
from tests.contracts.samples import ACCOUNT, TRACE

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
WORDS = "wie teuer ist das?"
RECEIPT = Receipt(message_id="m1", receives=1, sent_at=NOON)


def question(**fields: Any) -> Question:
    """Return a question that may still be answered for ten seconds."""
    event = CommentWritten(
        account_id=ACCOUNT,
        occurred_at=NOON,
        received_at=NOON,
        trace_id=TRACE,
        comment_id=CommentId("179"),
        author_id=PersonId("123"),
        text=WORDS,
    )
    whole: dict[str, Any] = {
        "event": event,
        "text": WORDS,
        "intents": (IntentOption(name="price"), IntentOption(name="sizes")),
        "intents_version": 7,
        "asked_at": NOON,
        "answer_by": NOON + timedelta(seconds=10),
    }
    return Question(**whole | fields)


@dataclass
class FakeClock:
    """A clock that only moves when somebody takes time."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeModel:
    """A model that says what it is told to, after a while."""

    clock: FakeClock
    says: str | NoAnswer | None = "price"
    takes: timedelta = timedelta(milliseconds=250)
    name: str = "tiny:1b"
    asked: list[tuple[Prompt, float]] = field(default_factory=list)

    async def choose(self, prompt: Prompt, *, within_s: float) -> str | None:
        self.asked.append((prompt, within_s))
        self.clock.now += self.takes
        if isinstance(self.says, NoAnswer):
            raise self.says
        return self.says


@dataclass
class FakeAnswers:
    """A queue that remembers, or is away."""

    away: bool = False
    stored: list[Outgoing] = field(default_factory=list)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if self.away:
            raise Unavailable("SQS send: down")
        self.stored.extend(messages)


@dataclass
class Scene:
    """A classifier among fakes."""

    clock: FakeClock = field(default_factory=FakeClock)
    answers: FakeAnswers = field(default_factory=FakeAnswers)
    meter: Meter = field(default_factory=lambda: Meter("classifier", "test"))

    def __post_init__(self) -> None:
        self.model = FakeModel(self.clock)

    async def ask(self, question: Question, *, call_budget_s: float = 8) -> None:
        """Put `question` to it."""
        classifier = Classifier(
            model=self.model,
            answers=self.answers,
            meter=self.meter,
            now=self.clock,
            call_budget_s=call_budget_s,
        )
        await classifier(question, RECEIPT)


@pytest.fixture
def scene() -> Scene:
    """All well: the model answers, the queue takes answers."""
    return Scene()


def answered(**fields: Any) -> Outgoing:
    """Return the message of an answer to `question()`."""
    whole: dict[str, Any] = {
        "event": question().event,
        "intent": None,
        "by": "nobody",
        "intents_version": 7,
        "answered_at": NOON + timedelta(milliseconds=250),
    }
    return Outgoing(Answer(**whole | fields).to_json(), group=ACCOUNT)


async def test_a_recognised_intent(scene: Scene) -> None:
    """The answer carries the event back, the intent, who said so, and the account as its group."""
    await scene.ask(question())

    assert [
        answered(intent="price", because="recognised", by="model", model="tiny:1b")
    ] == scene.answers.stored


async def test_none_fits(scene: Scene) -> None:
    """That nothing fits is an answer of the model's too."""
    scene.model.says = None
    await scene.ask(question())

    assert [answered(because="none_fits", by="model", model="tiny:1b")] == scene.answers.stored


@pytest.mark.parametrize("because", ["unavailable", "timed_out", "nonsense"])
async def test_whatever_is_wrong_with_the_model_we_abstain(scene: Scene, because: Any) -> None:
    """Nothing is raised, nothing is retried: the answer says why nobody knows."""
    scene.model.says = NoAnswer("so it goes", because=because)
    await scene.ask(question())

    assert [answered(because=because)] == scene.answers.stored


@pytest.mark.parametrize("late_by_s", [0, 0.001, 3600])
async def test_a_question_nobody_waits_for_is_not_asked(scene: Scene, late_by_s: float) -> None:
    """It costs no call; the answer says it came too late."""
    scene.clock.now = NOON + timedelta(seconds=10 + late_by_s)
    await scene.ask(question())

    assert [] == scene.model.asked
    assert [answered(because="too_late", answered_at=scene.clock.now)] == scene.answers.stored


@pytest.mark.parametrize(("left_s", "budget_s", "within_s"), [(10, 8, 8), (3, 8, 3), (8, 8, 8)])
async def test_the_deadline(scene: Scene, left_s: int, budget_s: int, within_s: int) -> None:
    """The model has the call budget, or what is left of the question if that is less."""
    await scene.ask(question(answer_by=NOON + timedelta(seconds=left_s)), call_budget_s=budget_s)

    assert [within_s] == [within for _, within in scene.model.asked]


async def test_a_queue_that_is_away_is_raised(scene: Scene) -> None:
    """The question is kept for later; no line claims that it was answered."""
    scene.answers.away = True
    with capture_logs() as lines, pytest.raises(Unavailable):
        await scene.ask(question())

    assert [] == lines
    assert {} == scene.meter.totals()


async def test_one_line_with_ids_and_nothing_anybody_wrote(scene: Scene) -> None:
    """Who, what came of it, how long; no words, no intent's name, no person."""
    with capture_logs() as lines:
        await scene.ask(question())

    assert [
        {
            "event": "question.answered",
            "log_level": "info",
            "event_id": str(question().event.event_id),
            "account_id": ACCOUNT,
            "trace_id": TRACE,
            "outcome": "recognised",
            "by": "model",
            "elapsed_ms": 250.0,
        }
    ] == lines


async def test_figures(scene: Scene) -> None:
    """How many, by outcome and by whom, and how long it took."""
    await scene.ask(question())
    scene.model.says = NoAnswer("away", because="unavailable")
    await scene.ask(question())

    assert {
        "QuestionsAnswered{by=model,outcome=recognised}": 1,
        "QuestionsAnswered{by=nobody,outcome=unavailable}": 1,
        "AnswerTime{by=model}": 1,
        "AnswerTime{by=nobody}": 1,
    } == scene.meter.totals()
