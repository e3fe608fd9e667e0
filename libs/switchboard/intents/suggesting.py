"""
Which texts would make the best new examples: those that were missed, few of each sort.

A text that was answered wrongly, or not at all although an intent was right, shows what the
examples lack. Texts that say nearly the same need only one example, so of each heap of them the
most frequent is proposed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from switchboard.intents.evaluating import Answered
from switchboard.intents.reading import MAX_READ_CHARACTERS, spoken
from switchboard.intents.vectors import Encoder, Matrix, unit

# Texts this close say nearly the same.
_SAME: Final = 0.85


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to add to the examples of `intent`, and how many missed texts it speaks for."""

    intent: str
    text: str
    speaks_for: int
    taken_for: str | None


def suggest(
    answered: Sequence[Answered], encoder: Encoder, *, threshold: float, most: int
) -> list[Suggestion]:
    """Return at most `most` examples to add, those that speak for most misses first."""
    missed = [
        one
        for one in answered
        if one.right is not None
        and one.at(threshold) != one.right
        and 0 < len(spoken(one.text)) <= MAX_READ_CHARACTERS
    ]
    found: list[Suggestion] = []
    for intent in sorted({one.right for one in missed if one.right is not None}):
        own = [one for one in missed if one.right == intent]
        found += _of_heaps(intent, own, encoder)
    return sorted(found, key=lambda one: (-one.speaks_for, one.intent, one.text))[:most]


def _of_heaps(intent: str, missed: Sequence[Answered], encoder: Encoder) -> list[Suggestion]:
    times = Counter(spoken(one.text) for one in missed)
    first = {spoken(one.text): one for one in reversed(missed)}
    texts = [text for text, _ in times.most_common()]
    vectors: Matrix = unit(encoder.encode(texts))
    left, found = dict.fromkeys(range(len(texts))), []
    while left:
        head = next(iter(left))
        heap = [place for place in left if float(vectors[head] @ vectors[place]) >= _SAME]
        heap = heap or [head]
        sample = first[texts[head]]
        weight = sum(times[texts[place]] for place in heap)
        taken_for = sample.best if sample.best != intent else None
        found.append(Suggestion(intent, sample.text, weight, taken_for))
        for place in heap:
            left.pop(place)
        left.pop(head, None)
    return found
