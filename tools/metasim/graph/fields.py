"""
The `fields` parameter: `id,text,replies.limit(5){id,from}`, read and applied.

A node is a mapping from field names to functions that make their value; what was not asked for is
never made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tools.metasim.records import Json
from tools.metasim.refusals import GraphError, invalid_parameter

_TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)|\.(\w+)\(([^()]*)\)|([{},]))")


@dataclass(slots=True)
class Wanted:
    """One field somebody asked for: how many of it, and what of each."""

    limit: int | None = None
    fields: dict[str, Wanted] = field(default_factory=dict)


Fields: TypeAlias = dict[str, Wanted]
Node: TypeAlias = Mapping[str, Callable[[Wanted], Any]]


def parse_fields(text: str) -> Fields:
    """
    Read the parameter; empty gives no fields.

    Raises:
        GraphError: It is not well formed (code 100).
    """
    open_levels: list[Fields] = [{}]
    latest: Wanted | None = None
    place = 0
    text = text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise _malformed(text)
        name, modifier, argument, mark = found.groups()
        place = found.end()
        if name:
            latest = open_levels[-1][name] = Wanted()
        elif mark == "{" and latest is not None:
            open_levels.append(latest.fields)
        elif mark == "}" and len(open_levels) > 1:
            open_levels.pop()
        elif modifier == "limit" and latest is not None and argument.isdigit():
            latest.limit = int(argument)
        elif mark != "," and modifier is None:
            raise _malformed(text)
    if len(open_levels) != 1:
        raise _malformed(text)
    return open_levels[0]


def render(node: Node, fields: Fields, *, kind: str, default: tuple[str, ...] = ("id",)) -> Json:
    """
    Return the node's `fields`, and its id; what it has no value for is left out.

    Raises:
        GraphError: A field that this `kind` of node does not have (code 100).
    """
    wanted = fields or {name: Wanted() for name in default}
    told: Json = {}
    for name, what in wanted.items():
        if name not in node:
            raise GraphError(
                f"Tried accessing nonexisting field ({name}) on node type ({kind})", code=100
            )
        if (value := node[name](what)) is not None:
            told[name] = value
    return {**told, "id": node["id"](Wanted())}


def pick(whole: Json, wanted: Wanted) -> Json:
    """Return of a plain object what was asked for, or all of it."""
    return (
        {name: whole[name] for name in wanted.fields if name in whole} if wanted.fields else whole
    )


def _malformed(text: str) -> GraphError:
    return invalid_parameter(f"Syntax error in fields: {text!r}")
