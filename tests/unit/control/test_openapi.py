"""What the API says of itself is what it does, and clients can be made from it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from dev.openapi_page import PAGE, page
from services.control.api import openapi
from services.control.lists import LISTS
from services.control.problems import KINDS
from services.control.repeats import HEADER

DESCRIBED = openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation with its path and method."""
    for path, methods in DESCRIBED["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def places(path: str) -> set[str]:
    """Return what stands in a path."""
    return set(re.findall("{([a-z_]+)}", path))


def told(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response itself, where only its name is said."""
    name = str(response.get("$ref", "")).rpartition("/")[2]
    shared: dict[str, Any] = DESCRIBED["components"]["responses"].get(name, response)
    return shared


def enumerated(part: Any) -> Iterator[tuple[str, ...]]:
    """Yield each closed list of values in a part of the description."""
    if isinstance(part, list):
        for one in part:
            yield from enumerated(one)
    elif isinstance(part, dict):
        if isinstance(part.get("enum"), list):
            yield tuple(part["enum"])
        for one in part.values():
            yield from enumerated(one)


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
            kind, _, name = str(one.get("$ref", "")).rpartition("/")
            if kind.endswith("responses"):
                open_.append(told(one))
            elif name and name not in found:
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
    """Each has one success that is described, and refusals that are the same problems for all."""
    for path, method, operation in operations():
        done = [status for status in operation["responses"] if int(status) < 400]
        refused = [one for status, one in operation["responses"].items() if int(status) >= 400]

        assert 1 == len(done), (method, path)
        success = operation["responses"][done[0]]
        assert "204" == done[0] or all(one.get("schema") for one in success["content"].values())
        assert {"401", "403", "422", "429", "503"} <= set(operation["responses"])
        assert all(["$ref"] == list(one) for one in refused), (method, path)
        assert all(["application/problem+json"] == list(told(one)["content"]) for one in refused)


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
        assert all(
            one["required"] for one in operation.get("parameters", []) if one["name"] == "If-Match"
        ), (method, path)


def test_parameters_are_never_null() -> None:
    """In a path, a query or a header there is no null; what need not be said is left out."""
    for path, method, operation in operations():
        for parameter in operation.get("parameters", []):
            assert "null" not in str(parameter["schema"]), (method, path, parameter["name"])


def test_what_has_a_revision_has_a_tag() -> None:
    """An answer that can be edited says in a header what to send when it is."""
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            content = told(response).get("content", {})
            name = str(content.get("application/json", {}).get("schema", {}).get("$ref", ""))
            schema = DESCRIBED["components"]["schemas"].get(name.rpartition("/")[2], {})
            has = "revision" in schema.get("properties", {})

            assert has == ("ETag" in told(response).get("headers", {})), (method, path, status)


def test_what_is_made_leads_on() -> None:
    """Whoever makes something is told where it is, and what can be done with it."""
    by_name = {one["operationId"]: (path, one) for path, _, one in operations()}
    makers = {}
    for _, _, operation in operations():
        made = operation["responses"].get("201", operation["responses"].get("202", {}))
        if "links" in made:
            makers[operation["operationId"]] = set(made["links"])
            assert made["headers"]["Location"]["required"]
        for link in made.get("links", {}).values():
            path, target = by_name[link["operationId"]]
            taken = {one["name"] for one in target["parameters"] if one["required"]}
            from_answer = [one for one in link["parameters"].values() if one.endswith("#/id")]

            assert places(path) <= set(link["parameters"]) <= taken | places(path), link
            assert 1 == len(from_answer), link

    assert {
        *("createWorkspace", "inviteMember", "createCampaign", "importCampaign"),
        *("duplicateCampaign", "createIntent", "askForExport", "makeApiKey"),
    } == set(makers)
    assert {"readIntent", "changeIntent", "deleteIntent"} == makers["createIntent"]
    assert {"withdrawInvitation"} == makers["inviteMember"]
    assert {"revokeApiKey"} == makers["makeApiKey"]


def test_what_was_read_is_sent_on() -> None:
    """A link to what edits takes along the revision of what was made."""
    made = DESCRIBED["paths"]["/v1/accounts/{account_id}/campaigns"]["post"]["responses"]["201"]

    assert {"campaign_id": "$response.body#/id", "If-Match": "$response.header.ETag"} == made[
        "links"
    ]["saveDraft"]["parameters"]


def test_types_have_names_of_their_own() -> None:
    """No name shows how it is made, or which module something is in."""
    for kind in ("schemas", "responses"):
        assert all(name.isalpha() and name[0].isupper() for name in DESCRIBED["components"][kind])
    assert "AccountPage" in DESCRIBED["components"]["schemas"]


def test_a_closed_list_is_said_once() -> None:
    """The values that something may have are one type, wherever it stands."""
    said = Counter(enumerated(DESCRIBED))

    assert [] == [values for values, times in said.items() if times > 1]
    assert set(LISTS.values()) <= set(said)


def test_nothing_is_described_on_the_spot() -> None:
    """Whatever has fields has a name, so that clients have a type for it."""
    for path, method, operation in operations():
        for response in map(told, operation["responses"].values()):
            for media in response.get("content", {}).values():
                assert "properties" not in media["schema"], (method, path)


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

                assert "enum" in schema or schema.get("additionalProperties") is False, (
                    method,
                    path,
                    name,
                )


def test_a_patch_has_no_defaults() -> None:
    """What it leaves out stays as it is; filling it in would undo somebody's choice."""
    for path, method, operation in operations():
        for name in referred(operation["requestBody"]) if method == "patch" else ():
            fields = DESCRIBED["components"]["schemas"][name].get("properties", {}).values()

            assert not [one for one in fields if "default" in one], (path, name)


def test_a_problems_codes_are_a_closed_list() -> None:
    """A client can tell them apart, and its compiler knows when one is missing."""
    code = DESCRIBED["components"]["schemas"]["Problem"]["properties"]["code"]

    assert list(KINDS) == code["enum"]
