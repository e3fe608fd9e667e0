"""One question in, one answer out, whatever the model does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.classifier.attending import Attended
from services.classifier.breaking import ModelBreaker
from services.classifier.classifier import Classifier
from services.classifier.recognisers import Recognisers
from services.classifier.remembering import Memory
from switchboard.circuit import CircuitRules
from switchboard.contracts import (
    Answer,
    Calibration,
    CommentId,
    CommentWritten,
    IntentOption,
    PersonId,
    Question,
)
from switchboard.errors import Unavailable
from switchboard.intents.choosing import NoAnswer, Prompt
from switchboard.intents.tiers import Thresholds
from switchboard.queues import Outgoing, Receipt
from switchboard.telemetry import Meter
from tests.contracts.samples import ACCOUNT, TRACE
from tests.support.examples import shop

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
CLEAR = "how much is this"  # an example itself
DOUBTFUL = "wie teuer ist das?"  # in a language that n-grams know nothing of
RECEIPT = Receipt(message_id="m1", receives=1, sent_at=NOON)
INTENTS = shop("price", "size")


def question(text: str = DOUBTFUL, **fields: Any) -> Question:
    """Return a question that may still be answered for ten seconds."""
    event = CommentWritten(
        account_id=ACCOUNT,
        occurred_at=NOON,
        received_at=NOON,
        trace_id=TRACE,
        comment_id=CommentId("179"),
        author_id=PersonId("123"),
        text=text,
    )
    whole: dict[str, Any] = {
        "event": event,
        "text": text,
        "intents": INTENTS,
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

    def monotonic(self) -> float:
        """Return the same as seconds."""
        return (self.now - NOON).total_seconds()


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


class Scene:
    """A classifier among fakes; its recognisers go by n-grams, which need no weights."""

    def __init__(self) -> None:
        self.clock, self.answers = FakeClock(), FakeAnswers()
        self.meter = Meter("classifier", "test")
        self.model = FakeModel(self.clock)
        self.memory = Memory()
        self.recognisers = Recognisers(None)
        self.has_model = True
        rules = CircuitRules(failures=3, open_ms=15_000, probe_ms=9_000)
        self.attended = Attended(
            breaker=ModelBreaker(rules, meter=self.meter, monotonic=self.clock.monotonic),
            meter=self.meter,
            places=2,
            waiting=2,
            call_budget_s=8,
            monotonic=self.clock.monotonic,
        )

    async def ask(self, question: Question) -> Answer:
        """Put `question` to it; return the answer that was published."""
        classifier = Classifier(
            recognisers=self.recognisers,
            memory=self.memory,
            model=self.model if self.has_model else None,
            attended=self.attended,
            answers=self.answers,
            meter=self.meter,
            now=self.clock,
            thresholds=Thresholds(believed=0.5, clear=0.8),
        )
        await classifier(question, RECEIPT)
        last = self.answers.stored[-1]
        assert last.group == ACCOUNT
        return Answer.model_validate_json(last.body)


@pytest.fixture
def scene() -> Scene:
    """All well: the model answers, the queue takes answers."""
    return Scene()


def told(answer: Answer) -> tuple[str | None, str, str]:
    """Return what was answered, why and by whom."""
    return answer.intent, answer.because, answer.by


async def test_clear_examples_answer_and_no_model_is_asked(scene: Scene) -> None:
    """Only what is in doubt costs a call; the answer says by what it was recognised."""
    answer = await scene.ask(question(CLEAR))

    assert ("price", "recognised", "examples") == told(answer)
    assert ("ngrams", None) == (answer.model, answer.prompt)
    assert [] == scene.model.asked


async def test_the_model_answers_in_doubt(scene: Scene) -> None:
    """The answer carries the event back, the intent, who said so and what they were told."""
    asked = question()
    answer = await scene.ask(asked)

    assert ("price", "recognised", "model") == told(answer)
    assert ("tiny:1b", 2, 7) == (answer.model, answer.prompt, answer.intents_version)
    assert asked.event == answer.event
    assert answer.confidence is not None


async def test_none_fits(scene: Scene) -> None:
    """That nothing fits is an answer of the model's too."""
    scene.model.says = None

    assert (None, "none_fits", "model") == told(await scene.ask(question()))


@pytest.mark.parametrize("text", ["🔥🔥🔥", "@ana @bo", "https://shop.example/x"])
async def test_where_nothing_is_said_nobody_is_asked(scene: Scene, text: str) -> None:
    """Applause without words expresses no intent."""
    assert (None, "none_fits", "examples") == told(await scene.ask(question(text)))
    assert [] == scene.model.asked


@pytest.mark.parametrize("because", ["unavailable", "timed_out", "nonsense"])
async def test_a_model_that_fails_in_doubt(scene: Scene, because: Any) -> None:
    """Nothing is raised, nothing is retried: the answer says why nobody knows, and a guess."""
    scene.model.says = NoAnswer("so it goes", because=because)
    answer = await scene.ask(question())

    assert (None, because, "nobody") == told(answer)
    assert answer.guess in {"price", "size"}
    assert 1 == scene.meter.totals()[f"ClassifierFallback{{because={because}}}"]


async def test_a_model_that_fails_where_the_examples_can_be_believed(scene: Scene) -> None:
    """They answer, less sure than they would have had to be to answer alone."""
    scene.model.says = NoAnswer("so it goes", because="timed_out")
    answer = await scene.ask(question("two of these", threshold=0.05))

    assert ("price", "recognised", "examples") == told(answer)
    assert 1 == len(scene.model.asked)


async def test_without_a_model_the_examples_are_all_there_is(scene: Scene) -> None:
    """What they cannot be believed about is unsure, not unavailable."""
    scene.has_model = False

    assert ("price", "recognised", "examples") == told(await scene.ask(question(CLEAR)))
    assert (None, "unsure", "nobody") == told(await scene.ask(question()))


async def test_an_account_that_wants_to_be_sure(scene: Scene) -> None:
    """Its own threshold holds, for the model's answers too."""
    answer = await scene.ask(question(threshold=0.99))

    assert (None, "unsure", "model") == told(answer)
    assert "price" == answer.guess


async def test_what_the_account_has_labelled_corrects_confidence(scene: Scene) -> None:
    """Measured by the same vectors it counts; measured by others it does not."""
    bold = Calibration(measure="ngrams", shift=-9.0)
    other = bold.model_copy(update={"measure": "usem3+ngrams"})

    assert "model" == (await scene.ask(question(CLEAR, calibration=bold))).by
    assert "examples" == (await scene.ask(question(CLEAR, calibration=other))).by


async def test_the_same_text_is_asked_once(scene: Scene) -> None:
    """However it is written; the answer says who had given it, and that it was remembered."""
    first = await scene.ask(question())
    second = await scene.ask(question("  Wie TEUER ist das?"))

    assert ("price", "recognised", "cache") == told(second)
    assert (first.model, first.prompt, first.confidence) == (
        second.model,
        second.prompt,
        second.confidence,
    )
    assert 1 == len(scene.model.asked)


@pytest.mark.parametrize(
    "fields",
    [
        {"intents": (*INTENTS, IntentOption(name="colour", examples=("in red?",)))},
        {"intents": (INTENTS[0], INTENTS[1].model_copy(update={"description": "other"}))},
        {"threshold": 0.6},
        {"calibration": Calibration(model_agrees=0.5)},
        {"text": "wie teuer ist es?"},
    ],
)
async def test_what_differs_is_asked_anew(scene: Scene, fields: dict[str, Any]) -> None:
    """Other words, other intents or another measure of sureness: another answer."""
    await scene.ask(question())
    await scene.ask(question(**fields))

    assert 2 == len(scene.model.asked)


async def test_another_version_of_the_same_intents_is_the_same(scene: Scene) -> None:
    """A campaign that was published meanwhile has not changed what people may want."""
    await scene.ask(question())
    answer = await scene.ask(question(intents_version=8))

    assert ("cache", 8) == (answer.by, answer.intents_version)


async def test_a_failure_is_not_remembered(scene: Scene) -> None:
    """When the model is back it is asked."""
    scene.model.says = NoAnswer("away", because="unavailable")
    await scene.ask(question())
    scene.model.says = "price"

    assert ("price", "recognised", "model") == told(await scene.ask(question()))


@pytest.mark.parametrize("late_by_s", [0, 0.001, 3600])
async def test_a_question_nobody_waits_for_is_not_asked(scene: Scene, late_by_s: float) -> None:
    """It costs nothing; the answer says it came too late."""
    scene.clock.now = NOON + timedelta(seconds=10 + late_by_s)

    assert (None, "too_late", "nobody") == told(await scene.ask(question(CLEAR)))
    assert [] == scene.model.asked


@pytest.mark.parametrize(("left_s", "within_s"), [(10, 8), (3, 3), (8, 8)])
async def test_the_deadline(scene: Scene, left_s: int, within_s: int) -> None:
    """The model has the call budget, or what is left of the question if that is less."""
    await scene.ask(question(answer_by=NOON + timedelta(seconds=left_s)))

    assert [within_s] == [within for _, within in scene.model.asked]


async def test_the_model_sees_the_nearest_examples_first(scene: Scene) -> None:
    """What is most like the text is what helps most."""
    await scene.ask(question("two of these"))
    ((prompt, _),) = scene.model.asked

    assert '"name": "price", "examples": ["how much for two of them"' in prompt.instructions


async def test_a_model_that_fails_again_and_again_is_left_alone(scene: Scene) -> None:
    """After three failures nobody asks it; the examples go on; then one asks, and all is well."""
    scene.model.says = NoAnswer("away", because="unavailable")
    for number in range(5):
        await scene.ask(question(f"unbekannt {number}"))
    assert 3 == len(scene.model.asked)
    assert ("price", "recognised", "examples") == told(await scene.ask(question(CLEAR)))

    scene.clock.now += timedelta(seconds=15)
    scene.model.says = "price"
    late = {"answer_by": scene.clock.now + timedelta(seconds=10)}
    assert "model" == (await scene.ask(question("noch einmal", **late))).by
    assert "model" == (await scene.ask(question("und noch einmal", **late))).by


async def test_a_queue_that_is_away_is_raised(scene: Scene) -> None:
    """The question is kept for later; no line claims that it was answered."""
    scene.answers.away = True
    with capture_logs() as lines, pytest.raises(Unavailable):
        await scene.ask(question())

    assert [] == lines
    assert "QuestionsAnswered" not in "".join(scene.meter.totals())


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
    """How many, by outcome and by whom, how long it took, and how the breaker stood."""
    await scene.ask(question())
    await scene.ask(question(CLEAR))
    scene.model.says = NoAnswer("away", because="unavailable")
    await scene.ask(question("unbekannt"))

    assert {
        "QuestionsAnswered{by=model,outcome=recognised}": 1,
        "QuestionsAnswered{by=examples,outcome=recognised}": 1,
        "QuestionsAnswered{by=nobody,outcome=unavailable}": 1,
        "ClassifierFallback{because=unavailable}": 1,
        "AnswerTime{by=model}": 1,
        "AnswerTime{by=examples}": 1,
        "AnswerTime{by=nobody}": 1,
        "BreakerState{state=closed}": 2,
        "ModelTime": 2,
    } == scene.meter.totals()


async def test_intents_are_learnt_once_for_all_who_ask_meanwhile(scene: Scene) -> None:
    """Ten questions about new intents do not learn them ten times."""
    made = []
    whole = scene.recognisers._once

    async def counting(key: Any, make: Any) -> Any:
        async def counted() -> Any:
            made.append(key)
            return await make()

        return await whole(key, counted)

    scene.recognisers._once = counting  # type: ignore[method-assign]  # to count
    scene.has_model = False
    await asyncio.gather(*(scene.ask(question(f"frage {n}")) for n in range(10)))

    assert 1 == len(made)


async def test_intents_that_are_still_being_learnt_keep_nobody_longer_than_the_deadline(
    scene: Scene,
) -> None:
    """Who runs out of time gets no answer, nothing is remembered, and the next one is answered."""
    learnt = asyncio.Event()
    whole = scene.recognisers._once

    async def late(key: Any, make: Any) -> Any:
        await learnt.wait()
        return await whole(key, make)

    scene.recognisers._once = late  # type: ignore[method-assign]  # it takes as long as we like
    first = await scene.ask(question(CLEAR, answer_by=NOON + timedelta(milliseconds=20)))
    learnt.set()
    second = await scene.ask(question(CLEAR))

    assert (None, "timed_out", "nobody") == told(first)
    assert ("price", "recognised", "examples") == told(second)
