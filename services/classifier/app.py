"""The classifier on one page."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

from services.classifier.classifier import Classifier
from services.classifier.model import open_model
from services.classifier.settings import Settings
from switchboard.clock import utc_now
from switchboard.contracts import QUESTION
from switchboard.lifecycle import Worker
from switchboard.process import answering, open_meter, run_service
from switchboard.queues import Address, Consumer, Publisher, one_by_one, open_sqs
from switchboard.queues.fates import Fates
from switchboard.topology import CLASSIFIED, CLASSIFIER, CLASSIFY


@contextlib.asynccontextmanager
async def assemble(settings: Settings) -> AsyncIterator[Sequence[Worker]]:
    """Open what the classifier needs, in order, and yield its workers; close it in reverse."""
    prefix = settings.queue_prefix
    async with (
        open_meter(CLASSIFIER, settings) as meter,
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
            queue=settings.held(CLASSIFY),
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
        # A model that is away is no reason to be unready: abstaining is answering.
        async with answering(
            CLASSIFIER,
            settings,
            meter,
            probes={"sqs": Address(sqs, CLASSIFY.physical(prefix)).ping},
            pulses={"questions": questions.still_s},
        ) as loop:
            yield (questions, loop, meter)


async def main() -> None:
    """Run the classifier until it is told to stop."""
    await run_service(CLASSIFIER, Settings, assemble)
