"""Whatever comes back from Meta, or from something that stands in its way, has one meaning."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from switchboard.graph import Action, Unclear, Usage, classify
from switchboard.graph.answers import read_id, read_json, read_said, read_usage
from switchboard.graph.failures import refusal

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "code", "error_subcode", "message_id"]), inner)
    ),
    max_leaves=8,
)


@given(body=st.binary(max_size=200))
def test_any_bytes_are_read(body: bytes) -> None:
    """No answer can break the reader: a call's outcome must always be recorded."""
    answer = read_json(body)

    read_said(200, {}, answer)
    read_id(answer, "message_id")


@given(value=values, status=st.integers(100, 599))
def test_any_json_is_read(value: Any, status: int) -> None:
    """An id is text or nothing, a code a number or nothing, whatever stands in their places."""
    answer = read_json(json.dumps(value).encode())
    said, found = read_said(status, {}, answer), read_id(answer, "message_id")

    assert said.code is None or type(said.code) is int
    assert found is None or (type(found) is str and found)


@given(header=st.text(max_size=60) | values.map(json.dumps))
def test_any_usage_header_is_read(header: str) -> None:
    """A header we do not understand never slows an account by accident, nor fails a send."""
    usage = read_usage({"X-App-Usage": header, "X-Business-Use-Case-Usage": header})

    assert Usage() == usage or usage.percent > 0 or usage.regain_after_s > 0


@given(code=st.integers(), subcode=st.none() | st.integers())
def test_any_error_has_one_failure(code: int, subcode: int | None) -> None:
    """Every pair of numbers leads somewhere, and only what is unclear for a send is `Unclear`."""
    why = classify(code, subcode, is_send=True)
    failure = refusal(read_said(400, {}, _error(code, subcode)), is_send=True)

    assert (why.action is Action.AMBIG) == isinstance(failure, Unclear)
    assert why is failure.why


@given(code=st.integers(), subcode=st.none() | st.integers())
def test_reading_again_is_always_allowed(code: int, subcode: int | None) -> None:
    """A read changes nothing, so it is never unclear."""
    assert classify(code, subcode, is_send=False).action is not Action.AMBIG


def _error(code: int, subcode: int | None) -> dict[str, Any]:
    return {"error": {"code": code, "error_subcode": subcode}}
