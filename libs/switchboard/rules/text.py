"""
What people write, as it is compared.

    "LINK"  " Link "  "ｌｉｎｋ"  "𝗟𝗜𝗡𝗞"  "li\u200bnk"    all read as    "link"

Owners' keywords and people's texts go through the same `normalise`, so neither has to guess how
the other typed. The text a decision stores is this one, and spans count its characters.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Scripts written without spaces between words (Unicode, UAX #29: no default word boundaries):
# Thai, Lao, Myanmar, Khmer, kana, bopomofo, Han and its extensions.
_SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
_SPACES: Final = re.compile(r"\s+")


def normalise(text: str) -> str:
    """
    Return `text` as it is compared: one form for what reads the same.

    Compatibility forms become plain letters (NFKC), case is folded, characters that show nothing
    (zero-width, joiners, direction marks, variation selectors) are dropped, and white space is one
    blank. Doing it again changes nothing.
    """
    before, after = None, text
    while (
        after != before
    ):  # folding can make a sequence that composes again; two rounds, rarely three
        before = after
        visible = "".join(c for c in after if not _shows_nothing(c))
        after = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
        after = _SPACES.sub(" ", after).strip()
    return after


def is_word_edge(text: str, index: int) -> bool:
    """
    Tell whether a word may begin or end before `text[index]`, in normalised text.

    Edges are the ends of the text, between a letter, mark or digit and anything else, and on both
    sides of every character of a script that has no spaces.
    """
    if index in (0, len(text)):
        return True
    before, after = text[index - 1], text[index]
    if unicodedata.category(after).startswith("M"):
        return False  # a mark belongs to the letter before it
    if _SPACELESS.match(before) or _SPACELESS.match(after):
        return True
    return not (_in_word(before) and _in_word(after))


def _in_word(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def _shows_nothing(character: str) -> bool:
    """Tell format characters (Cf) and variation selectors, which only change how others look."""
    return (
        unicodedata.category(character) == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )
