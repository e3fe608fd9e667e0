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
    schemas = described["components"]["schemas"]
    for name in _UNUSED:
        schemas.pop(name, None)
    _be_plain(described, schemas)
    return described


def operation_id(name: str) -> str:
    """Return a handler's name as clients write names: `list_campaigns` is `listCampaigns`."""
    return re.sub("_([a-z])", lambda letter: letter[1].upper(), name)


def _be_plain(described: Json, schemas: Json) -> None:
    """
    Say of bodies what is so, in words that generators of clients understand.

    An answer always has all its fields. A PATCH leaves what it does not mention as it is, whatever
    would be there otherwise: a client that filled in a default would undo somebody's choice.
    """
    sent, answered, patched = set[str](), set[str](), set[str]()
    for path in described["paths"].values():
        for method, operation in path.items():
            body = operation.get("requestBody", {})
            _follow(body, schemas, sent)
            if method == "patch":
                _follow(body, schemas, patched)
            _follow(operation["responses"], schemas, answered)
    for name in answered - sent:
        if "properties" in schemas[name]:
            schemas[name]["required"] = list(schemas[name]["properties"])
    for name in patched:
        for field in schemas[name].get("properties", {}).values():
            field.pop("default", None)


def _follow(part: Any, schemas: Json, into: set[str]) -> None:
    """Add to `into` the names of all `schemas` that `part` refers to."""
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _follow(one, schemas, into)
    name = part.get("$ref", "").rpartition("/")[2] if isinstance(part, dict) else ""
    if name and name not in into:
        into.add(name)
        _follow(schemas[name], schemas, into)


def _operations(described: Json) -> Iterator[Json]:
    for path in described["paths"].values():
        yield from path.values()


_PROBLEM: Final = {"schema": {"$ref": "#/components/schemas/Problem"}}
