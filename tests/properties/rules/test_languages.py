"""What holds of telling languages, in any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.rules.languages import SUPPORTED, is_one_of, load_model

TEXT = st.text(max_size=60) | st.text(
    alphabet="how much is it kostet das Сколько стоит ราคา 多少钱 いくら سعر ²ﬁ\u200d🔥@#/",
    max_size=60,
)
LANGUAGES = st.frozensets(st.sampled_from(sorted(SUPPORTED)), min_size=1, max_size=4)


@pytest.fixture(scope="module", autouse=True)
def _model() -> None:
    """Load the model before hypothesis takes the time."""
    load_model()


@given(TEXT, LANGUAGES)
def test_telling_twice_tells_the_same(text: str, languages: frozenset[str]) -> None:
    """The order of the languages, and what was asked before, change nothing."""
    told = is_one_of(text, languages)

    assert told is is_one_of(text, sorted(languages, reverse=True))


@given(TEXT, LANGUAGES, LANGUAGES)
def test_more_languages_never_turn_anybody_away(
    text: str, some: frozenset[str], more: frozenset[str]
) -> None:
    """Who is let in by some languages is let in by these and others."""
    if is_one_of(text, some):
        assert is_one_of(text, some | more)


@given(TEXT)
def test_no_text_is_in_none_of_all_languages(text: str) -> None:
    """Asked about every language there is, the answer is never no."""
    assert is_one_of(text, SUPPORTED) is not False
