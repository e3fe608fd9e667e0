"""
The front of the API: every request gets a trace id, every answer its headers and one line.

It stands around everything else, so that what fails anywhere behind it is seen here, too.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.control.problems import Declined
from switchboard.telemetry import Meter, Metric

REQUESTS: Final = Metric("ApiRequests")
REQUEST_TIME: Final = Metric("ApiRequestTime", "Milliseconds")
TRACE_HEADER: Final = "X-Trace-Id"

# Nothing of it is for a browser to show, to keep, or to guess at.
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "switchboard",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """
    Serves `app`.

    A header that `app` has set itself stays: a page knows better what it may load. Of a body with
    more than `max_body_bytes` no more is read.
    """

    app: ASGIApp
    meter: Meter
    max_body_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        trace_id = trace_of(Headers(scope=scope))
        scope.setdefault("state", {})["trace_id"] = trace_id
        answered = int(HTTPStatus.INTERNAL_SERVER_ERROR)

        async def sending(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
                _add_headers(message, trace_id)
            await send(message)

        try:
            await self.app(scope, self._bounded(receive), sending)
        finally:
            self._tell(scope, answered, (time.perf_counter() - began) * 1000)

    def _bounded(self, receive: Receive) -> Receive:
        """Return `receive`, which refuses a body that is too large where it is read."""
        read_bytes = 0

        async def receiving() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > self.max_body_bytes:
                raise Declined("too_large", f"A body has at most {self.max_body_bytes} bytes.")
            return message

        return receiving

    def _tell(self, scope: Scope, status: int, took_ms: float) -> None:
        state: dict[str, Any] = scope["state"]
        caller = state.get("caller")
        outcome = f"{status // 100}xx"
        self.meter.count(REQUESTS, outcome=outcome)
        if not state.get("streams"):  # how long somebody watched is no speed of ours
            self.meter.observe(REQUEST_TIME, took_ms, outcome=outcome)
        log.info(
            "request.answered",
            trace_id=state["trace_id"],
            method=scope["method"],
            operation=state.get("operation"),
            status=status,
            problem=state.get("problem"),
            caller_id=str(caller.user_id) if caller else None,
            took_ms=round(took_ms, 1),
            **state.get("places", {}),
        )


def trace_of(headers: Headers) -> str:
    """Return the trace that the caller goes on with (W3C, "Trace Context"), or a new one."""
    given = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return given[1] if given and given[1].strip("0") else uuid.uuid4().hex


def _add_headers(message: Message, trace_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers[TRACE_HEADER] = trace_id
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
