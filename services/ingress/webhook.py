"""The POST: a webhook in, its events stored, and only then a 200."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiohttp import web

from services.ingress import metrics
from services.ingress.body import BodyRefused, read_body
from services.ingress.event_queue import EventQueue
from services.ingress.signature import HEADER, SignatureRefused, signed_by
from services.ingress.sorting import Sorted, sort
from switchboard.clock import Clock
from switchboard.contracts import TraceId
from switchboard.errors import Failure
from switchboard.telemetry import Meter

log = structlog.get_logger()

TRACE_HEADER: Final = "X-Trace-Id"
_RETRY_AFTER_S: Final = 5
_STATUS_OF: Final = {"too_large": 413, "too_slow": 408, "broken_off": 400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Answers `POST /webhooks/instagram`."""

    secrets: Sequence[str] = field(repr=False)
    queue: EventQueue
    meter: Meter
    now: Clock
    max_body_bytes: int
    read_budget_s: float

    async def receive(self, request: web.Request) -> web.Response:
        """Take the body, prove it, sort it, store it, and answer what became of it."""
        started, trace_id = time.perf_counter(), TraceId(uuid.uuid4().hex)
        received_at = self.now()
        try:
            body = await read_body(
                request, max_bytes=self.max_body_bytes, budget_s=self.read_budget_s
            )
            secret = signed_by(body, request.headers.getall(HEADER, ()), self.secrets)
            events = await sort(body, received_at=received_at, trace_id=trace_id)
            await self.queue.store(events.messages)
        except BodyRefused as refusal:
            return self._refuse(_STATUS_OF[refusal.fault], refusal.fault, trace_id)
        except SignatureRefused as refusal:
            return self._refuse(401, f"signature_{refusal.fault}", trace_id)
        except Failure as failure:
            return self._put_off(failure, trace_id, events)
        elapsed_ms = (time.perf_counter() - started) * 1000
        return self._accept(events, trace_id, elapsed_ms, size_bytes=len(body), secret=secret)

    def _accept(
        self, events: Sorted, trace_id: TraceId, elapsed_ms: float, *, size_bytes: int, secret: int
    ) -> web.Response:
        self.meter.count(metrics.WEBHOOKS_ACCEPTED)
        self.meter.count(metrics.WEBHOOKS_SIGNED, secret=str(secret + 1))
        self.meter.observe(metrics.WEBHOOK_DURATION, elapsed_ms)
        if events.tests:
            self.meter.count(metrics.TEST_EVENTS_DROPPED, events.tests)
        for kind, n in events.kinds.items():
            self.meter.count(metrics.EVENTS_PUBLISHED, n, kind=kind)
        for because, n in events.unreadable.items():
            self.meter.count(metrics.WEBHOOKS_UNREADABLE, n, because=because)
        for because, n in _families(events.not_understood).items():
            self.meter.count(metrics.EVENTS_NOT_UNDERSTOOD, n, because=because)
        log.info(
            "webhook.accepted",
            trace_id=trace_id,
            events=dict(events.kinds),
            tests=events.tests,
            not_understood=dict(events.not_understood),
            unreadable=dict(events.unreadable),
            size_bytes=size_bytes,
            secret=secret,
            elapsed_ms=round(elapsed_ms, 1),
        )
        return _answer(200, "ok", trace_id)

    def _refuse(self, status: int, because: str, trace_id: TraceId) -> web.Response:
        self.meter.count(metrics.WEBHOOKS_REFUSED, because=because)
        log.warning("webhook.refused", trace_id=trace_id, because=because)
        return _answer(status, "refused", trace_id)

    def _put_off(self, failure: Failure, trace_id: TraceId, events: Sorted) -> web.Response:
        """Ask for it again later: not all of its events are stored."""
        self.meter.count(metrics.WEBHOOKS_NOT_STORED, because=failure.reason)
        log.error(
            "webhook.not_stored",
            trace_id=trace_id,
            because=failure.reason,
            detail=str(failure),
            events=dict(events.kinds),
        )
        response = _answer(503, "try again later", trace_id)
        response.headers["Retry-After"] = str(_RETRY_AFTER_S)
        return response


def _answer(status: int, text: str, trace_id: TraceId) -> web.Response:
    return web.Response(status=status, text=text, headers={TRACE_HEADER: trace_id})


def _families(whats: Counter[str]) -> Counter[str]:
    """Count by what stands before the colon: names of Meta's make too many series."""
    families: Counter[str] = Counter()
    for what, n in whats.items():
        families[what.partition(":")[0]] += n
    return families
