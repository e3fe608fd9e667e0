"""
What people write, as it is compared.

    "LINK"  " Link "  "ｌｉｎｋ"  "𝗟𝗜𝗡𝗞"  "🅻🅸🅽🅺"  "li\u200bnk"    all read as    "link"

Owners' keywords and people's texts go through the same `normalise`, so neither has to guess how
the other typed. The text a decision stores is this one, and spans count its characters.
docs/matching.md shows what becomes of examples in many scripts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Letters that only look different, beyond what Unicode's compatibility forms (NFKC) know.
_SMALL_CAPITALS: Final = dict(
    zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)
)
_NEGATIVE_CIRCLED: Final = {chr(0x1F150 + i): chr(ord("a") + i) for i in range(26)}
_NEGATIVE_SQUARED: Final = {chr(0x1F170 + i): chr(ord("a") + i) for i in range(26)}
_ONE_FORM: Final = str.maketrans(
    {
        **_SMALL_CAPITALS,
        **_NEGATIVE_CIRCLED,
        **_NEGATIVE_SQUARED,
        "ı": "i",  # typed by a Turkish keyboard for the I of "LINK"; see docs/matching.md
        "ی": "ي",  # Persian keyboards' yeh and kaf
        "ک": "ك",
    }
)
# Fillers, joiners and selectors that Unicode files under letters and marks
# (Default_Ignorable_Code_Point), and the frames drawn around keycaps.
_INVISIBLE: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    "\u0640"  # tatweel, which stretches an Arabic word
    "\ufffd"  # what the ledger keeps for U+0000: both must read the same when decided again
    "\u20dd\u20de\u20df\u20e0\u20e2\u20e3\u20e4"
) | {chr(c) for c in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x1F3FB, 0x1F400))}
_SPACES: Final = re.compile(r"\s+")
_LONG_RUN: Final = re.compile(r"([^\W\d_])\1{3,}")

# Scripts written without spaces between words (Unicode, UAX #29: no default word boundaries):
# Thai, Lao, Myanmar, Khmer, hiragana, bopomofo, Han and its extensions. Katakana is not among
# them: UAX #29 (WB13) holds a run of it together, and "リンク" is not a word of "ブリンク".
_SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u309f\u3100-\u312f"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_KATAKANA: Final = re.compile("[\u30a0-\u30ff\u31f0-\u31ff]")
# Thai and Lao vowels are letters, some written before the consonant they follow in speech.
_BINDS_FORWARD: Final = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
_BINDS_BACK: Final = frozenset(
    "\u0e2f\u0e30\u0e32\u0e45\u0e46\u0eaf\u0eb0\u0eb2\u0ec6"
    "ゃゅょぁぃぅぇぉー"  # and so are kana written small, which belong to the one before
)
_STACKER: Final = 9  # combining class of viramas: the next consonant is written under this one


def normalise(text: str) -> str:
    """
    Return `text` as it is compared: one form for what reads the same.

    Compatibility forms and stylised letters become plain ones, decimal digits 0 to 9; case is
    folded, i with and without a dot is one letter; what shows nothing or only decorates (joiners,
    direction marks, variation selectors, skin tones, tatweel, control characters) is dropped;
    white space is one blank; a letter repeated more than three times is repeated three times,
    which is how `runs` knows that it was stretched. Doing it again changes nothing.
    """
    if text.isascii():
        return _tidied("".join(filter(_shows, text)).casefold())
    before, after = None, text
    while after != before:  # folding can make what composes or drops again; two rounds, rarely more
        before = after
        visible = "".join(_plain(c) for c in after)
        composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
        after = _tidied(composed.translate(_ONE_FORM).replace("i\u0307", "i"))
    return after


def is_word_edge(text: str, index: int) -> bool:
    """
    Tell whether a word may begin or end before `text[index]`, in normalised text.

    Edges are the ends of the text, between a letter, mark or digit and anything else, and on both
    sides of every syllable of a script that has no spaces. None splits a letter from its marks
    or a flag's two halves.
    """
    if index in (0, len(text)):
        return True
    before, after = text[index - 1], text[index]
    if before.isascii() and after.isascii():
        return not (_in_word(before) and _in_word(after))
    if _is_mark(after) or before in _BINDS_FORWARD or after in _BINDS_BACK:
        return False
    if is_spaceless(before) or is_spaceless(after):
        return unicodedata.combining(before) != _STACKER
    return _flag_halves_before(text, index) % 2 == 0 and _parts(before, after)


def is_spaceless(character: str) -> bool:
    """Tell whether `character` is of a script that puts no spaces between words."""
    return _SPACELESS.match(character) is not None


def words(text: str) -> list[tuple[int, int]]:
    """
    Return where the words of the scripts with spaces are in `text`: start and end of each.

    One begins and ends at an edge: a mark on a blank is no word, nor what is joined to it.
    """
    found: list[tuple[int, int]] = []
    start: int | None = None
    for index in range(len(text) + 1):
        inside = index < len(text) and _in_word(text[index]) and not is_spaceless(text[index])
        if start is not None and (not inside or is_word_edge(text, index)):
            found.append((start, index))
            start = None
        if inside and start is None and is_word_edge(text, index):
            start = index
    return found


def is_stretchable(character: str) -> bool:
    """Tell whether people repeat `character` for emphasis: a letter of a script with spaces."""
    return character.isalpha() and not is_spaceless(character)


def _parts(before: str, after: str) -> bool:
    """Tell whether two characters that are not both ASCII belong to different words."""
    if bool(_KATAKANA.match(before)) != bool(_KATAKANA.match(after)):
        return "_" not in (before, after)
    return not (_in_word(before) and _in_word(after))


def _tidied(text: str) -> str:
    """Return `text` with single blanks, and with letters at most three times in a row."""
    return _LONG_RUN.sub(_three, _SPACES.sub(" ", text).strip())


def _three(run: re.Match[str]) -> str:
    return run[1] * 3 if is_stretchable(run[1]) else run[0]


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """Return the character, its digit from 0 to 9, or nothing if it shows nothing."""
    if not _shows(character):
        return ""
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


@lru_cache(maxsize=4096)
def _shows(character: str) -> bool:
    """Tell apart format and control characters, halves of a pair, and what only decorates."""
    if character.isspace():
        return True
    return unicodedata.category(character) not in {"Cf", "Cc", "Cs"} and character not in _INVISIBLE


@lru_cache(maxsize=4096)
def _in_word(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(text: str, index: int) -> int:
    """Count the halves of flags that end before `index`; none if no half follows there."""
    start = index
    while start and _is_flag_half(text[index]) and _is_flag_half(text[start - 1]):
        start -= 1
    return index - start
