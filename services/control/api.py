"""The API as an application: its resources, how it refuses, what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp

from services.control import doctor
from services.control.describing import describe, operation_id
from services.control.envelope import Gate
from services.control.front import TRACE_HEADER, Front
from services.control.health import add_health_routes
from services.control.instagram import posts, webhooks
from services.control.instagram import routes as instagram
from services.control.instagram.desk import Desk
from services.control.lists import LISTS
from services.control.problems import Declined, Fault, Part, invalid, of_status, pointer
from services.control.refusals import declined
from services.control.repeats import HEADER as IDEMPOTENCY_KEY
from services.control.repeats import REPLAYED
from services.control.resources import ROUTERS
from switchboard.db.acting import WroteInView
from switchboard.db.errors import QueryFailed
from switchboard.errors import Unavailable
from switchboard.health import Health
from switchboard.telemetry import Meter

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_MAX_AGE_S: Final = 600
_RETRY_AFTER_S: Final = 2.0

log = structlog.get_logger()


def make_api(*, origins: Sequence[str] = ()) -> FastAPI:
    """Return the API; `app.state.gate` must be set before it is served."""
    api = FastAPI(
        title="Switchboard",
        version="1",
        description="What a workspace needs around the pipeline.",
        openapi_url=None,  # docs/openapi.json is its description, for those who build clients
        redirect_slashes=False,
        generate_unique_id_function=lambda route: operation_id(route.name),
    )
    around = (*instagram.ROUTERS, posts.router, webhooks.setting, webhooks.trying, doctor.router)
    for router in (*ROUTERS, *around):
        api.include_router(router, prefix="/v1")
    api.include_router(instagram.outside)
    _add_refusals(api)
    api.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=METHODS,
        allow_headers=[
            "Authorization",
            "Content-Type",
            "If-Match",
            "Last-Event-ID",
            IDEMPOTENCY_KEY,
            "traceparent",
        ],
        expose_headers=["ETag", "Location", "Retry-After", TRACE_HEADER, REPLAYED],
        max_age=_MAX_AGE_S,
    )
    return api


def serve(
    api: FastAPI,
    gate: Gate,
    health: Health,
    meter: Meter,
    *,
    max_body_bytes: int,
    desk: Desk | None = None,
) -> ASGIApp:
    """Return what is served: `api` behind its gate, health beside it, the front around both."""
    api.state.gate, api.state.desk = gate, desk
    add_health_routes(api, health, meter)
    return Front(app=api, meter=meter, max_body_bytes=max_body_bytes)


def openapi() -> Mapping[str, Any]:
    """Return the API's description (OpenAPI 3.1), as docs/openapi.json has it."""
    return describe(make_api(), LISTS)


def _add_refusals(api: FastAPI) -> None:
    """Let whatever is raised be answered with a problem."""
    api.add_exception_handler(Declined, _declined)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(QueryFailed, _refused)
    api.add_exception_handler(Unavailable, _unavailable)
    api.add_exception_handler(WroteInView, _wrote_in_view)
    api.add_exception_handler(Exception, _failed)


def _answer(request: Request, refusal: Declined) -> Response:
    request.state.problem = refusal.code
    return refusal.response(request.state.trace_id)


async def _declined(request: Request, error: Exception) -> Response:
    assert isinstance(error, Declined)
    return _answer(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(request, invalid(*map(_fault, error.errors())))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = _answer(request, of_status(error.status_code, str(error.detail)))
    for name, value in (error.headers or {}).items():
        answer.headers.setdefault(name, value)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_allowed(request))
    return answer


def _allowed(request: Request) -> list[str]:
    """Return what can be done at the request's address, of all its operations and not of one."""
    routes, scope = request.app.routes, request.scope
    return [
        method
        for method in METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, QueryFailed)
    told = declined(error.refusal) if error.refusal else None
    if told is None:
        raise error  # a bug of ours: seen, logged and reported as one
    return _answer(request, told)


async def _unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unavailable)
    why = Declined("unavailable", "Try again in a moment.", retry_after_s=_RETRY_AFTER_S)
    return _answer(request, why)


async def _wrote_in_view(request: Request, error: Exception) -> Response:
    log.error(
        "request.wrote_in_view",
        trace_id=request.state.trace_id,
        operation=getattr(request.state, "operation", None),
        because=str(error),
    )
    return await _failed(request, error)


async def _failed(request: Request, _error: Exception) -> Response:
    return _answer(request, Declined("failed", "It is in our log under the trace id."))


_PARTS: Final[Mapping[str, Part]] = {
    "body": "body",
    "query": "query",
    "path": "path",
    "header": "header",
}


def _fault(error: Mapping[str, Any]) -> Fault:
    within, *place = error["loc"]
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "json_invalid":
        place, message = [], f"It is no JSON: {error['ctx']['error']}"
    message = _PLAINER.get(error["type"], message)
    return Fault(within=_PARTS.get(within, "body"), pointer=pointer(place), message=message)


# What is meant for whoever wrote the model says little to whoever fills it in.
_PLAINER: Final[Mapping[str, str]] = {
    "model_attributes_type": "Send a JSON object, as application/json.",
    "string_pattern_mismatch": "It is not written as such a thing is.",
    "extra_forbidden": "There is no such field.",
}
