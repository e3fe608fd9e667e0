"""Patterns find what another engine finds: Python's own, on patterns both understand."""

from __future__ import annotations

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from switchboard.rules.patterns import Patterns, fault
from switchboard.rules.text import normalise

# Letters of several scripts, each in more than one of the patterns' classes.
LETTERS = "abcßдюñاب中价ราक링 "
_ATOMS = st.sampled_from(
    [*(re.escape(letter) for letter in LETTERS), "[ab]", "[^a]", "[а-я]", ".", "(?:ab|ba)", r"\d"]
)
_PIECES = st.builds(
    lambda atom, times: atom + times, _ATOMS, st.sampled_from(["", "", "", "?", "+", "*", "{1,2}"])
)
_RUNS = st.lists(_PIECES, min_size=1, max_size=4).map("".join)
PATTERNS = st.lists(_RUNS, min_size=1, max_size=2).map("|".join)
TEXTS = st.text(alphabet=LETTERS + "12", max_size=25).map(normalise)


@given(st.lists(PATTERNS, min_size=1, max_size=4, unique=True), TEXTS)
def test_agrees_with_another_engine(patterns: list[str], text: str) -> None:
    """Each pattern is found if it is there, at the first place that is not empty."""
    assume(all(fault(pattern) is None for pattern in patterns))

    found = {number: (start, end) for number, start, end in Patterns(patterns).search(text)}

    for number, pattern in enumerate(patterns):
        places = (one.span() for one in re.finditer(pattern, text, re.ASCII))
        expected = next((place for place in places if place[0] < place[1]), None)
        assert expected == found.get(number), pattern


@given(PATTERNS)
def test_what_would_match_every_text_is_refused(pattern: str) -> None:
    """A pattern is refused exactly when it can match nothing at all."""
    assert (fault(pattern) is not None) == (re.search(pattern, "") is not None)
