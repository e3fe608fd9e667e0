"""Keywords of one or more words, found though the words have slips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from switchboard.rules.proof import Proof
from switchboard.rules.runs import squeezed
from switchboard.rules.slips import SlipIndex, slips_allowed
from switchboard.rules.text import words

T = TypeVar("T")


@dataclass(slots=True)
class _Node(Generic[T]):
    """A word's place in the tree of phrases: what may follow it, and which phrases end with it."""

    then: dict[str, _Node[T]] = field(default_factory=dict)
    ends: list[tuple[str, Sequence[T]]] = field(default_factory=list)


class Phrases(Generic[T]):
    """
    Normalised keywords that may have slips, each with what it is wanted for.

    Only what consists of words with single blanks between them takes part; what does not, and
    scripts without spaces, can be told right or wrong by the letter alone. Stretched letters
    count once before slips are counted.
    """

    def __init__(self, wanted: Mapping[str, Sequence[T]]) -> None:
        self._tree: _Node[T] = _Node()
        known: set[str] = set()
        for keyword, uses in wanted.items():
            phrase = _phrase(keyword)
            if any(map(slips_allowed, phrase)):
                known.update(phrase)
                node = self._tree
                for word in phrase:
                    node = node.then.setdefault(word, _Node())
                node.ends.append((keyword, uses))
        self._like = SlipIndex(known)

    def find(self, text: str) -> Iterator[tuple[T, Proof]]:
        """Yield every keyword that `text` has, slips allowed, with what it is wanted for."""
        if not self._tree.then:
            return
        places = words(text)
        read = [self._like.like(squeezed(text[start:end])) for start, end in places]
        for first, (start, _) in enumerate(places):
            for keyword, uses, last in self._follow(self._tree, text, places, read, first):
                for use in uses:
                    yield use, Proof(keyword, "fuzzy", start, places[last][1])

    def _follow(
        self,
        node: _Node[T],
        text: str,
        places: Sequence[tuple[int, int]],
        read: Sequence[Sequence[str]],
        at: int,
    ) -> Iterator[tuple[str, Sequence[T], int]]:
        """Yield the phrases that go on with the word number `at`, and the number of their last."""
        for word in read[at]:
            child = node.then.get(word)
            if child is None:
                continue
            for keyword, uses in child.ends:
                yield keyword, uses, at
            if at + 1 < len(places) and text[places[at][1] : places[at + 1][0]] == " ":
                yield from self._follow(child, text, places, read, at + 1)


def _phrase(keyword: str) -> list[str]:
    """Return the words of `keyword` if single blanks are all that is between them, else none."""
    found = [keyword[start:end] for start, end in words(keyword)]
    return [squeezed(word) for word in found] if " ".join(found) == keyword else []
