"""The classifier on one page."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final

from services.classifier.attending import Attended
from services.classifier.breaking import ModelBreaker
from services.classifier.classifier import Classifier
from services.classifier.places import AttendedPlaces
from services.classifier.recognisers import Recognisers
from services.classifier.remembering import Memory
from services.classifier.settings import Settings
from services.classifier.sharing import Sharing
from switchboard.circuit import CircuitRules
from switchboard.clock import utc_now
from switchboard.contracts import QUESTION
from switchboard.intents.encoder import BuiltIn
from switchboard.intents.tiers import Thresholds
from switchboard.lifecycle import Worker
from switchboard.models import Server
from switchboard.process import answering, open_meter, run_service
from switchboard.queues import Address, Consumer, Publisher, one_by_one, open_sqs
from switchboard.queues.fates import Fates
from switchboard.state import Breaker, KeptAnswers, open_redis
from switchboard.state.client import Redis
from switchboard.telemetry import Meter
from switchboard.topology import CLASSIFIED, CLASSIFIER, CLASSIFY

_MS: Final = 1000


@contextlib.asynccontextmanager
async def assemble(settings: Settings) -> AsyncIterator[Sequence[Worker]]:
    """Open what the classifier needs, in order, and yield its workers; close it in reverse."""
    prefix = settings.queue_prefix
    async with (
        open_meter(CLASSIFIER, settings) as meter,
        _redis(settings) as redis,
        _server(settings) as server,
        open_sqs(endpoint_url=settings.aws_endpoint_url, region=settings.aws_region) as sqs,
        Publisher.open(sqs, classified := Address(sqs, CLASSIFIED.physical(prefix))) as answers,
        Fates.open(sqs, CLASSIFY, prefix=prefix) as fates,
    ):
        sharing = Sharing()
        attended = _attended(settings, redis, sharing, meter)
        encoder = BuiltIn() if settings.classifier_encoder else None
        if encoder is not None:
            await asyncio.to_thread(encoder.load)  # now: the first question must not wait for it
        kept = timedelta(seconds=settings.classifier_cache_s)
        classifier = Classifier(
            recognisers=_recognisers(settings, encoder, server, attended),
            memory=Memory(KeptAnswers(redis, lives=kept) if redis else None, sharing=sharing),
            model=server.chat(settings.classifier_model) if server else None,
            attended=attended,
            answers=answers,
            meter=meter,
            now=utc_now,
            thresholds=Thresholds(
                believed=settings.classifier_believed, clear=settings.classifier_clear
            ),
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
            # Most questions need no model, and must not stand behind those that wait for it.
            max_in_flight=settings.max_in_flight,
            receivers=settings.receivers,
            drain_s=settings.drain_s,
        )
        # A model that is away is no reason to be unready, and neither is Redis: we answer.
        async with answering(
            CLASSIFIER,
            settings,
            meter,
            probes={"sqs": Address(sqs, CLASSIFY.physical(prefix)).ping},
            pulses={"questions": questions.still_s},
        ) as loop:
            yield (questions, loop, meter)


@contextlib.asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[Redis | None]:
    if settings.redis_url is None:
        yield None
        return
    async with open_redis(str(settings.redis_url)) as redis:
        yield redis


@contextlib.asynccontextmanager
async def _server(settings: Settings) -> AsyncIterator[Server | None]:
    if settings.ollama_host is None:
        yield None
        return
    budget_s = settings.classifier_call_budget_s
    async with Server.open(settings.ollama_host, call_budget_s=budget_s) as server:
        yield server


def _attended(settings: Settings, redis: Redis | None, sharing: Sharing, meter: Meter) -> Attended:
    rules = CircuitRules(
        failures=settings.classifier_breaker_failures,
        open_ms=round(settings.classifier_breaker_open_s * _MS),
        probe_ms=round(settings.classifier_call_budget_s * _MS) + _MS,
    )
    # Replicas that ask the same server share a circuit; those that ask another have their own.
    name = hashlib.sha256((settings.ollama_host or "").encode()).hexdigest()[:16]
    common = Breaker(redis, name, rules) if redis else None
    return Attended(
        breaker=ModelBreaker(rules, meter=meter, common=common, sharing=sharing),
        meter=meter,
        places=settings.classifier_concurrency,
        waiting=settings.classifier_waiting,
        call_budget_s=settings.classifier_call_budget_s,
        monotonic=time.monotonic,
    )


def _recognisers(
    settings: Settings, encoder: BuiltIn | None, server: Server | None, attended: Attended
) -> Recognisers:
    name = settings.classifier_embed_model
    places = AttendedPlaces(server.embedding(name), attended) if server and name else None
    return Recognisers(encoder, places=places)


async def main() -> None:
    """Run the classifier until it is told to stop."""
    await run_service(CLASSIFIER, Settings, assemble)
