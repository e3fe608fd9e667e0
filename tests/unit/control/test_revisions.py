"""Who may write over what, and what they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.control.problems import Declined
from services.control.revisions import differences, require, unwritten


@dataclass(frozen=True)
class At:
    """Something at a revision."""

    revision: int


STORED = {"name": "Theirs", "rank": 2, "draft": {"steps": [1, 2], "note": "x"}}


def refusal(if_match: str | None, yours: dict[str, Any]) -> Declined | None:
    """Return why `yours` may not be written over what is stored at revision 7."""
    try:
        require(if_match, revision=7, stored=STORED, yours=yours)
    except Declined as declined:
        return declined
    return None


@pytest.mark.parametrize("if_match", ['"7"', '"6", "7"', "*", ' "7" '])
def test_what_was_read_is_what_is_there(if_match: str) -> None:
    """Then it may be written over."""
    assert refusal(if_match, {"name": "Mine"}) is None


def test_somebody_else_came_first() -> None:
    """The differences are told one by one, with what is stored and what was sent."""
    told = refusal('"6"', {"name": "Mine", "rank": 2, "draft": {"steps": [1], "new": 1}})

    assert told is not None
    assert ("changed", 7) == (told.code, told.current_revision)
    assert [
        ("/name", "Theirs", "Mine"),
        ("/draft/steps", [1, 2], [1]),
        ("/draft/new", None, 1),
        ("/draft/note", "x", None),
    ] == [(one.pointer, one.stored, one.yours) for one in told.differences]


def test_it_is_there_already() -> None:
    """Sent again after a lost answer, the same change succeeds."""
    assert refusal('"6"', {"name": "Theirs", "rank": 2}) is None


def test_nobody_writes_blindly() -> None:
    """Without If-Match nothing is written."""
    told = refusal(None, {"name": "Mine"})

    assert told is not None
    assert "revision_required" == told.code


@pytest.mark.parametrize("if_match", ["7", 'W/"7"', '"x"', "", '"7"; drop', '"' + "9" * 40 + '"'])
def test_no_etag_of_ours(if_match: str) -> None:
    """It is told as a fault of the header."""
    told = refusal(if_match, {"name": "Mine"})

    assert told is not None
    assert ["/If-Match"] == [one.pointer for one in told.errors]


def test_written_while_writing() -> None:
    """Nothing was written: somebody came first, or it is not theirs to change."""
    assert "changed" == unwritten(At(7), At(8), "no").code
    assert "forbidden" == unwritten(At(7), At(7), "no").code
    assert "forbidden" == unwritten(At(7), None, "no").code


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
_OBJECT = st.dictionaries(st.text(max_size=3), _JSON, max_size=4)


@given(_OBJECT, _OBJECT)
def test_nothing_differs_only_from_itself(one: dict[str, Any], other: dict[str, Any]) -> None:
    """An object differs from itself in nothing; from another, in what it would change."""
    assert [] == list(differences(one, one))
    changed = any(
        name not in one or one[name] != value for name, value in other.items() if value is not None
    )
    assert changed <= bool(list(differences(one, other)))
