"""
Words with slips of the finger: "pirce" for "price", "adress" for "address".

A slip is a letter too many, one missing, one wrong, or two neighbours exchanged (Damerau-
Levenshtein, each stretch of the word changed at most once). The index lists each word under
every form of it that lacks as many letters as it may have slips; two words within k slips share
a form that lacks at most k of each (the symmetric-delete idea), so looking a word up costs
what its own length costs, however many words are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

_ONE_FROM: Final = 4  # letters; below, a slip makes another word
_TWO_FROM: Final = 8
_MAX_LETTERS: Final = 32  # forms grow with the square of it; longer words must be right
_MOST: Final = 2


def slips_allowed(word: str) -> int:
    """Return how many slips `word` may have: none with anything but letters and marks in it."""
    if not _ONE_FROM <= len(word) <= _MAX_LETTERS or any(c.isnumeric() or c == "_" for c in word):
        return 0
    return 2 if len(word) >= _TWO_FROM else 1


def slips_between(one: str, other: str) -> int:
    """Return the least number of slips that make `other` of `one`."""
    earlier: list[int] = []
    above = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, facing in enumerate(other, 1):
            least = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != facing))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == facing:
                least = min(least, earlier[j - 2] + 1)
            row.append(least)
        earlier, above = above, row
    return above[-1]


class SlipIndex:
    """Words, found by what people make of them."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_form: dict[str, list[str]] = {}
        for word in sorted(set(words)):
            for form in set(_forms(word, slips_allowed(word))):
                self._by_form.setdefault(form, []).append(word)

    def like(self, written: str) -> list[str]:
        """Return the words that `written` may stand for, in alphabetical order."""
        if len(written) > _MAX_LETTERS + _MOST:
            return [written] if written in self._by_form.get(written, ()) else []
        near = {word for form in _forms(written, _MOST) for word in self._by_form.get(form, ())}
        return sorted(w for w in near if slips_between(w, written) <= slips_allowed(w))


def _forms(word: str, most: int) -> Iterator[str]:
    for lacking in range(min(most, len(word)) + 1):
        for kept in combinations(word, len(word) - lacking):
            yield "".join(kept)
