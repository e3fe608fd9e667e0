"""All of an account's literal keywords, found in one pass over a text (Aho-Corasick)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick

from switchboard.rules.proof import How, Proof
from switchboard.rules.runs import Outline, outline, span
from switchboard.rules.text import is_word_edge

T = TypeVar("T")


class Literals(Generic[T]):
    """
    Normalised keywords, each with what it is wanted for and how.

    The automaton knows outlines, so that stretched letters do not hide a keyword; every hit is then
    checked run by run. The pass costs what the text's length and the number of hits cost.
    """

    def __init__(self, wanted: Mapping[str, Sequence[tuple[T, How]]]) -> None:
        self._wanted = wanted
        self._by_outline: dict[str, list[str]] = {}
        for keyword in wanted:
            self._by_outline.setdefault(outline(keyword).letters, []).append(keyword)
        self._outlines = list(self._by_outline)
        self._anywhere = {
            outline(keyword).letters
            for keyword, uses in wanted.items()
            if any(how == "contains" for _, how in uses)
        }
        self._automaton = AhoCorasick(self._outlines) if self._outlines else None

    def find(self, text: str) -> Iterator[tuple[T, Proof]]:
        """Yield every keyword that is in `text`, with what it is wanted for."""
        drawn = outline(text)
        for letters, first in self._hits(text, drawn):
            for keyword in self._by_outline[letters]:
                place = span(outline(keyword), drawn, first)
                if place is not None:
                    for use, how in self._wanted[keyword]:
                        if _counts(how, text, *place):
                            yield use, Proof(keyword, how, *place)

    def _hits(self, text: str, drawn: Outline) -> Iterator[tuple[str, int]]:
        """Yield the outlines in the text and their first runs, if one of their uses may count."""
        if self._automaton is None:
            return
        edge = cache(partial(is_word_edge, text))
        for number, first, last in self._automaton.find_matches_as_indexes(
            drawn.letters, overlapping=True
        ):
            letters = self._outlines[number]
            begin, end = drawn.starts[first], drawn.starts[last]
            if letters in self._anywhere or (edge(begin) and edge(end)):
                yield letters, first


def _counts(how: How, text: str, start: int, end: int) -> bool:
    if how == "exact":
        return (start, end) == (0, len(text))
    return how == "contains" or (is_word_edge(text, start) and is_word_edge(text, end))
