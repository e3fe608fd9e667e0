"""
Texts as vectors, so that what means the same lies close together.

Two vectors side by side. A sentence encoder's is close for texts that mean the same, whatever their
words and, within the languages it knows, whatever their language. That of the n-grams is close for
texts that share words or parts of words, in any language at all. Both have length 1 before the
second is weighted.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

Matrix: TypeAlias = NDArray[np.floating[Any]]

# N-grams are counted in so many buckets, by hash: no vocabulary to keep. Of 2048 buckets and ten
# examples an intent, accuracy was that of an unbounded vocabulary (docs/intents.md).
BUCKETS: Final = 2048
_SHORTEST, _LONGEST = 2, 5
_SIGN: Final = 0x8000_0000  # half of the n-grams count down, so that collisions cancel out


def one_core() -> AbstractContextManager[Any]:
    """
    Keep linear algebra to one core meanwhile.

    Our matrices are small: several threads would mostly wait for each other, and whoever else uses
    the machine has work to do.
    """
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limited


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()  # looks for them, which takes a while


class Encoder(Protocol):
    """Whoever turns texts into vectors by their meaning."""

    @property
    def name(self) -> str:
        """What is stored with answers: vectors of another encoder mean something else."""
        ...

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one row of length 1 for each of `texts`."""
        ...


class Known:
    """Vectors that somebody has fetched before, by text: an `Encoder` that knows these texts."""

    def __init__(self, name: str, rows: Mapping[str, Matrix]) -> None:
        self.name, self._rows = name, rows

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return the rows of `texts`; all of them must be known."""
        return np.vstack([self._rows[text] for text in texts])


class Counted:
    """The n-grams of texts, weighted by how rare they are among the `examples`."""

    def __init__(self, examples: Sequence[str]) -> None:
        counts = _counted(examples)
        seen_in = (counts != 0).sum(axis=0)
        self._rarity = np.log((1 + len(examples)) / (1 + seen_in)).astype(np.float32) + 1
        self.of_examples = unit(counts * self._rarity)

    def of(self, texts: Sequence[str]) -> Matrix:
        """Return one row of length 1 for each of `texts`; of zeros where nothing is said."""
        return unit(_counted(texts) * self._rarity)


def n_grams(text: str) -> Iterator[str]:
    """Yield the words of `text`, its pairs of words, and the parts of each word with its edges."""
    words = text.split()
    yield from words
    yield from (f"{one} {other}" for one, other in pairwise(words))
    for word in words:
        edged = f" {word} "
        for length in range(_SHORTEST, min(_LONGEST, len(edged)) + 1):
            for start in range(len(edged) - length + 1):
                yield edged[start : start + length]


def unit(rows: Matrix) -> Matrix:
    """Return `rows` brought to length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Matrix = rows / np.where(lengths == 0, 1, lengths)
    return found


def _counted(texts: Sequence[str]) -> NDArray[np.float32]:
    counts = np.zeros((len(texts), BUCKETS), dtype=np.float32)
    for row, text in zip(counts, texts, strict=True):
        for gram, times in Counter(n_grams(text)).items():
            digest = zlib.crc32(gram.encode("utf-8", "surrogatepass"))
            sign = 1 if digest & _SIGN else -1
            row[digest % BUCKETS] += sign * (1 + math.log(times))
    return counts
