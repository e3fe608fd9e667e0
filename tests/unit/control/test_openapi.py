"""What the API says of itself is what it does, and clients can be made from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dev.openapi_page import PAGE, page
from services.control.api import openapi
from services.control.problems import KINDS
from services.control.repeats import HEADER

DESCRIBED = openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation with its path and method."""
    for path, methods in DESCRIBED["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def referred(part: Any) -> set[str]:
    """Return the names of all schemas that a part of the description refers to, however deep."""
    found: set[str] = set()
    open_ = [part]
    while open_:
        one = open_.pop()
        if isinstance(one, list):
            open_ += one
        elif isinstance(one, dict):
            open_ += one.values()
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                open_.append(DESCRIBED["components"]["schemas"][name])
    return found


SENT = set().union(*(referred(one.get("requestBody")) for _, _, one in operations()))


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


def test_answers_have_all_their_fields() -> None:
    """A client need not ask of a field in an answer whether it is there."""
    for path, method, operation in operations():
        for name in referred(operation["responses"]):
            schema = DESCRIBED["components"]["schemas"][name]

            assert name in SENT or list(schema.get("properties", ())) == schema.get(
                "required", []
            ), (method, path, name)


def test_what_is_sent_is_understood_whole() -> None:
    """A field that nobody knows is refused, in every body."""
    for path, method, operation in operations():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for name in referred(media["schema"]):
                schema = DESCRIBED["components"]["schemas"][name]

                assert schema.get("additionalProperties") is False, (method, path, name)


def test_a_patch_has_no_defaults() -> None:
    """What it leaves out stays as it is; filling it in would undo somebody's choice."""
    for path, method, operation in operations():
        for name in referred(operation["requestBody"]) if method == "patch" else ():
            fields = DESCRIBED["components"]["schemas"][name]["properties"].values()

            assert not [one for one in fields if "default" in one], (path, name)


def test_a_problems_codes_are_a_closed_list() -> None:
    """A client can tell them apart, and its compiler knows when one is missing."""
    code = DESCRIBED["components"]["schemas"]["Problem"]["properties"]["code"]

    assert list(KINDS) == code["enum"]
