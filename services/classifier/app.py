"""The classifier on one page."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from services.classifier.classifier import Classifier
from services.classifier.model import open_model
from services.classifier.settings import Settings
from switchboard.clock import utc_now
from switchboard.contracts import QUESTION
from switchboard.health import Health, LoopWatch, serve_health
from switchboard.lifecycle import Worker, run_until_signalled
from switchboard.queues import Address, Consumer, Publisher, one_by_one, open_sqs
from switchboard.queues.fates import Fates
from switchboard.settings import load, refuse
from switchboard.telemetry import Meter, configure_logging, report_errors
from switchboard.topology import CLASSIFIED, CLASSIFIER, CLASSIFY

# The consumer drains for `drain_s` and then gives back what is left, which takes a call.
_GIVE_BACK_S: Final = 5.0


@contextlib.asynccontextmanager
async def assemble(settings: Settings) -> AsyncIterator[Sequence[Worker]]:
    """Open what the classifier needs, in order, and yield its workers; close it in reverse."""
    meter = Meter(CLASSIFIER.name, settings.deploy_env, settings.metrics_flush_s)
    prefix = settings.queue_prefix
    async with (
        open_model(
            settings.ollama_host,
            name=settings.classifier_model,
            concurrency=settings.classifier_concurrency,
            call_budget_s=settings.classifier_call_budget_s,
            unreachable_s=settings.classifier_unreachable_s,
        ) as model,
        open_sqs(endpoint_url=settings.aws_endpoint_url, region=settings.aws_region) as sqs,
        Publisher.open(sqs, classified := Address(sqs, CLASSIFIED.physical(prefix))) as answers,
        Fates.open(sqs, CLASSIFY, prefix=prefix) as fates,
    ):
        classifier = Classifier(
            model=model,
            answers=answers,
            meter=meter,
            now=utc_now,
            call_budget_s=settings.classifier_call_budget_s,
        )
        questions = Consumer(
            sqs,
            queue=CLASSIFY,
            prefix=prefix,
            parse=QUESTION.validate_json,
            handle=one_by_one(classifier),
            fates=fates,
            meter=meter,
            ready=classified.ping,
            batch_size=1,
            # One question waits for each that is with the model. The others wait in the queue,
            # where they are counted, and where another replica can take them.
            max_in_flight=min(settings.max_in_flight, 2 * settings.classifier_concurrency),
            receivers=settings.receivers,
            drain_s=settings.drain_s,
        )
        loop = LoopWatch()
        # A model that is away is no reason to be unready: abstaining is answering.
        health = Health(
            loop=loop,
            lag_limit_s=settings.loop_lag_limit_s,
            probes={"sqs": Address(sqs, CLASSIFY.physical(prefix)).ping},
            pulses={"questions": questions.still_s},
        )
        async with _served(health, meter, settings):
            try:
                yield (questions, loop, meter)
            finally:
                meter.flush()  # what was counted while draining


@contextlib.asynccontextmanager
async def _served(health: Health, meter: Meter, settings: Settings) -> AsyncIterator[None]:
    """Serve health checks, or end the process saying which variable to change."""
    port = settings.health_port or CLASSIFIER.port
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(
                serve_health(health, meter, host=settings.health_host, port=port)
            )
        except OSError as error:
            refuse(f"HEALTH_HOST, HEALTH_PORT: port {port} cannot be used: {error.strerror}")
        yield


async def main() -> None:
    """Run the classifier until it is told to stop."""
    settings = load(Settings)
    configure_logging(service=CLASSIFIER.name, env=settings.deploy_env, level=settings.log_level)
    dsn = settings.sentry_dsn
    report_errors(
        dsn.get_secret_value() if dsn else None, service=CLASSIFIER.name, env=settings.deploy_env
    )
    async with assemble(settings) as workers:
        await run_until_signalled(*workers, drain_s=settings.drain_s + _GIVE_BACK_S)
