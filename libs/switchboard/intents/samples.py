"""
Labelled texts, and which of them are for learning.

A text's label is an intent's name, or `None`: it is out of scope, and no intent is right.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from switchboard.contracts.questions import IntentOption


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, and the intent it expresses; `split` is what its file says it is for."""

    text: str
    label: str | None
    split: str = ""


@dataclass(frozen=True, slots=True)
class Parted:
    """Intents with the examples to learn from, the texts to be asked, and a labelled history."""

    intents: tuple[IntentOption, ...]
    asked: tuple[Sample, ...]
    history: tuple[Sample, ...] = ()


def part_at_random(
    samples: Sequence[Sample], *, examples: int | None, test_share: float, seed: int
) -> Parted:
    """
    Return `samples` parted by lot, each intent for itself: to learn from, and to be asked.

    `test_share` of each intent is asked; of the rest, `examples` are learnt from (all, if `None`).
    What is out of scope is only asked. The same seed parts in the same way, and more examples are
    the same ones and others.
    """
    drawn = random.Random(seed)  # noqa: S311  nobody gains by guessing it
    learnt: dict[str, list[str]] = {}
    asked: list[Sample] = []
    for label, own in _by_label(samples).items():
        if label is None:
            asked += own
            continue
        shuffled = drawn.sample(own, len(own))
        held_back = max(1, round(len(own) * test_share))
        asked += shuffled[:held_back]
        learnt[label] = [sample.text for sample in shuffled[held_back:]][:examples]
    return Parted(_intents(learnt), tuple(asked))


def part_as_said(
    learnt: Sequence[Sample],
    asked: Sequence[Sample],
    *,
    examples: int | None,
    seed: int,
    history: Sequence[Sample] = (),
) -> Parted:
    """Return samples parted as their owner has, with `examples` of each intent drawn by lot."""
    drawn = random.Random(seed)  # noqa: S311  nobody gains by guessing it
    chosen = {
        label: [sample.text for sample in drawn.sample(own, len(own))][:examples]
        for label, own in _by_label(learnt).items()
        if label is not None
    }
    return Parted(_intents(chosen), tuple(asked), tuple(history))


def _by_label(samples: Iterable[Sample]) -> Mapping[str | None, list[Sample]]:
    found: dict[str | None, list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.label].append(sample)
    return found


def _intents(examples: Mapping[str, Sequence[str]]) -> tuple[IntentOption, ...]:
    return tuple(
        IntentOption(name=name, examples=tuple(own)) for name, own in sorted(examples.items())
    )
