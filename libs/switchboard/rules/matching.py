"""Finding a campaign's keywords in a normalised text, with the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from switchboard.rules.campaigns import Keywords
from switchboard.rules.text import is_word_edge, normalise

How = Literal["whole_word", "contains", "exact", "any"]
# From the exacter to the looser; the exacter match wins.
EXACTNESS: Final[dict[How, int]] = {"exact": 3, "whole_word": 2, "contains": 1, "any": 0}


@dataclass(frozen=True, slots=True)
class Proof:
    """Where and how a keyword was found: characters `start` to `end` of the normalised text."""

    keyword: str
    how: How
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Miss:
    """Why the keywords did not match: `excluded` by a word, or simply `no_keyword`."""

    why: Literal["no_keyword", "excluded"]
    keyword: str | None = None


class Matcher:
    """A campaign's keywords, normalised once. Longer keywords are looked for first."""

    def __init__(self, keywords: Keywords) -> None:
        self._how = keywords.how
        self._include = _prepared(keywords.include)
        self._exclude = _prepared(keywords.exclude)

    def find(self, text: str) -> Proof | Miss:
        """Return the longest keyword found in `text` (normalised), or why none counts."""
        for keyword in self._exclude:
            if any(True for _ in _FINDERS["whole_word"](text, keyword)):
                return Miss("excluded", keyword)
        for keyword in self._include:
            for start in _FINDERS[self._how](text, keyword):
                return Proof(keyword, self._how, start, start + len(keyword))
        return Miss("no_keyword")


def _prepared(keywords: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keywords as they are compared, longest first, without those that show nothing."""
    normalised = {normalise(keyword) for keyword in keywords} - {""}
    return tuple(sorted(normalised, key=lambda keyword: (-len(keyword), keyword)))


def _anywhere(text: str, keyword: str) -> Iterator[int]:
    start = text.find(keyword)
    while start >= 0:
        yield start
        start = text.find(keyword, start + 1)


def _whole_word(text: str, keyword: str) -> Iterator[int]:
    for start in _anywhere(text, keyword):
        if is_word_edge(text, start) and is_word_edge(text, start + len(keyword)):
            yield start


def _exact(text: str, keyword: str) -> Iterator[int]:
    if text == keyword:
        yield 0


_FINDERS: Final[dict[str, Callable[[str, str], Iterator[int]]]] = {
    "contains": _anywhere,
    "whole_word": _whole_word,
    "exact": _exact,
}
