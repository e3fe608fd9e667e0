"""What the API says of itself: OpenAPI 3.1, from the operations and their types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from services.control.front import TRACE_HEADER
from services.control.linking import add_links
from services.control.problems import MEDIA_TYPE, code_of

Json = dict[str, Any]

_TRACE: Final = {
    "description": "Names this request in our log.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_ETAG: Final = {
    "description": "The revision that was answered; send it as If-Match.",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
}
_RETRY_AFTER: Final = {
    "description": "When to call again, in seconds.",
    "schema": {"type": "integer", "minimum": 1},
}
_CHALLENGE: Final = {
    "description": "How to prove who you are.",
    "required": True,
    "schema": {"type": "string"},
}
_REFUSED_WITH: Final[Mapping[HTTPStatus, Json]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": _CHALLENGE},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": _RETRY_AFTER},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": _RETRY_AFTER},
}
_UNUSED: Final = ("HTTPValidationError", "ValidationError")  # FastAPI's own; ours are problems


def describe(api: FastAPI, lists: Mapping[str, Sequence[str]]) -> Json:
    """
    Return the description of `api`, whose refusals are all problem+json.

    `lists` are closed lists of values by name; each is said once, under it.
    """
    described = api.openapi()
    schemas = described["components"]["schemas"]
    for name in _UNUSED:
        schemas.pop(name, None)
    _be_plain(described, schemas)
    for operation in _operations(described):
        _tell_parameters(operation)
        _tell_headers(operation, schemas)
    _share_refusals(described)
    add_links(described)
    return _named(described, lists)


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


def _tell_parameters(operation: Json) -> None:
    """Say that a parameter may be left out, which is all that null means of one; or may not be."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        match [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]:
            case [one]:
                schema |= one
                del schema["anyOf"]
        if parameter["name"] == "If-Match":  # without it, the answer is 428
            parameter["required"] = True


def _tell_headers(operation: Json, schemas: Json) -> None:
    """Say which headers an answer has."""
    for status, response in operation["responses"].items():
        headers = response.setdefault("headers", {})
        headers[TRACE_HEADER] = _TRACE
        if int(status) < HTTPStatus.BAD_REQUEST and _is_revised(response, schemas):
            headers["ETag"] = _ETAG


def _is_revised(response: Json, schemas: Json) -> bool:
    """Return whether what is answered has a revision."""
    answered = response.get("content", {}).get("application/json", {}).get("schema", {})
    name = answered.get("$ref", "").rpartition("/")[2]
    return "revision" in schemas.get(name, {}).get("properties", {})


def _share_refusals(described: Json) -> None:
    """Say what a refusal is once for all operations: a client has one type for each."""
    shared = described["components"].setdefault("responses", {})
    for operation in _operations(described):
        for written, response in operation["responses"].items():
            status = HTTPStatus(int(written))
            if status >= HTTPStatus.BAD_REQUEST:
                name = "".join(word.capitalize() for word in code_of(status).split("_"))
                headers = response["headers"] | _REFUSED_WITH.get(status, {})
                shared[name] = response | {"headers": headers, "content": {MEDIA_TYPE: _PROBLEM}}
                operation["responses"][written] = {"$ref": f"#/components/responses/{name}"}


def _named(described: Json, lists: Mapping[str, Sequence[str]]) -> Json:
    """Return `described` with each of `lists` under its name, and pages by what is on them."""
    names = {tuple(values): name for name, values in lists.items()}
    told: Json = _with_names(described, names)
    for name, values in lists.items():
        told["components"]["schemas"][name] = {"type": "string", "enum": list(values)}
    told["components"]["schemas"] = dict(sorted(told["components"]["schemas"].items()))
    return told


def _with_names(part: Any, names: Mapping[tuple[str, ...], str]) -> Any:
    if isinstance(part, list):
        return [_with_names(one, names) for one in part]
    if not isinstance(part, dict):
        return _PAGE.sub(r"\1Page", part) if isinstance(part, str) else part
    if isinstance(part.get("enum"), list) and (name := names.get(tuple(part["enum"]))):
        around = {key: kept for key, kept in part.items() if key not in {"enum", "type", "title"}}
        return {"$ref": f"#/components/schemas/{name}", **around}
    return {_PAGE.sub(r"\1Page", key): _with_names(one, names) for key, one in part.items()}


def _operations(described: Json) -> Iterator[Json]:
    for path in described["paths"].values():
        yield from path.values()


_PROBLEM: Final = {"schema": {"$ref": "#/components/schemas/Problem"}}

# What pydantic calls a page: `Page[Account]`, in letters that may stand in a name.
_PAGE: Final = re.compile(r"\bPage_([A-Za-z]+)_")
