"""
Which language a text is in, as far as its script and py3langid's model can tell.

People write two words and an emoji. So a script that one language has (Thai, Georgian, Hebrew ...)
tells at once, a script that excludes all the languages asked about does too, and where the model
must tell, it is believed only when it is sure; "link" and "price?" are of no language.

Measured by tests/unit/rules/test_languages.py on 149 sentences of a handful of words in 27
languages: asked about its own language, 141 get a yes, 8 are unknown, none gets a no; asked about
each of the others, 97 % are a no, the rest unknown, none a yes.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

# ISO 639-1. Those the model is asked to choose among: many speakers, or a script of their own.
_CODES: Final = (
    "af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gu he hi hr hu hy id is it"
    " ja ka kk km kn ko ky lo lt lv mk ml mn mr ms my nb ne nl nn no or pa pl ps pt ro ru si sk sl"
    " so sq sr sv sw ta te tg th tl tr ug uk ur uz vi zh"
)
SUPPORTED: Final = frozenset(_CODES.split())


def is_one_of(text: str, languages: Collection[str]) -> bool | None:
    """
    Tell whether `text` is in one of `languages` (ISO 639-1), or `None` if that cannot be told.

    Written Indonesian and Malay are one here, so are Bosnian, Croatian and Serbian, and both
    Norwegians. Never false for languages that are not all `SUPPORTED`.
    """
    told = _is_one_of(text, frozenset().union(*(_NEAR.get(one, {one}) for one in languages)))
    return None if told is False and not SUPPORTED.issuperset(languages) else told


def load_model() -> None:
    """Load the model, which takes about half a second, before the first text needs it."""
    _model()


# Of what the model believes, this much for the languages asked about is a yes; where another
# language has `_LIKELY` and they have `_UNLIKELY` at most, a no. So that it is rather silent than
# wrong.
_SURE: Final = 0.7
_LIKELY: Final = 0.6
_UNLIKELY: Final = 0.1
# Less than this, the model guesses: in letters, with a letter of Han or Korean counted double.
_MIN_LETTERS: Final = 8
_MIN_WORDS: Final = 2

_SOUTH_SLAVIC: Final = frozenset({"bs", "hr", "sr"})
_NORWEGIAN: Final = frozenset({"nb", "nn", "no"})
_MALAY: Final = frozenset({"id", "ms"})
_NEAR: Final = {one: near for near in (_SOUTH_SLAVIC, _NORWEGIAN, _MALAY) for one in near}

# The languages written in a script, by the first word of its letters' names in Unicode.
_WRITTEN_IN: Final[Mapping[str, frozenset[str]]] = {
    "ARABIC": frozenset({"ar", "fa", "ps", "ug", "ur"}),
    "ARMENIAN": frozenset({"hy"}),
    "BENGALI": frozenset({"bn"}),
    "CJK": frozenset({"ja", "zh"}),
    "CYRILLIC": frozenset({"be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "uk"}),
    "DEVANAGARI": frozenset({"hi", "mr", "ne"}),
    "ETHIOPIC": frozenset({"am"}),
    "GEORGIAN": frozenset({"ka"}),
    "GREEK": frozenset({"el"}),
    "GUJARATI": frozenset({"gu"}),
    "GURMUKHI": frozenset({"pa"}),
    "HANGUL": frozenset({"ko"}),
    "HEBREW": frozenset({"he"}),
    "KANA": frozenset({"ja"}),
    "KANNADA": frozenset({"kn"}),
    "KHMER": frozenset({"km"}),
    "LAO": frozenset({"lo"}),
    "MALAYALAM": frozenset({"ml"}),
    "MYANMAR": frozenset({"my"}),
    "ORIYA": frozenset({"or"}),
    "SINHALA": frozenset({"si"}),
    "TAMIL": frozenset({"ta"}),
    "TELUGU": frozenset({"te"}),
    "THAI": frozenset({"th"}),
}
_KANA: Final = {"HIRAGANA": "KANA", "KATAKANA": "KANA", "KATAKANA-HIRAGANA": "KANA"}
_DENSE: Final = frozenset({"CJK", "HANGUL", "KANA"})
_STRETCHED: Final = re.compile(r"([^\W\d_])\1{2,}")


def _is_one_of(text: str, wanted: frozenset[str]) -> bool | None:
    plain = _plain(text)
    letters = Counter(script for script in map(_script, plain) if script)
    script = _main_script(letters)
    if script is None:
        return None
    possible = _WRITTEN_IN.get(script, SUPPORTED)
    if script != "LATIN" and wanted.isdisjoint(possible):
        return False
    if possible <= wanted:
        return True
    if _weight(letters, letters) < _MIN_LETTERS or not _has_words(plain, script):
        return None
    return _verdict(_beliefs(plain, possible), wanted)


def _plain(text: str) -> str:
    """Return `text` without links, addresses, mentions and hashtags: they are in no language."""
    words = unicodedata.normalize("NFKC", text).split()
    spoken = (word for word in words if not ("://" in word or "@" in word or "#" in word))
    return _STRETCHED.sub(r"\1", " ".join(spoken))


def _verdict(beliefs: Mapping[str, float], wanted: frozenset[str]) -> bool | None:
    share = sum(belief for language, belief in beliefs.items() if language in wanted)
    if share >= _SURE:
        return True
    return False if share <= _UNLIKELY and max(beliefs.values()) >= _LIKELY else None


def _beliefs(text: str, possible: frozenset[str]) -> Mapping[str, float]:
    """Return how likely each of `possible` is; 1 in all."""
    ranked = {one: belief for one, belief in _model().rank(text) if one in possible}
    total = sum(ranked.values()) or 1.0
    return {language: belief / total for language, belief in ranked.items()}


@lru_cache(maxsize=1)
def _model() -> Any:
    # One text at a time: numpy's threads would only wait, and sum in another order each time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Here, because numpy takes memory and time, and most who import the rules never ask.
    from py3langid import langid  # type: ignore[import-untyped]  # noqa: PLC0415

    model = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    model.set_languages(SUPPORTED.intersection(model.labels))
    return model


def _main_script(letters: Counter[str]) -> str | None:
    """
    Return the script a text is written in, or `None` if it has none or is too mixed.

    Brands and loanwords stay in Latin letters in most languages, so a third of another script is
    enough; and a letter or two of another script make no face (ツ) a language.
    """
    others = letters.keys() - {"LATIN"}
    latin = letters["LATIN"]
    if not others:
        return "LATIN" if latin else None
    most = max(sorted(others), key=lambda script: letters[script])
    if "KANA" in others and letters["KANA"] * 5 >= letters["CJK"]:
        most = "KANA"  # in Chinese, の is an ornament
    together = {"KANA", "CJK"} if most in {"KANA", "CJK"} else {most}
    weight, all_others = _weight(letters, together), _weight(letters, others)
    if all_others * 10 <= latin:
        return "LATIN"
    enough = sum(letters[script] for script in together) > 1 and weight * 2 >= latin
    return most if enough and weight * 5 >= all_others * 4 else None


def _weight(letters: Counter[str], scripts: Collection[str]) -> int:
    return sum(letters[script] * (2 if script in _DENSE else 1) for script in scripts)


def _has_words(text: str, script: str) -> bool:
    return script in _DENSE or len(set(text.split())) >= _MIN_WORDS


@lru_cache(maxsize=8192)
def _script(character: str) -> str | None:
    """Return the script of a letter or of a mark on one, `None` of anything else."""
    if unicodedata.category(character)[0] not in "LM":
        return None
    name = unicodedata.name(character, "").split(" ")[0]
    name = "CJK" if name == "IDEOGRAPHIC" else _KANA.get(name, name)
    return name if name == "LATIN" or name in _WRITTEN_IN else None
