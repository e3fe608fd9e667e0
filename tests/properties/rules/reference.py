"""
The matcher as plainly as it can be written: slow, and every rule where it can be seen.

No index, no outline, no automaton: a keyword becomes an expression of Python's `re` for its
letters, and every place of the text is tried. Only `normalise` and the word edges are shared with
what is tested; they have examples of their own.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from functools import lru_cache

from switchboard.rules.campaigns import Keywords
from switchboard.rules.text import is_spaceless, is_word_edge, normalise

ACCENT = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u064b-\u065f\u0670]")


def matches(keywords: Keywords, text: str) -> str:
    """Return `match`, `excluded` or `no_keyword` for a text that is not yet normalised."""
    said = prepared(text, fold=keywords.fold_accents)
    fold = keywords.fold_accents
    if any(
        found(prepared(word, fold=fold).strip(), "whole_word", said) for word in keywords.exclude
    ):
        return "excluded"
    groups = [(keyword,) for keyword in keywords.include] + list(keywords.all_of)
    for group in groups:
        if all(
            found(prepared(keyword, fold=fold).strip(), keywords.how, said) for keyword in group
        ):
            return "match"
    return "no_keyword"


def prepared(text: str, *, fold: bool) -> str:
    """Return the text as it is compared, character by character without accents if told so."""
    plain = normalise(text)
    if not fold:
        return plain
    return "".join(
        unicodedata.normalize("NFC", ACCENT.sub("", unicodedata.normalize("NFD", character)))
        for character in plain
    )


def found(keyword: str, how: str, text: str) -> bool:
    """Try every beginning and end in the text."""
    if not keyword:
        return False
    if how == "fuzzy":
        return found(keyword, "whole_word", text) or slipped(keyword, text)
    letters = expression(keyword)
    for start, end in itertools.combinations(range(len(text) + 1), 2):
        if how == "exact" and (start, end) != (0, len(text)):
            continue
        if how == "whole_word" and not (is_word_edge(text, start) and is_word_edge(text, end)):
            continue
        if letters.fullmatch(text, start, end) and not in_mention(text, start):
            return True
    return False


def expression(keyword: str) -> re.Pattern[str]:
    """Return what a keyword's letters agree with: three or more of one with any number of it."""
    parts = []
    for letter, run in itertools.groupby(keyword):
        length = len(list(run))
        if not letter.isalpha() or is_spaceless(letter):
            parts.append(re.escape(letter) * length)
        elif length >= 3:
            parts.append(re.escape(letter) + "+")
        else:
            parts.append(f"(?:{re.escape(letter)}{{{length}}}|{re.escape(letter)}{{3,}})")
    return re.compile("".join(parts))


def in_mention(text: str, index: int) -> bool:
    """Tell whether a mention began before `index` and goes on there."""
    name = re.search(r"(?<![a-z0-9._])@[a-z0-9._]*$", text[:index])
    return name is not None and re.match(r"[a-z0-9._]", text[index:]) is not None


def slipped(keyword: str, text: str) -> bool:
    """Try every row of as many words as the keyword has."""
    wanted = words(keyword)
    if " ".join(word for _, word in wanted) != keyword:
        return False
    said = words(text)
    for first in range(len(said) - len(wanted) + 1):
        row = said[first : first + len(wanted)]
        start, end = row[0][0], row[-1][0] + len(row[-1][1])
        if text[start:end] != " ".join(word for _, word in row):
            continue
        if any(in_mention(text, at) for at, _ in row):
            continue
        pairs = [(once(a), once(b)) for (_, a), (_, b) in zip(wanted, row, strict=True)]
        if all(slips(a, b) <= allowed(a) for a, b in pairs):
            return True
    return False


def words(text: str) -> list[tuple[int, str]]:
    """Return the words of the scripts with spaces, each with its place."""
    edges = [at for at in range(len(text) + 1) if is_word_edge(text, at)]
    parts = [(start, text[start:end]) for start, end in itertools.pairwise(edges)]
    return [
        (start, part)
        for start, part in parts
        if (part[0] == "_" or unicodedata.category(part[0])[0] in "LMN")
        and not is_spaceless(part[0])
    ]


def once(word: str) -> str:
    """Return the word with its stretched letters once."""
    return re.sub(r"([^\W\d_])\1\1+", r"\1", word)


def allowed(word: str) -> int:
    """Return the slips a word may have."""
    if any(character.isnumeric() or character == "_" for character in word):
        return 0
    return 0 if len(word) < 4 or len(word) > 32 else 1 if len(word) < 8 else 2


@lru_cache(maxsize=100_000)
def slips(one: str, other: str) -> int:
    """Return the distance by its definition, from the ends of the words backwards."""
    if not one or not other:
        return len(one) + len(other)
    ways = [
        slips(one[:-1], other) + 1,
        slips(one, other[:-1]) + 1,
        slips(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    ]
    if len(one) > 1 and len(other) > 1 and one[-2:] == other[-1] + other[-2]:
        ways.append(slips(one[:-2], other[:-2]) + 1)
    return min(ways)
