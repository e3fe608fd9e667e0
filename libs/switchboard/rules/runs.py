"""
Words with stretched letters: "liiiink" is "link", "coool" is "cool".

Nobody can tell whether "coool" stretches "col" or "cool", so nothing is guessed: a text is compared
by its outline (each run of a letter once) and then run by run. A run of three or more agrees
with any; shorter ones agree with their own length. So "cool" is not "col", and "coool" is both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from switchboard.rules.text import is_stretchable

STRETCHED: Final = 3  # from so many on, no orthography means the number
_RUN: Final = re.compile(r"(.)\1+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Outline:
    """A text with each run of a letter once; run `i` begins at `starts[i]`; the last is the end."""

    letters: str
    starts: Sequence[int]

    def length(self, run: int) -> int:
        """Return how many characters of the text run `run` is."""
        return self.starts[run + 1] - self.starts[run]


def outline(text: str) -> Outline:
    """Return the outline of normalised `text`."""
    repeated = {
        index
        for run in _RUN.finditer(text)
        if is_stretchable(run[1])
        for index in range(run.start() + 1, run.end())
    }
    if not repeated:
        return Outline(text, range(len(text) + 1))
    starts = [index for index in range(len(text)) if index not in repeated]
    return Outline("".join(text[start] for start in starts), (*starts, len(text)))


def squeezed(text: str) -> str:
    """Return `text` with its stretched letters once, and the others as they are."""
    drawn = outline(text)
    lengths = (drawn.length(run) for run in range(len(drawn.letters)))
    return "".join(
        letter * (1 if length >= STRETCHED else length)
        for letter, length in zip(drawn.letters, lengths, strict=True)
    )


def span(keyword: Outline, text: Outline, first: int) -> tuple[int, int] | None:
    """
    Return where `keyword` is in `text` if it agrees with its runs from `first` on, else `None`.

    The keyword may begin and end within a run; whether it may there is the caller's to say.
    """
    last = first + len(keyword.letters) - 1
    inner = range(first + 1, last)
    if not all(_agree(keyword.length(run - first), text.length(run)) for run in inner):
        return None
    begins = _part(keyword.length(0), text.length(first))
    ends = _part(keyword.length(last - first), text.length(last))
    if begins is None or ends is None:
        return None
    if first == last:
        return text.starts[first], text.starts[first] + ends
    return text.starts[first + 1] - begins, text.starts[last] + ends


def _agree(keyword: int, text: int) -> bool:
    return keyword == text or keyword >= STRETCHED or text >= STRETCHED


def _part(keyword: int, text: int) -> int | None:
    """Return how much of an outer run of `text` the keyword's run takes, if it is long enough."""
    if keyword >= STRETCHED or text >= STRETCHED:
        return text
    return keyword if keyword <= text else None
