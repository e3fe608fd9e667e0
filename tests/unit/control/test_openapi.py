"""What the API says of itself is what it does, and clients can be made from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dev.openapi_page import PAGE, page
from services.control.api import openapi
from services.control.repeats import HEADER

DESCRIBED = openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation with its path and method."""
    for path, methods in DESCRIBED["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_file_is_up_to_date() -> None:
    """`make docs` would write what is there."""
    assert PAGE.read_text() == page()


def test_it_is_3_1() -> None:
    """The version that JSON schema is part of."""
    assert DESCRIBED["openapi"].startswith("3.1.")


def test_operations_have_names_of_their_own() -> None:
    """A client's methods are called by them: letters alone, each once, with a sentence."""
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(names) == len(set(names))
    assert all(name.isalpha() and name[0].islower() for name in names)
    assert all(operation["description"].strip() for _, _, operation in operations())


def test_operations_need_a_token() -> None:
    """None can be called by nobody."""
    assert all([{"accessToken": []}] == one["security"] for _, _, one in operations())


def test_answers_are_typed() -> None:
    """Each has one success that is described, and refusals that are all problems."""
    for path, method, operation in operations():
        done = [status for status in operation["responses"] if int(status) < 400]
        refused = [one for status, one in operation["responses"].items() if int(status) >= 400]

        assert 1 == len(done), (method, path)
        success = operation["responses"][done[0]]
        assert "204" == done[0] or all(one.get("schema") for one in success["content"].values())
        assert {"401", "403", "422", "429", "503"} <= set(operation["responses"])
        assert all(["application/problem+json"] == list(one["content"]) for one in refused)


def test_what_makes_something_can_be_repeated() -> None:
    """Each POST that answers 201 takes a key."""
    for path, method, operation in operations():
        if method == "post" and "201" in operation["responses"]:
            taken = {parameter["name"] for parameter in operation.get("parameters", [])}

            assert HEADER in taken, path


def test_what_edits_takes_what_was_read() -> None:
    """Whatever may answer 428 takes If-Match, and the other way round."""
    for path, method, operation in operations():
        taken = {parameter["name"] for parameter in operation.get("parameters", [])}

        assert ("If-Match" in taken) == ("428" in operation["responses"]), (method, path)
