"""Letters without their accents, for owners who want "cafe" to find "café"."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

# The accents of Latin, Greek and Cyrillic, the vowel points of Hebrew and Arabic. Not the vowel
# signs of Indic scripts, Thai tones or kana's voicing: without those, a word is another word.
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u064b-\u065f\u0670]"
)
# Accented to the eye, but with no accent to take off in Unicode's eyes.
_WHOLE: Final = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe"}


@dataclass(frozen=True, slots=True)
class Bare:
    """A text without accents; `origins[i]` is where its character `i` was in the `source`."""

    source: str
    text: str
    origins: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where characters `start` to `end` were in the source, accents included."""
        last = self.origins[end - 1] + 1
        while last < len(self.source) and _ACCENTS.match(self.source[last]):
            last += 1
        return self.origins[start], last


def bare(text: str) -> Bare:
    """Return normalised `text` without accents."""
    made = [(plain, index) for index, c in enumerate(text) for plain in _without(c)]
    return Bare(text, "".join(c for c, _ in made), tuple(index for _, index in made))


def _without(character: str) -> str:
    if character.isascii():
        return character
    apart = unicodedata.normalize("NFD", _WHOLE.get(character, character))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))
