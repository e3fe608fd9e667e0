"""Meta's answers, in every shape they may come."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.graph.answers import Said, Usage, read_id, read_json, read_said, read_usage


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"<html>", b'"text"', b"\xff\xfe", b"{"])
def test_a_body_that_is_no_object_is_empty(body: bytes) -> None:
    """Whatever a proxy or a broken server sends is read as saying nothing."""
    assert {} == read_json(body)


def test_a_refusal_is_read_whole() -> None:
    """Code, subcode and trace id are kept; words are not."""
    error = {"message": "…", "code": 10, "error_subcode": 2534022, "fbtrace_id": "A1"}

    expected = Said(http_status=403, code=10, subcode=2534022, trace_id="A1")

    assert expected == read_said(403, {}, {"error": error})


@pytest.mark.parametrize(
    ("code", "read"), [(10, 10), ("10", 10), (True, None), ("x", None), (None, None), ([], None)]
)
def test_a_code_is_a_number(code: Any, read: int | None) -> None:
    """A code may come as text; what is no number is no code."""
    assert read == read_said(400, {}, {"error": {"code": code}}).code


@pytest.mark.parametrize("error", [None, "no", [], 7])
def test_an_error_that_is_no_object_has_no_code(error: Any) -> None:
    """Meta's login endpoints write errors in other shapes; they are not read as codes."""
    assert read_said(400, {}, {"error": error}).code is None


@pytest.mark.parametrize(
    ("found", "read"), [("m", "m"), (17, "17"), ("", None), (None, None), (True, None), ({}, None)]
)
def test_an_id_is_text(found: Any, read: str | None) -> None:
    """Ids exceed 2^53 and are text for us, however they are written."""
    assert read == read_id({"id": found}, "id")


def test_the_fullest_budget_counts() -> None:
    """Of all figures in both headers the worst decides; minutes become seconds."""
    headers = {
        "X-App-Usage": '{"call_count": 28, "total_time": 96.5, "total_cputime": 25}',
        "X-Business-Use-Case-Usage": (
            '{"17841400000000001": [{"type": "instagram", "call_count": 95,'
            ' "estimated_time_to_regain_access": 0}, {"type": "messenger", "call_count": 4,'
            ' "estimated_time_to_regain_access": 7}]}'
        ),
    }

    assert Usage(96.5, 420.0, 96.5) == read_usage(headers)


def test_what_the_app_has_spent_is_told_apart() -> None:
    """An account that has spent its own budget says nothing of the app's."""
    headers = {
        "X-App-Usage": '{"call_count": 28, "total_time": 3, "total_cputime": 25}',
        "X-Business-Use-Case-Usage": '{"1": [{"type": "messenger", "call_count": 95}]}',
    }

    assert Usage(95.0, 0.0, 28.0) == read_usage(headers)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "no",
        "[]",
        "{}",
        '{"1": 3}',
        '{"1": [3]}',
        '{"1": [{"call_count": "9"}]}',
        '{"1": [{"call_count": -4, "total_time": true}]}',
    ],
)
def test_a_usage_header_that_makes_no_sense_says_nothing(header: str) -> None:
    """Headers are a hint; a broken one never breaks a send."""
    assert Usage() == read_usage({"X-Business-Use-Case-Usage": header, "X-App-Usage": header})
