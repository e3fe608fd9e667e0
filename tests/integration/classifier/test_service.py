"""The classifier as it runs: a real queue on both sides, a model on a socket, health on a port."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from services.classifier.app import assemble
from services.classifier.settings import Settings
from switchboard.clock import utc_now
from switchboard.contracts import ANSWER, Answer, IntentOption, Question
from switchboard.lifecycle import run_until
from switchboard.queues import Address, Outgoing, Publisher, SqsClient, create_queues
from switchboard.settings import EXIT_BAD_SETTINGS
from switchboard.topology import CLASSIFIED, CLASSIFY, Queue
from tests.contracts.samples import COMMENT_WRITTEN
from tests.integration.classifier.conftest import SettingsOf
from tests.integration.queues.relay import open_relay
from tests.support.ollama_server import EMBED_MODEL, OllamaServer, fails, hangs, says

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

WORDS = "quanto costa, cara anna?"


def question(text: str = WORDS, *, left_s: float = 60) -> Question:
    """Return a question that may be answered for `left_s` seconds yet."""
    return Question(
        event=COMMENT_WRITTEN.model_copy(update={"text": text}),
        text=text,
        intents=(IntentOption(name="price", examples=("how much?",)), IntentOption(name="sizes")),
        intents_version=3,
        asked_at=utc_now(),
        answer_by=utc_now() + timedelta(seconds=left_s),
    )


@dataclass(slots=True)
class Desk:
    """Where a test puts questions and finds answers."""

    sqs: SqsClient
    prefix: str

    async def ask(self, *bodies: str) -> None:
        """Put questions on the queue."""
        where = Address(self.sqs, CLASSIFY.physical(self.prefix))
        async with Publisher.open(self.sqs, where, budget_s=10) as publisher:
            await publisher.publish([Outgoing(body, COMMENT_WRITTEN.account_id) for body in bodies])

    async def answer(self) -> Answer:
        """Return the next answer, as the router will read it."""
        message = await self._next(CLASSIFIED.physical(self.prefix))
        assert message["Attributes"]["MessageGroupId"] == COMMENT_WRITTEN.account_id
        answer = ANSWER.validate_json(message["Body"])
        assert isinstance(answer, Answer)
        return answer

    async def dead(self) -> MessageTypeDef:
        """Return the next question that was buried."""
        return await self._next(CLASSIFY.dead_letters(self.prefix))

    async def left(self, queue: Queue) -> int:
        """Return how many messages `queue` holds."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = await Address(self.sqs, queue.physical(self.prefix)).url()
        answer = await self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    async def _next(self, name: str) -> MessageTypeDef:
        url = await Address(self.sqs, name).url()
        answer = await self.sqs.receive_message(
            QueueUrl=url,
            WaitTimeSeconds=20,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        (message,) = answer["Messages"]
        await self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return message


@pytest.fixture
def desk(sqs: SqsClient, prefix: str) -> Desk:
    """Return the two queues."""
    return Desk(sqs, prefix)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[asyncio.Event]:
    """Run a classifier; leaving stops it and waits until it has drained."""
    stop = asyncio.Event()
    async with assemble(settings) as workers:
        life = asyncio.create_task(run_until(stop, *workers, drain_s=20))
        try:
            yield stop
        finally:
            stop.set()
            await life


async def health(settings: Settings, path: str) -> tuple[int, dict[str, Any]]:
    """Ask the process how it is."""
    url = f"http://127.0.0.1:{settings.health_port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.json()


async def until_ready(settings: Settings, status: int) -> dict[str, Any]:
    """Wait until the process answers /health/ready with `status`."""
    async with asyncio.timeout(30):
        while True:
            try:
                found, body = await health(settings, "/health/ready")
            except aiohttp.ClientConnectionError:
                found, body = 0, {}
            if found == status:
                return body
            await asyncio.sleep(0.05)


async def test_a_question_is_answered(
    desk: Desk, settings_of: SettingsOf, ollama_server: OllamaServer
) -> None:
    """From one queue to the other through the model, with the whole event."""
    asked = question()
    async with running(settings_of(ollama_host=ollama_server.url)):
        await desk.ask(asked.to_json())
        answer = await desk.answer()

    assert ("price", "recognised", "model", "tiny:1b", 3) == (
        answer.intent,
        answer.because,
        answer.by,
        answer.model,
        answer.intents_version,
    )
    assert asked.event == answer.event
    assert 0 == await desk.left(CLASSIFY)


async def test_without_a_model_examples_answer_and_it_is_well(
    desk: Desk, settings_of: SettingsOf
) -> None:
    """An absent model is a state of the world, not of the process: who can be believed answers."""
    settings = settings_of()
    async with running(settings):
        await desk.ask(question().to_json())
        unsure = await desk.answer()
        await desk.ask(question("how much?").to_json())
        sure = await desk.answer()
        status, _ = await health(settings, "/health/ready")

    assert (None, "unsure", "nobody") == (unsure.intent, unsure.because, unsure.by)
    assert ("price", "recognised", "examples") == (sure.intent, sure.because, sure.by)
    assert "usem3+ngrams" == sure.model
    assert 200 == status


@pytest.mark.parametrize(
    ("behaviour", "because"),
    [(fails(500), "unavailable"), (hangs, "timed_out"), (says("refund"), "nonsense")],
)
async def test_a_bad_model_is_an_abstention(
    desk: Desk,
    settings_of: SettingsOf,
    ollama_server: OllamaServer,
    behaviour: Any,
    because: str,
) -> None:
    """Each question is answered once and is gone from the queue; nothing is buried."""
    ollama_server.behave = behaviour
    async with running(settings_of(ollama_host=ollama_server.url, classifier_call_budget_s=0.2)):
        await desk.ask(question().to_json())
        answer = await desk.answer()

    assert (None, because) == (answer.intent, answer.because)
    assert 1 == len(ollama_server.asked)
    assert 0 == await desk.left(CLASSIFY)


async def test_replicas_share_what_they_learn(
    desk: Desk, settings_of: SettingsOf, ollama_server: OllamaServer, redis_url: str
) -> None:
    """What one replica was answered another remembers; what one gave up another leaves alone."""
    # A queue for each, so that it is known which of them is asked.
    other = Desk(desk.sqs, f"{desk.prefix}x")
    await create_queues(other.sqs, other.prefix)
    fields = {
        "ollama_host": ollama_server.url,
        "redis_url": redis_url,
        "classifier_breaker_failures": 1,
    }
    text = f"{WORDS} {desk.prefix}"
    async with (
        running(settings_of(**fields)),
        running(settings_of(**fields, queue_prefix=other.prefix)),
    ):
        answers = [await asked_at(desk, text), await asked_at(other, text)]
        ollama_server.behave = fails(500)
        answers += [await asked_at(desk, f"{text} ancora"), await asked_at(other, f"{text} poi")]

    assert ["model", "cache", "nobody", "nobody"] == [answer.by for answer in answers]
    assert 2 == len(ollama_server.asked)


async def asked_at(desk: Desk, text: str) -> Answer:
    """Put a question, and return its answer."""
    await desk.ask(question(text).to_json())
    return await desk.answer()


async def test_an_embedding_model_in_place_of_our_encoder(
    desk: Desk, settings_of: SettingsOf, ollama_server: OllamaServer
) -> None:
    """Examples are compared by its vectors; while it fails, by our own."""
    settings = settings_of(ollama_host=ollama_server.url, classifier_embed_model=EMBED_MODEL)
    async with running(settings):
        await desk.ask(question("how much?").to_json())
        by_vectors = await desk.answer()
        ollama_server.sim.config.behaviour = "fails"
        await desk.ask(question("how much?!").to_json())
        by_our_own = await desk.answer()

    assert ("price", "examples", f"{EMBED_MODEL}+ngrams") == (
        by_vectors.intent,
        by_vectors.by,
        by_vectors.model,
    )
    assert ("price", "examples", "usem3+ngrams") == (
        by_our_own.intent,
        by_our_own.by,
        by_our_own.model,
    )


async def test_an_old_question_is_not_put_to_the_model(
    desk: Desk, settings_of: SettingsOf, ollama_server: OllamaServer
) -> None:
    """After a backlog the model's time goes to those who still wait."""
    async with running(settings_of(ollama_host=ollama_server.url)):
        await desk.ask(question(left_s=-1).to_json())
        answer = await desk.answer()

    assert "too_late" == answer.because
    assert [] == ollama_server.asked


async def test_a_poison_question_is_buried(desk: Desk, settings_of: SettingsOf) -> None:
    """A person looks at it; the next question is answered."""
    async with running(settings_of()):
        await desk.ask('{"kind": "question.v9"}')
        letter = await desk.dead()

    reason = letter["MessageAttributes"]["Reason"]["StringValue"]
    assert reason.startswith("unreadable: ")
    assert "kind: Input should be 'question.v1'" in reason


async def test_many_questions_are_answered_once_each(
    desk: Desk, settings_of: SettingsOf, ollama_server: OllamaServer
) -> None:
    """However many wait, the model has no more at once than it can take."""
    with capture_logs() as lines:
        settings = settings_of(
            ollama_host=ollama_server.url, classifier_concurrency=3, classifier_waiting=40
        )
        async with running(settings):
            await desk.ask(*(question(f"{WORDS} {n}").to_json() for n in range(40)))
            await ollama_server.was_asked(40)

    assert 40 == await desk.left(CLASSIFIED)
    assert 0 == await desk.left(CLASSIFY)
    assert ollama_server.most_open <= 3
    assert 40 == [line["event"] for line in lines].count("question.answered")


async def test_nothing_anybody_wrote_is_logged(
    desk: Desk, settings_of: SettingsOf, ollama_server: OllamaServer
) -> None:
    """Whether all is well, the model is not, or the question cannot be read."""
    with capture_logs() as lines:
        async with running(settings_of(ollama_host=ollama_server.url)):
            await desk.ask(question().to_json())
            await ollama_server.was_asked(1)
            ollama_server.behave = fails(500, json.dumps({"error": f"cannot label {WORDS}"}))
            other = question(f"{WORDS} ancora")
            await desk.ask(other.to_json(), other.to_json().replace("question.v1", "x"))
            await desk.dead()
            await ollama_server.was_asked(2)

    assert {"question.answered", "message.settled"} == {line["event"] for line in lines}
    assert "quanto" not in repr(lines)
    assert "anna" not in repr(lines)


async def test_stopping_lets_the_model_finish(
    desk: Desk, settings_of: SettingsOf, ollama_server: OllamaServer
) -> None:
    """A question that is with the model is still answered; nobody has to ask again."""
    stopped = asyncio.Event()

    async def answer_after_the_stop(request: Any) -> Any:
        await stopped.wait()
        return await says("sizes")(request)

    ollama_server.behave = answer_after_the_stop
    async with running(settings_of(ollama_host=ollama_server.url)) as stop:
        await desk.ask(question().to_json())
        await ollama_server.was_asked(1)
        stop.set()
        stopped.set()

    assert "sizes" == (await desk.answer()).intent
    assert 0 == await desk.left(CLASSIFY)


class TestHealth:
    async def test_sqs_away_is_unready_but_live(
        self, settings_of: SettingsOf, sqs_endpoint_url: str, desk: Desk
    ) -> None:
        """Started without SQS it waits; when SQS is there it works; and again after each loss."""
        async with open_relay(sqs_endpoint_url) as relay:
            relay.cut()
            settings = settings_of(aws_endpoint_url=relay.url)
            async with running(settings):
                body = await until_ready(settings, 503)
                assert {"sqs"} == set(body["faults"])
                assert 200 == (await health(settings, "/health/live"))[0]

                relay.mend()
                await until_ready(settings, 200)
                await desk.ask(question(left_s=-1).to_json())
                assert "too_late" == (await desk.answer()).because

    async def test_figures_are_served(self, settings_of: SettingsOf, desk: Desk) -> None:
        """What was counted since the start, for a person or a test."""
        settings = settings_of()
        async with running(settings):
            await desk.ask(question(left_s=-1).to_json())
            await desk.answer()
            async with asyncio.timeout(30):
                while "QuestionsAnswered{by=nobody,outcome=too_late}" not in (  # noqa: ASYNC110  over HTTP
                    figures := (await health(settings, "/metrics.json"))[1]
                ):
                    await asyncio.sleep(0.01)

        assert 1 == figures["QuestionsAnswered{by=nobody,outcome=too_late}"]

    async def test_a_taken_port_is_named(
        self, settings_of: SettingsOf, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One line says which variable to change."""
        settings = settings_of()
        async with running(settings):
            with pytest.raises(SystemExit) as caught:
                async with assemble(settings):
                    pytest.fail("it started all the same")

        assert EXIT_BAD_SETTINGS == caught.value.code
        said = capsys.readouterr().err
        assert f"HEALTH_PORT: port {settings.health_port} cannot be used" in said


async def test_the_process(desk: Desk, settings_of: SettingsOf) -> None:
    """`python -m services.classifier` starts, works, answers its container's check, and ends."""
    settings = settings_of()
    environment = os.environ | {
        "AWS_ENDPOINT_URL": settings.aws_endpoint_url or "",
        "QUEUE_PREFIX": settings.queue_prefix,
        "HEALTH_PORT": str(settings.health_port),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }

    async def start(module: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, env=environment, stdout=asyncio.subprocess.PIPE
        )

    process = await start("services.classifier")
    try:
        await until_ready(settings, 200)
        check = await start("switchboard.health")
        await check.communicate()
        await desk.ask(question(left_s=-1).to_json())
        answer = await desk.answer()
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = await process.communicate()

    lines = [json.loads(line) for line in out.splitlines()]
    assert (0, 0) == (check.returncode, process.returncode)
    assert "too_late" == answer.because
    assert "question.answered" in [line["event"] for line in lines]
    assert any("QuestionsAnswered" in line for line in lines)
    assert {"classifier"} == {line["service"] for line in lines}
