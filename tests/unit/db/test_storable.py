"""What people type and PostgreSQL cannot store."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from switchboard.db.ledger import storable, storable_json

TEXT = st.text(alphabet=st.sampled_from("\x00\\u0é") | st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_json(text: str) -> None:
    """Only the NUL is replaced, however many backslashes are before what looks like one."""
    stored = storable_json(to_json({"text": text}).decode())

    assert {"text": text.replace("\x00", "\ufffd")} == json.loads(stored)


@given(st.none() | TEXT)
def test_text(text: str | None) -> None:
    """Plain text loses its NULs too, and nothing stays nothing."""
    assert (text and text.replace("\x00", "\ufffd")) == storable(text)
