"""What the API says of itself: OpenAPI 3.1, from the operations and their types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from services.control.front import TRACE_HEADER
from services.control.problems import MEDIA_TYPE

Json = dict[str, Any]

_TRACE: Final = {
    "description": "Names this request in our log.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_UNUSED: Final = ("HTTPValidationError", "ValidationError")  # FastAPI's own; ours are problems


def describe(api: FastAPI) -> Json:
    """Return the description of `api`, whose refusals are all problem+json."""
    described = api.openapi()
    for operation in _operations(described):
        for status, response in operation["responses"].items():
            response.setdefault("headers", {})[TRACE_HEADER] = _TRACE
            if int(status) >= HTTPStatus.BAD_REQUEST:
                response["content"] = {MEDIA_TYPE: _PROBLEM}
    for name in _UNUSED:
        described["components"]["schemas"].pop(name, None)
    return described


def operation_id(name: str) -> str:
    """Return a handler's name as clients write names: `list_campaigns` is `listCampaigns`."""
    return re.sub("_([a-z])", lambda letter: letter[1].upper(), name)


def _operations(described: Json) -> Iterator[Json]:
    for path in described["paths"].values():
        yield from path.values()


_PROBLEM: Final = {"schema": {"$ref": "#/components/schemas/Problem"}}
