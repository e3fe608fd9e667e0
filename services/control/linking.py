"""
Where what was made is found: links from what makes something to what reads, changes and ends it.

They follow from names. What `createCampaign` answers is a `Campaign` with an `id`, which is the
`campaign_id` in the paths of others; what else stands in such a path is in the maker's own, or in
what it answers.

Source: OpenAPI 3.1, "Link Object".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

Json = dict[str, Any]

_MADE: Final = (str(int(HTTPStatus.CREATED)), str(int(HTTPStatus.ACCEPTED)))
_LOCATION: Final = {
    "description": "Where it is from now on.",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}


def add_links(described: Json) -> None:
    """Say of each operation that makes something where that is, and what can be done with it."""
    for path, operation in _operations(described):
        for status in _MADE:
            made = operation["responses"].get(status)
            if made is not None:
                _link(described, path, made)


def _link(described: Json, path: str, made: Json) -> None:
    name, fields = _answered(described, made)
    if "id" not in fields:
        return
    made["headers"]["Location"] = _LOCATION
    tagged = "ETag" in made["headers"]
    made["links"] = {
        operation["operationId"]: _to(operation, found, tagged=tagged)
        for target, operation in _operations(described)
        if (found := _found(target, made=name, by=_places(path), fields=fields))
    }


def _found(target: str, *, made: str, by: Sequence[str], fields: Collection[str]) -> Json | None:
    """Return where all that stands in the path `target` is found; `None`: it is not of `made`."""
    found = {}
    for place in _places(target):
        if _stands_for(place, made):
            found[place] = "$response.body#/id"
        elif place in by:
            found[place] = f"$request.path.{place}"
        elif place in fields:
            found[place] = f"$response.body#/{place}"
        else:
            return None
    return found if "$response.body#/id" in found.values() else None


def _to(operation: Json, given: Mapping[str, str], *, tagged: bool) -> Json:
    taken = {one["name"] for one in operation.get("parameters", [])}
    read = {"If-Match": "$response.header.ETag"} if tagged and "If-Match" in taken else {}
    return {"operationId": operation["operationId"], "parameters": {**given, **read}}


def _answered(described: Json, made: Json) -> tuple[str, Mapping[str, Any]]:
    """Return the name and the fields of what is answered."""
    schema = made.get("content", {}).get("application/json", {}).get("schema", {})
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return name, described["components"]["schemas"].get(name, {}).get("properties", {})


def _stands_for(place: str, name: str) -> bool:
    """Return whether a place such as `key_id` is the id of a thing such as `ApiKeyMade`."""
    words = [word.lower() for word in re.findall("[A-Z][a-z]*", name)]
    return place.endswith("_id") and place.removesuffix("_id") in words


def _places(path: str) -> list[str]:
    return re.findall("{([a-z_]+)}", path)


def _operations(described: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in described["paths"].items():
        for operation in methods.values():
            yield path, operation
