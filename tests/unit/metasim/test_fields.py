"""The `fields` parameter."""

from __future__ import annotations

import pytest

from tools.metasim.graph.fields import Node, Wanted, parse_fields, render
from tools.metasim.refusals import GraphError


def test_nested_and_limited() -> None:
    """Names, limits and what is wanted inside are read."""
    expected = {
        "id": Wanted(),
        "messages": Wanted(1, {"id": Wanted(), "from": Wanted()}),
        "text": Wanted(),
    }
    assert expected == parse_fields("id, messages.limit(1){id,from},text")


@pytest.mark.parametrize("text", ["{", "id}", "a{b", "a b;", "{a}"])
def test_malformed(text: str) -> None:
    """What cannot be read is refused with code 100."""
    with pytest.raises(GraphError) as refused:
        parse_fields(text)

    assert 100 == refused.value.code


def test_only_what_was_asked_for_is_made() -> None:
    """A node gives the wanted fields and its id, leaves out what has no value, makes no other."""
    node: Node = {
        "id": lambda _: "1",
        "text": lambda _: None,
        "name": lambda _: "Ana",
        "dear": lambda _: pytest.fail("nobody asked"),
    }
    assert {"name": "Ana", "id": "1"} == render(node, parse_fields("name,text"), kind="Thing")


def test_unknown_field() -> None:
    """A field the node does not have is refused by name."""
    node: Node = {"id": lambda _: "1"}
    with pytest.raises(GraphError, match=r"\(colour\)"):
        render(node, parse_fields("colour"), kind="Thing")
